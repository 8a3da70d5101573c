"""Counting outcomes while a feed is read, and telling about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from engine.ids import ProductId
from engine.types import Outcome, OutcomeKind, RawRecord
from ingestion.report import RejectedFile, WarningsFile

__all__ = ["OnOutcome", "OnProgress", "Progress", "Tally"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an ingestion is.

    Attributes:
        rows: Rows that have ended, as ``indexed + unchanged + rejected``.
        deleted: Vanished products so far.
        acknowledged: Products that became durable since the last call; a kill cannot lose them.
    """

    rows: int
    indexed: int
    unchanged: int
    rejected: int
    deleted: int
    seconds: float
    acknowledged: tuple[ProductId, ...] = ()


OnProgress = Callable[[Progress], None]
OnOutcome = Callable[[Outcome], None]


class Tally:
    """Counts every outcome once.

    Args:
        rejected_file: Gets the rejected rows.
        warnings_file: Gets the warnings.
        on_outcome: Is told of every outcome.
    """

    def __init__(
        self,
        rejected_file: RejectedFile | None,
        warnings_file: WarningsFile | None,
        on_outcome: OnOutcome | None,
    ) -> None:
        self._rejected_file = rejected_file
        self._warnings_file = warnings_file
        self._on_outcome = on_outcome
        self.outcomes: Counter[OutcomeKind] = Counter()
        self.problems: Counter[str] = Counter()
        self.warnings: Counter[str] = Counter()

    @property
    def rows(self) -> int:
        """Rows that have ended."""
        return self.outcomes.total() - self.outcomes[OutcomeKind.DELETED]

    def add(self, outcome: Outcome, record: RawRecord | None = None) -> None:
        """Count an outcome; `record` is the row that it is about."""
        self.outcomes[outcome.kind] += 1
        if outcome.problem:
            self.problems[outcome.problem.code] += 1
            if record is not None and self._rejected_file is not None:
                self._rejected_file.add(record, outcome.problem)
        for warning in outcome.warnings:
            self.warnings[warning.code] += 1
        if outcome.warnings and self._warnings_file is not None:
            self._warnings_file.add(outcome)
        if self._on_outcome is not None:
            self._on_outcome(outcome)

    def progress(self, seconds: float, acknowledged: tuple[ProductId, ...] = ()) -> Progress:
        """The state as told to a caller."""
        return Progress(
            rows=self.rows,
            indexed=self.outcomes[OutcomeKind.INDEXED],
            unchanged=self.outcomes[OutcomeKind.UNCHANGED],
            rejected=self.outcomes[OutcomeKind.REJECTED],
            deleted=self.outcomes[OutcomeKind.DELETED],
            seconds=seconds,
            acknowledged=acknowledged,
        )
