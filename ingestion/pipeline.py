"""One feed into the catalogue and the index.

Four stages overlap: this thread reads and judges rows, a small pool decodes their pictures, one
thread looks at and embeds them, one decides what shows the product, makes points and writes them.
A batch is written in an order that a kill between any two steps cannot hurt: looks, embeddings and
pending products (commit), points, flush, products marked indexed (commit); only then is it
acknowledged. Whoever was killed runs the feed again: what is done
is unchanged.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from engine.blobs import BlobFolder
from engine.catalogue.store import CatalogueStore
from engine.catalogue.vectors import ContentKind
from engine.errors import FeedError
from engine.ids import ProductId, point_id
from engine.look import LookService
from engine.ports import AttributePredictor, DualEncoder, VectorIndex
from engine.query.lexicon import Lexicon, default_lexicon
from engine.reconcile import MAX_PHANTOMS, OPTIMISE_FROM_POINTS
from engine.types import Outcome, OutcomeKind, Problem
from ingestion.embed import Embedded, Embedder, stored_sight
from ingestion.finish import Finished, Finisher
from ingestion.mapping import BoundMapping, choose_mapping
from ingestion.normalise import Normaliser
from ingestion.options import IngestMode, IngestOptions
from ingestion.pictures import PictureReader
from ingestion.prepare import PreparedRow, Preparer, recipe
from ingestion.report import (
    DeletionsRefused,
    IngestionReport,
    RejectedFile,
    WarningsFile,
    write_report,
)
from ingestion.sources.registry import open_source
from ingestion.sources.source import FeedSource
from ingestion.tally import OnOutcome, OnProgress, Progress, Tally

__all__ = ["IngestMode", "IngestOptions", "IngestionReport", "Progress", "ingest"]

_MAX_BATCH_PICTURES = 512
_MAX_BATCH_BYTES = 64_000_000
_BATCHES_AHEAD = 2
_PROGRESS_EVERY_S = 0.25


def ingest(
    feed: Path,
    *,
    options: IngestOptions,
    catalogue: CatalogueStore,
    index: VectorIndex,
    blobs: BlobFolder,
    encoder: DualEncoder,
    predictor: AttributePredictor | None = None,
    look: LookService | None = None,
    lexicon: Lexicon | None = None,
    on_progress: OnProgress | None = None,
    on_outcome: OnOutcome | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> IngestionReport:
    """Ingest a feed.

    Args:
        feed: CSV, TSV, JSON Lines or Parquet; see `ingestion.sources.registry`.
        options: What is wanted.
        catalogue: Is written first; it is the source of truth.
        index: Must be reconciled with the catalogue; what the catalogue calls indexed is believed.
        blobs: Gets the encoded pictures.
        encoder: Makes the vectors; the index must have been opened for it.
        predictor: Reads from the picture what feed and title do not say; skipped when absent.
        look: Finds the product in its pictures; they are taken whole when it is absent or cannot
            tell which box shows the product.
        lexicon: Canonical values; the built-in one by default.
        on_progress: Called a few times a second and after each batch, in this thread.
        on_outcome: Called once for each row and each deletion, in this thread.
        should_stop: Asked between rows; true ends the run after the batches on their way.

    Returns:
        The report; its counts add up to the rows read.

    Raises:
        FeedError: The feed as a whole cannot be read. Nothing is deleted then.
        InvalidInput: An option cannot be used.
        DeletionsRefused: A full feed lacks too many products and `IngestOptions.yes` is not set;
            everything but the deletions was done.
    """
    source = open_source(feed, encoding=options.encoding, delimiter=options.delimiter)
    mapping = choose_mapping(options.mapping, source.columns)
    words = lexicon or default_lexicon()
    notes: list[str] = []
    if options.detect and look is not None and not look.finds_products:
        notes.append(
            "Pictures were taken whole: nobody can tell the product in them with the encoder "
            f"{encoder.encoder_id.name}."
        )
    if look is not None and not (options.detect and look.finds_products):
        look = None
    with ExitStack() as cleanup:
        rejected_file = warnings_file = None
        if options.report_folder:
            rejected_file = RejectedFile(options.report_folder, source.columns)
            cleanup.callback(rejected_file.discard)
            warnings_file = WarningsFile(options.report_folder)
            cleanup.callback(warnings_file.discard)
        run = _Run(
            feed=feed,
            options=options,
            source=source,
            mapping=mapping,
            catalogue=catalogue,
            index=index,
            preparer=Preparer(
                mapping=mapping,
                normaliser=Normaliser(mapping, words, default_currency=options.default_currency),
                pictures=PictureReader(options.root or feed.parent, limits=options.limits),
                known=catalogue.stamps(options.tenant),
                recipe=recipe(
                    encoder.encoder_id.fingerprint,
                    predictor,
                    look,
                    stored_sight(look, options),
                ),
                refresh=options.refresh,
            ),
            embedder=Embedder(
                catalogue=catalogue,
                blobs=blobs,
                encoder=encoder,
                look=look,
                options=options,
            ),
            finisher=Finisher(
                mapping=mapping,
                fingerprint=encoder.encoder_id.fingerprint,
                predictor=predictor,
                look=look,
                lexicon=words,
                tenant=options.tenant,
            ),
            tally=Tally(rejected_file, warnings_file, on_outcome),
            on_progress=on_progress or _ignore,
            should_stop=should_stop or _never,
            notes=notes,
        )
        run.read_feed()
        refused = run.delete_vanished()
        run.optimise()
        report = run.report(
            rejected_path=rejected_file.finish() if rejected_file else "",
            warnings_path=warnings_file.finish() if warnings_file else "",
        )
        if options.report_folder:
            write_report(options.report_folder, report)
    if refused:
        raise DeletionsRefused(report, *refused)
    return report


@dataclass(kw_only=True, eq=False)
class _Run:
    """The state of one ingestion."""

    feed: Path
    options: IngestOptions
    source: FeedSource
    mapping: BoundMapping
    catalogue: CatalogueStore
    index: VectorIndex
    preparer: Preparer
    embedder: Embedder
    finisher: Finisher
    tally: Tally
    on_progress: OnProgress
    should_stop: Callable[[], bool]
    notes: Sequence[str] = ()

    def __post_init__(self) -> None:
        self._started_s = time.perf_counter()
        self._told_s = self._started_s
        self._notes = [*self.source.notes, *self.notes]
        self._stopped = False
        self._embedded_pictures = 0
        self._embedded_texts = 0
        self._looked_at = 0
        self._located = 0

    def read_feed(self) -> None:
        """Every row of the feed, up to acknowledged."""
        under_way: deque[Future[Finished]] = deque()
        with (
            ThreadPoolExecutor(self.options.decode_threads, "decode") as decoders,
            ThreadPoolExecutor(1, "embed") as embedders,
            ThreadPoolExecutor(1, "write") as writers,
        ):
            try:
                for rows in self._batches():
                    work = self.embedder.start(rows, decoders)
                    embedded = embedders.submit(self.embedder.embed, work)
                    under_way.append(writers.submit(self._write, embedded))
                    while len(under_way) > _BATCHES_AHEAD or (under_way and under_way[0].done()):
                        self._acknowledge(under_way.popleft().result())
            finally:
                # Also when the feed breaks off: what is on its way is counted and told.
                while under_way:
                    self._acknowledge(under_way.popleft().result())
        if not self.tally.rows and not self._stopped:
            raise FeedError(
                "the feed has no rows.", where=str(self.feed), code="feed.empty",
                hint="Nothing was changed.",
            )  # fmt: skip

    def delete_vanished(self) -> tuple[int, int] | None:
        """For a full feed, delete what it lacks.

        Nothing is deleted while any row is unreadable or too many are rejected: what they were
        about cannot be told from what vanished.

        Returns:
            How many deletions of how many products were refused, if they were.
        """
        if self.options.mode is not IngestMode.FULL or self._stopped:
            return None
        known = self.catalogue.stamps(self.options.tenant)
        vanished = sorted(known.keys() - self.preparer.named)
        if not vanished:
            return None
        unreadable = self.preparer.unreadable
        if unreadable:
            self._notes.append(
                f"{unreadable:,} rows could not be read and may be products of the catalogue, so "
                f"none of {len(vanished):,} products that are not in the feed was deleted. Mend "
                "these rows and ingest the feed again."
            )
            return None
        rejected = self.tally.outcomes[OutcomeKind.REJECTED]
        if rejected > self.options.max_bad_frac * self.tally.rows:
            self._notes.append(
                f"{rejected:,} of {self.tally.rows:,} rows were rejected, so none of "
                f"{len(vanished):,} products that are not in the feed was deleted."
            )
            return None
        allowed = self.options.max_deleted_frac * len(known)
        if len(vanished) > allowed and not self.options.yes:
            self._notes.append(f"{len(vanished):,} deletions wait for a confirmation.")
            return len(vanished), len(known)
        for start in range(0, len(vanished), MAX_PHANTOMS):
            self._delete(vanished[start : start + MAX_PHANTOMS])
        return None

    def optimise(self) -> None:
        """Refresh the search structures when there is much new."""
        if self.tally.outcomes[OutcomeKind.INDEXED] > OPTIMISE_FROM_POINTS:
            self.index.optimise()

    def report(self, *, rejected_path: str, warnings_path: str) -> IngestionReport:
        """The result."""
        outcomes = self.tally.outcomes
        return IngestionReport(
            feed=str(self.feed),
            mode=self.options.mode.value,
            tenant=self.options.tenant,
            mapping=self.mapping.name,
            rows=self.tally.rows,
            indexed=outcomes[OutcomeKind.INDEXED],
            unchanged=outcomes[OutcomeKind.UNCHANGED],
            rejected=outcomes[OutcomeKind.REJECTED],
            deleted=outcomes[OutcomeKind.DELETED],
            problems=dict(self.tally.problems),
            warnings=dict(self.tally.warnings),
            embedded_pictures=self._embedded_pictures,
            embedded_texts=self._embedded_texts,
            looked_at=self._looked_at,
            located=self._located,
            seconds=self._seconds(),
            notes=tuple(self._notes),
            stopped=self._stopped,
            rejected_path=rejected_path,
            warnings_path=warnings_path,
        )

    # --- rows ------------------------------------------------------------------------------------

    def _batches(self) -> Iterator[list[PreparedRow]]:
        rows: list[PreparedRow] = []
        pictures = size_bytes = 0
        for row in self._changed():
            rows.append(row)
            pictures += len(row.pictures)
            size_bytes += sum(len(each.data) for each in row.pictures)
            if (
                len(rows) >= self.options.batch_products
                or pictures >= _MAX_BATCH_PICTURES
                or size_bytes >= _MAX_BATCH_BYTES
            ):
                yield rows
                rows, pictures, size_bytes = [], 0, 0
        if rows:
            yield rows

    def _changed(self) -> Iterator[PreparedRow]:
        for record in self.source.records():
            if self.should_stop():
                self._stopped = True
                return
            prepared = self.preparer.prepare(record)
            if isinstance(prepared, Outcome):
                self.tally.add(prepared, record)
            elif prepared.unchanged:
                self.embedder.keep(prepared)
                self.tally.add(_outcome(prepared, OutcomeKind.UNCHANGED))
            else:
                yield prepared
            self._tell_sometimes()

    def _write(self, embedded: Future[Embedded]) -> Finished:
        # Not in the thread that embeds: meanwhile the model has the next batch.
        batch = self.finisher.finish(embedded.result())
        entries = [row.entry for row in batch.rows if row.entry is not None]
        points = [row.point for row in batch.rows if row.point is not None]
        tenant = self.options.tenant
        self.catalogue.put_pending(entries, tenant, embeddings=batch.embeddings, looks=batch.looks)
        if points:
            self.index.upsert(points)
            self.index.flush()
            self.catalogue.mark_indexed(
                {entry.product.product_id: entry.version for entry in entries}, tenant
            )
        return batch

    def _acknowledge(self, batch: Finished) -> None:
        acknowledged: list[ProductId] = []
        for row in batch.rows:
            if row.entry is None:
                outcome = _outcome(row.prepared, OutcomeKind.REJECTED, row.problem, row.warnings)
                self.tally.add(outcome, row.prepared.record)
            else:
                views = row.entry.product.views
                self._looked_at += bool(views)
                self._located += any(view.box for view in views)
                acknowledged.append(row.entry.product.product_id)
                outcome = _outcome(row.prepared, OutcomeKind.INDEXED, None, row.warnings)
                self.tally.add(outcome)
        for made in batch.embeddings:
            self._embedded_pictures += len(made.vectors) * (made.kind is ContentKind.PICTURE)
            self._embedded_texts += len(made.vectors) * (made.kind is ContentKind.TEXT)
        self._tell(tuple(acknowledged))

    def _delete(self, product_ids: Sequence[ProductId]) -> None:
        # The catalogue first: after a kill in between the points are phantoms, few enough for
        # reconciling to remove them.
        tenant = self.options.tenant
        self.catalogue.delete(product_ids, tenant)
        self.index.delete([point_id(tenant, each) for each in product_ids])
        self.index.flush()
        for each in product_ids:
            self.tally.add(Outcome(row=0, kind=OutcomeKind.DELETED, product_id=each))
        self._tell()

    # --- telling ---------------------------------------------------------------------------------

    def _seconds(self) -> float:
        return time.perf_counter() - self._started_s

    def _tell_sometimes(self) -> None:
        if time.perf_counter() - self._told_s >= _PROGRESS_EVERY_S:
            self._tell()

    def _tell(self, acknowledged: tuple[ProductId, ...] = ()) -> None:
        self._told_s = time.perf_counter()
        self.on_progress(self.tally.progress(self._seconds(), acknowledged))


def _outcome(
    prepared: PreparedRow,
    kind: OutcomeKind,
    problem: Problem | None = None,
    warnings: Sequence[Problem] | None = None,
) -> Outcome:
    return Outcome(
        row=prepared.row.row,
        kind=kind,
        product_id=prepared.row.product_id,
        problem=problem,
        warnings=prepared.warnings if warnings is None else tuple(warnings),
    )


def _ignore(_progress: Progress) -> None:
    """Nobody wants to know."""


def _never() -> bool:
    return False
