"""How a command that measures reports: where it ran, a table for people, one JSON object."""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from api.commands.terminal import print_json, stdout
from api.version import lookalike_version
from engine.errors import NotFound
from engine.evaluation.figures import Figure, Machine, Report, shown, write_card
from engine.processors import usable_cores
from models.registry import served_folder

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["build_report", "card_of", "describe_machine", "publish"]

ROOT = Path(__file__).parents[1]
WEIGHTS = ROOT / "models" / "weights"
_COMMAND_LIMIT_S = 10


def build_report(command: str, results: Sequence[Figure], *, notes: Sequence[str] = ()) -> Report:
    """A report of figures measured by this code on this machine."""
    return Report(
        command=command,
        version=lookalike_version(),
        commit=_commit(),
        machine=describe_machine(),
        results=tuple(results),
        notes=tuple(notes),
    )


def publish(report: Report, *, as_json: bool, card: Path | None = None) -> None:
    """Print a report, and put its table into a model's card.

    Raises:
        NotFound: There is no such card.
        InvalidInput: The card has no figures block.
    """
    if card is not None:
        write_card(card, report)
    if as_json:
        print_json(report.as_json())
    else:
        print_report(stdout(), report)


def print_report(console: Console, report: Report) -> None:
    """The figures as a table."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=f"lookalike {report.command}", title_justify="left", box=None)
    for column in ("condition", "metric", "arm"):
        table.add_column(column, no_wrap=True)
    for column in ("value", "95% interval", "n"):
        table.add_column(column, justify="right", no_wrap=True)
    for figure in report.results:
        value, interval = shown(figure)
        arm = f"{figure.arm} (published)" if figure.published else figure.arm
        count = "" if figure.n is None else f"{figure.n:,}"
        table.add_row(
            *map(escape, (figure.condition, figure.metric, arm, value, interval, count)),
            style="dim" if figure.published else None,
        )
    console.print(table)
    for note in report.notes:
        console.print(escape(note), style="dim")
    where = report.machine
    console.print(
        escape(
            f"{where.cpu}, {where.cores} cores, GPU {where.gpu or 'none'}; version "
            f"{report.version}, commit {report.commit}"
        ),
        style="dim",
    )


def card_of(encoder: str) -> Path:
    """The card beside an encoder's weights.

    Raises:
        NotFound: The encoder's weights are not ours, so that it has none.
    """
    folder = served_folder(encoder)
    ours = folder is not None and folder.parent == WEIGHTS.resolve()
    name = folder.name if folder is not None and ours else encoder
    card = WEIGHTS / f"{name}.md"
    if "/" in name or not card.is_file():
        known = sorted(each.stem for each in WEIGHTS.glob("*.md"))
        raise NotFound(
            f"{encoder!r} has no card in {WEIGHTS}",
            where="--write-card",
            hint=f"Cards: {', '.join(known) or 'none'}.",
        )
    return card


def describe_machine() -> Machine:
    """Processor, cores that this process may use, and the first GPU."""
    return Machine(cpu=_processor(), cores=usable_cores(), gpu=_gpu())


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def _gpu() -> str | None:
    names = _output(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"])
    return names.splitlines()[0].strip() if names else None


def _commit() -> str:
    return _output(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]) or "unknown"


def _output(command: Sequence[str]) -> str:
    if shutil.which(command[0]) is None:
        return ""
    try:
        ran = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=_COMMAND_LIMIT_S
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return ran.stdout.strip()
