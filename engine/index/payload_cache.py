"""Payloads as Python objects, kept beside an index that holds them in another form."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast

from engine.filters import Payload, PayloadValue
from engine.ids import PointId

PAYLOADS_KEPT = 65_536
"""1.1 to 1.8 kB each for real products, so about 100 MB when full."""


class PayloadCache:
    """Turning a payload into Python costs more than finding its point, so it is done once.

    Not safe for threads: its owner holds a lock, and calls `drop` for every point it writes.

    Args:
        kept: Payloads beyond which it starts afresh.
    """

    def __init__(self, kept: int = PAYLOADS_KEPT):
        self._kept = kept
        self._payloads: dict[PointId, Payload] = {}
        self._values: dict[Sequence[object], Sequence[str]] = {}

    def of(
        self,
        points: Sequence[PointId],
        read: Callable[[Sequence[PointId]], Iterable[tuple[PointId, Payload]]],
    ) -> Mapping[PointId, Payload]:
        """Payloads by point, of these points at least and until the next call.

        Lists in them are tuples.

        Args:
            points: That exist.
            read: Gets those of them that are not held, all of them when it starts afresh; more
                than `kept` points in one call are all kept until the next.
        """
        missing: Sequence[PointId] = [each for each in points if each not in self._payloads]
        if missing:
            if len(self._payloads) + len(missing) > self._kept:
                self._payloads = {}
                missing = points
            if len(self._values) > self._kept:
                self._values = {}
            for point, payload in read(missing):
                self._payloads[point] = {
                    sys.intern(key): self._shared(value) for key, value in payload.items()
                }
        return self._payloads

    def _shared(self, value: PayloadValue) -> PayloadValue:
        """The same value; products that say the same of a facet share the object.

        What ranking reads is then small enough to stay in the processor's cache.
        """
        if isinstance(value, str) or not isinstance(value, Sequence):
            return value
        values = tuple(value)
        if values and isinstance(values[0], str):
            return self._values.setdefault(values, cast("Sequence[str]", values))
        return values

    def drop(self, points: Iterable[PointId]) -> None:
        """Forget what is written anew or deleted."""
        for each in points:
            self._payloads.pop(each, None)
