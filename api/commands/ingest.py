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
    tell,
)
from engine.errors import InvalidInput, LookalikeError, NotFound

if TYPE_CHECKING:
    from rich.console import Console

    from api.container import Container
    from engine.reconcile import ReconcileReport
    from ingestion.options import IngestOptions
    from ingestion.report import IngestionReport
    from ingestion.tally import OnProgress
    from ingestion.tally import Progress as Tallied

PARTIAL = 3
GUARDED = 8
INTERRUPTED = 130
_TAB_NAMES = {"tab": "\t", "\\t": "\t"}
"""A tab is hard to type in a shell."""


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
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Read and index again rows that did not change.")
    ] = False,
    encoding: Annotated[
        str, typer.Option("--encoding", help="Of a text feed, as cp1252. Default: found out.")
    ] = "",
    delimiter: Annotated[
        str,
        typer.Option(
            "--delimiter", help="Of a CSV feed: one character, or tab. Default: found out."
        ),
    ] = "",
    default_currency: Annotated[
        str,
        typer.Option(
            "--default-currency", help="Of prices that name none, as EUR.", metavar="CODE"
        ),
    ] = "",
    detect: Annotated[
        bool,
        typer.Option(
            "--detect/--whole-pictures",
            help="Find the product in its pictures, or take them whole.",
        ),
    ] = True,
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

    if feed.is_dir():
        raise InvalidInput(
            f"{str(feed)!r} is a folder.",
            where="feed",
            hint=f"Name the file in it: lookalike ingest {feed / 'catalogue.csv'}.",
            code="feed.is_folder",
        )
    if not feed.exists():
        raise NotFound(f"there is no file {str(feed)!r}.", where="feed", code="feed.not_found")
    with open_container(home=home, encoder=encoder) as container:
        options = IngestOptions(
            mapping=mapping,
            mode=IngestMode.FULL if full else IngestMode.UPSERT,
            root=root,
            yes=yes,
            refresh=refresh,
            encoding=encoding,
            delimiter=_TAB_NAMES.get(delimiter, delimiter),
            default_currency=default_currency,
            detect=detect,
            report_folder=_report_folder(container, feed),
        )
        if rebuild:
            # What is wrong with the feed is found before anything is thrown away.
            check_feed(feed, options)
        with _starting(rebuild):
            if rebuild:
                _erase(container)
            _ = container.index
        refused: LookalikeError | None = None
        report, refused = run_feed(container, feed, options)
    if as_json:
        typer.echo(report.to_json())
    else:
        print_report(stdout(), report)
    if report.stopped:
        typer.echo(f"Stopped. Go on with: {shlex.join(['lookalike', *sys.argv[1:]])}", err=True)
        raise typer.Exit(INTERRUPTED)
    if refused is not None and as_json:
        tell(refused)  # the report is the one object on stdout
        raise typer.Exit(GUARDED)
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

    repaired = repairs_text(container.reconcile())
    if repaired:
        typer.echo(repaired, err=True)
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
                look=container.look if options.detect else None,
                lexicon=container.lexicon,
                on_progress=on_progress,
                should_stop=should_stop,
            )
        except DeletionsRefused as guard:
            return guard.report, guard
    return report, None


def check_feed(feed: Path, options: IngestOptions) -> None:
    """See whether a feed can be opened and read with these options; nothing is changed.

    Raises:
        FeedError: It cannot be read, or a needed field has no column.
        InvalidInput: The mapping is not known.
        NotFound: There is no such folder of pictures.
    """
    from ingestion.mapping import choose_mapping
    from ingestion.sources.registry import open_source

    source = open_source(feed, encoding=options.encoding, delimiter=options.delimiter)
    choose_mapping(options.mapping, source.columns)
    if options.root is not None and not options.root.is_dir():
        raise NotFound(f"there is no folder {str(options.root)!r}.", where="--root")


def repairs_text(done: ReconcileReport) -> str:
    """What had to be done to the index before the feed; empty when nothing."""
    counts = (
        (done.rebuilt, "rebuilt"),
        (done.deleted, "of deleted products removed"),
        (done.unrepairable, "to be embedded again from their feed"),
    )
    told = ", ".join(f"{count:,} {what}" for count, what in counts if count)
    return f"The index was brought in line with the catalogue, points: {told}." if told else ""


def print_report(console: Console, report: IngestionReport) -> None:
    """The report for people."""
    from rich.markup import escape

    console.print(
        f"{report.rows:,} rows in {report.seconds:.1f} s ({report.rows_per_second:,.0f} rows/s):"
        f" {report.indexed:,} indexed · {report.unchanged:,} unchanged ·"
        f" {report.rejected:,} rejected; {report.deleted:,} products deleted"
    )
    if report.looked_at:
        console.print(
            f"The product was found in the pictures of {report.located:,} of"
            f" {report.looked_at:,} products"
            + ("." if report.located == report.looked_at else "; the others are taken whole.")
        )
    for title, counts in (("Rejected", report.problems), ("Warnings", report.warnings)):
        if counts:
            listed = ", ".join(f"{code} {count:,}" for code, count in sorted(counts.items()))
            console.print(f"{title}: {escape(listed)}")
    for note in report.notes:
        console.print(escape(note))
    if report.warnings_path:
        console.print(f"Warnings row by row: {escape(report.warnings_path)}", soft_wrap=True)
    if report.rejected_path:
        console.print(f"Mend and feed again: {escape(report.rejected_path)}", soft_wrap=True)


def _erase(container: Container) -> None:
    from engine.index.open import erase_index

    erase_index(container.settings.index_where, container.encoder.encoder_id)


def _report_folder(container: Container, feed: Path) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    return container.settings.reports_folder / f"{feed.name.partition('.')[0]}-{stamp}"


@contextmanager
def _starting(rebuild: bool) -> Generator[None]:
    """Ctrl-C before the feed is read ends with a word of what that leaves behind."""
    try:
        yield
    except KeyboardInterrupt:
        left = (
            "the index may be empty; the same command fills it"
            if rebuild
            else "nothing was changed"
        )
        typer.echo(f"Interrupted; {left}.", err=True)
        raise typer.Exit(INTERRUPTED) from None


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
