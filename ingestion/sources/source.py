"""What every source promises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from engine.types import RawRecord

MAX_CELL_CHARS = 1_000_000
"""Longest cell; what is longer is a runaway quote or not a product."""


class FeedSource(Protocol):
    """A feed that is open for one pass.

    Every record of the file comes out, in order, numbered from 1; one that cannot be read has its
    `RawRecord.problem` set. Nothing is dropped.
    """

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns in the order of the feed; for JSON Lines those of the first records."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What was found out about the file and a person may want to check."""
        ...

    def records(self) -> Iterator[RawRecord]:
        """The records.

        Raises:
            FeedError: The file breaks off or is damaged beyond a row.
        """
        ...
