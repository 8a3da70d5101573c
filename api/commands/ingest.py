"""``lookalike ingest``."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.terminal import (
    EncoderOption,
    HomeOption,
    JsonOption,
    open_container,
    stderr,
    stdout,
)
from engine.errors import LookalikeError, NotFound

if TYPE_CHECKING:
    from rich.console import Console

    from api.container import Container
    from ingestion.options import IngestOptions
    from ingestion.report import IngestionReport
    from ingestion.tally import OnProgress
    from ingestion.tally import Progress as Tallied

PARTIAL = 3
INTERRUPTED = 130


def ingest(
    feed: Annotated[Path, typer.Argument(help="CSV, TSV, JSONL or Parquet, also .gz.")],
    mapping: Annotated[
        str,
        typer.Option(
            "--mapping",
            "-m",
            help="Which column is what: google, kagl, a YAML file, or pairs id=sku,title=name.",
        ),
    ] = "auto",
    full: Annotated[
        bool, typer.Option("--full", help="The feed is everything: delete what it lacks.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Delete even when that is more than a tenth.")
    ] = False,
    root: Annotated[
        Path | None,
        typer.Option("--root", help="Folder of the pictures. Default: the feed's.", metavar="DIR"),
    ] = None,
    rebuild: Annotated[
        bool,
        typer.Option("--rebuild", help="Empty the index first, as after a change of encoder."),
    ] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
    encoder: EncoderOption = None,
) -> None:
    """Read a feed into the catalogue and the index, and say what became of each row.

    lookalike ingest catalogue.csv

    lookalike ingest kagl.parquet --mapping kagl --full

    Running it again is cheap: rows that did not change are skipped. Ctrl-C finishes the batch; the
    same command goes on from there.
    """
    from ingestion.options import IngestMode, IngestOptions

    if not feed.exists():
        raise NotFound(f"there is no file {str(feed)!r}.", where="feed", code="feed.not_found")
    with open_container(home=home, encoder=encoder) as container:
        if rebuild:
            _erase(container)
        options = IngestOptions(
            mapping=mapping,
            mode=IngestMode.FULL if full else IngestMode.UPSERT,
            root=root,
            yes=yes,
            report_folder=_report_folder(container, feed),
        )
        refused: LookalikeError | None = None
        report, refused = run_feed(container, feed, options)
    if as_json:
        typer.echo(report.to_json())
    else:
        print_report(stdout(), report)
    if report.stopped:
        typer.echo(f"Stopped. Go on with: {shlex.join(['lookalike', *sys.argv[1:]])}", err=True)
        raise typer.Exit(INTERRUPTED)
    if refused is not None:
        raise refused
    if report.rejected:
        raise typer.Exit(PARTIAL)


def run_feed(
    container: Container, feed: Path, options: IngestOptions
) -> tuple[IngestionReport, LookalikeError | None]:
    """Ingest with progress on a terminal; Ctrl-C stops after the batch.

    Returns:
        The report, and the guard that kept deletions from being made, if one did.
    """
    from ingestion.pipeline import ingest as ingest_feed
    from ingestion.report import DeletionsRefused

    container.reconcile()
    with _progress(feed) as on_progress, _stop_on_interrupt() as should_stop:
        try:
            report = ingest_feed(
                feed,
                options=options,
                catalogue=container.catalogue,
                index=container.index,
                blobs=container.blobs,
                encoder=container.encoder,
                predictor=container.predictor,
                lexicon=container.lexicon,
                on_progress=on_progress,
                should_stop=should_stop,
            )
        except DeletionsRefused as guard:
            return guard.report, guard
    return report, None


def print_report(console: Console, report: IngestionReport) -> None:
    """The report for people."""
    from rich.markup import escape

    console.print(
        f"{report.rows:,} rows in {report.seconds:.1f} s ({report.rows_per_second:,.0f} rows/s):"
        f" {report.indexed:,} indexed · {report.unchanged:,} unchanged ·"
        f" {report.rejected:,} rejected; {report.deleted:,} products deleted"
    )
    for title, counts in (("Rejected", report.problems), ("Warnings", report.warnings)):
        if counts:
            listed = ", ".join(f"{code} {count:,}" for code, count in sorted(counts.items()))
            console.print(f"{title}: {escape(listed)}")
    for note in report.notes:
        console.print(escape(note))
    if report.rejected_path:
        console.print(f"Mend and feed again: {escape(report.rejected_path)}", soft_wrap=True)


def _erase(container: Container) -> None:
    from engine.index.open import erase_index

    erase_index(container.settings.index_where, container.encoder.encoder_id)


def _report_folder(container: Container, feed: Path) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    return container.settings.reports_folder / f"{feed.name.partition('.')[0]}-{stamp}"


@contextmanager
def _progress(feed: Path) -> Generator[OnProgress | None]:
    console = stderr()
    if not console.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        Remaining(),
        TextColumn("{task.fields[counts]}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(feed.name, total=expected_rows(feed), rate="", counts="")

        def on_progress(at: Tallied) -> None:
            rate = at.rows / at.seconds if at.seconds else 0.0
            counts = f"{at.indexed:,} new · {at.unchanged:,} unchanged · {at.rejected:,} rejected"
            bar.update(task, completed=at.rows, rate=f"{rate:,.0f} rows/s", counts=counts)

        yield on_progress


def expected_rows(feed: Path) -> int | None:
    """How many rows a feed has, near enough for a time of arrival; ``None`` where it is dear."""
    if feed.suffix == ".parquet":
        import pyarrow.parquet as pq  # pyright: ignore[reportMissingTypeStubs]

        try:
            return int(pq.read_metadata(feed).num_rows)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - pyarrow ships no types
        except (OSError, ValueError):
            return None
    if feed.suffix not in (".csv", ".tsv", ".jsonl", ".ndjson", ".txt"):
        return None
    lines = 0
    with feed.open("rb") as file:
        while chunk := file.read(1 << 20):
            lines += chunk.count(b"\n")
    return max(1, lines - (feed.suffix in (".csv", ".tsv", ".txt")))


@contextmanager
def _stop_on_interrupt() -> Generator[Callable[[], bool]]:
    stopping = False

    def on_interrupt(*_: object) -> None:
        nonlocal stopping
        if stopping:
            raise KeyboardInterrupt
        stopping = True
        typer.echo("Finishing the batch; Ctrl-C again stops at once.", err=True)

    try:
        before = signal.signal(signal.SIGINT, on_interrupt)
    except ValueError:  # not in the main thread, where nobody presses keys
        yield lambda: False
        return
    try:
        yield lambda: stopping
    finally:
        signal.signal(signal.SIGINT, before)
