"""A measured figure, the report that holds figures, and the block of them in a model's card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import InvalidInput, NotFound
from engine.evaluation.intervals import Interval

__all__ = [
    "BLOCK_END",
    "BLOCK_START",
    "Figure",
    "Machine",
    "Report",
    "measured",
    "shown",
    "write_card",
]

BLOCK_START, BLOCK_END = "<!-- figures:start -->", "<!-- figures:end -->"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number, with what it measures.

    Attributes:
        metric: ``recall@10``, ``precision@10``, ``ms_p95``, ``ratio`` …
        arm: The method or model.
        condition: Task, split or world.
        value: The number.
        low: Lower end of its 95% interval; ``None`` where none is known.
        high: Upper end.
        n: How many queries or runs it stands on; ``None`` where not known.
        unit: ``fraction``, ``ms``, ``1/s``, ``ratio`` …
        published: Taken from a publication, not measured here.
    """

    metric: str
    arm: str
    condition: str
    value: float
    low: float | None = None
    high: float | None = None
    n: int | None = None
    unit: str = "fraction"
    published: bool = False

    def as_json(self) -> dict[str, object]:
        """The object of the JSON report; only published figures say whether they are."""
        found: dict[str, object] = {
            "metric": self.metric,
            "arm": self.arm,
            "condition": self.condition,
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "n": self.n,
            "unit": self.unit,
        }
        return {**found, "published": True} if self.published else found


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where figures were measured."""

    cpu: str
    cores: int
    gpu: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one command measured.

    Attributes:
        command: Such as ``eval kagl``.
        version: Of Lookalike.
        commit: Of the repository, or ``unknown``.
        machine: Where it ran.
        results: In the order in which they are shown.
        notes: The protocol in sentences.
    """

    command: str
    version: str
    commit: str
    machine: Machine
    results: tuple[Figure, ...]
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The one object that ``--json`` prints."""
        return {
            "command": self.command,
            "version": self.version,
            "commit": self.commit,
            "machine": {
                "cpu": self.machine.cpu,
                "cores": self.machine.cores,
                "gpu": self.machine.gpu,
            },
            "results": [figure.as_json() for figure in self.results],
            "notes": list(self.notes),
        }

    def as_markdown(self) -> str:
        """A table for a card, under the command's name."""
        lines = [
            f"#### `lookalike {self.command}`",
            "",
            f"Version {self.version}, commit {self.commit}, {self.machine.cpu} "
            f"({self.machine.cores} cores), GPU: {self.machine.gpu or 'none'}.",
            "",
            *(f"- {note}" for note in self.notes),
            *([""] if self.notes else []),
            "| condition | metric | arm | value | 95% interval | n |",
            "|---|---|---|---|---|---|",
            *(_row(figure) for figure in self.results),
        ]
        return "\n".join(lines) + "\n"


def measured(
    interval: Interval, *, metric: str, arm: str, condition: str, unit: str = "fraction"
) -> Figure:
    """A figure with the interval that was bootstrapped for it."""
    return Figure(
        metric=metric,
        arm=arm,
        condition=condition,
        value=interval.value,
        low=interval.low,
        high=interval.high,
        n=interval.n,
        unit=unit,
    )


def shown(figure: Figure) -> tuple[str, str]:
    """Value and interval as text: three places for fractions and ratios, one for the rest."""
    places = 3 if figure.unit in ("fraction", "ratio") else 1
    interval = (
        ""
        if figure.low is None or figure.high is None
        else f"{figure.low:.{places}f} to {figure.high:.{places}f}"
    )
    unit = "" if figure.unit in ("fraction", "ratio") else f" {figure.unit}"
    return f"{figure.value:.{places}f}{unit}", interval


def write_card(card: Path, report: Report) -> None:
    """Put the report's table into the figures block of a card, in place of the command's last one.

    Raises:
        NotFound: The card is not there.
        InvalidInput: It has no figures block.
    """
    if not card.is_file():
        raise NotFound(f"no card at {card}", hint="Write the card before its figures.")
    text = card.read_text(encoding="utf-8")
    head, start, rest = text.partition(BLOCK_START)
    block, end, tail = rest.partition(BLOCK_END)
    if not (start and end):
        raise InvalidInput(
            f"{card} has no figures block",
            hint=f"Add a line {BLOCK_START} and below it a line {BLOCK_END}.",
        )
    tables = _tables(block)
    tables[report.command] = report.as_markdown()
    inside = "\n".join(
        f"<!-- figures: {name} -->\n{tables[name].strip()}\n" for name in sorted(tables)
    )
    card.write_text(f"{head}{start}\n{inside}{end}{tail}", encoding="utf-8")


def _tables(block: str) -> dict[str, str]:
    marker = "<!-- figures: "
    found: dict[str, str] = {}
    for part in block.split(marker)[1:]:
        name, _, table = part.partition(" -->\n")
        found[name] = table
    return found


def _row(figure: Figure) -> str:
    value, interval = shown(figure)
    arm = f"{figure.arm} (published)" if figure.published else figure.arm
    cells: Sequence[str] = (
        figure.condition,
        figure.metric,
        arm,
        value,
        interval,
        "" if figure.n is None else f"{figure.n:,}",
    )
    return f"| {' | '.join(cells)} |"
