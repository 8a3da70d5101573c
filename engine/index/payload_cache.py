"""Payloads as Python objects, kept beside an index that holds them in another form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from engine.filters import Payload
from engine.ids import PointId

PAYLOADS_KEPT = 16_384
"""About 3.4 kB each for real products, so 56 MB when full."""


class PayloadCache:
    """Turning a payload into Python costs more than finding its point, so it is done once.

    Not safe for threads: its owner holds a lock, and calls `drop` for every point it writes.

    Args:
        kept: Payloads beyond which it starts afresh.
    """

    def __init__(self, kept: int = PAYLOADS_KEPT):
        self._kept = kept
        self._payloads: dict[PointId, Payload] = {}

    def of(
        self,
        points: Sequence[PointId],
        read: Callable[[Sequence[PointId]], Iterable[tuple[PointId, Payload]]],
    ) -> Mapping[PointId, Payload]:
        """Payloads by point, of these points at least and until the next call.

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
            self._payloads.update(read(missing))
        return self._payloads

    def drop(self, points: Iterable[PointId]) -> None:
        """Forget what is written anew or deleted."""
        for each in points:
            self._payloads.pop(each, None)
