"""Ingestions in the background, one after the other, remembered in the catalogue.

Jobs survive a restart: what was running is queued again, and since an ingestion is resumed by
running it again, it goes on where it was.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.blobs import BlobFolder
from engine.catalogue.jobs import JobRecord, JobStatus
from engine.catalogue.store import CatalogueStore
from engine.errors import LookalikeError
from engine.look import LookService
from engine.ports import AttributePredictor, DualEncoder, VectorIndex
from engine.query.lexicon import Lexicon
from engine.types import Outcome, OutcomeKind
from ingestion.mapping import AUTOMATIC, load_mapping
from ingestion.options import IngestMode, IngestOptions
from ingestion.pipeline import ingest
from ingestion.report import DeletionsRefused, IngestionReport
from ingestion.tally import Progress

__all__ = ["IngestionJobs", "OnFinished"]

MAX_ATTEMPTS = 3
"""A job during which the process died this often is not tried again: it may be the cause."""

PAUSE_AFTER_FAILURE_S = 5.0
"""Before the worker tries again what failed outside of an ingestion."""

_KEPT = (
    "mapping", "mode", "yes", "default_currency", "encoding", "delimiter", "refresh", "detect",
)  # fmt: skip
"""Options that a caller may set; the others belong to the installation."""
_ROWS_TOGETHER = 200
_COUNTS_EVERY_S = 1.0

OnFinished = Callable[[JobRecord, IngestionReport | None], None]

_log = logging.getLogger(__name__)


class IngestionJobs:
    """A queue with one worker thread; `start` starts it.

    Args:
        catalogue: Holds the queue.
        index: Reconciled with the catalogue.
        reports_folder: Each job's ``report.json`` and ``rejected.csv``, in a folder by its id.
        on_finished: Called in the worker's thread after each job, for metrics.
        clock: Unix time.
    """

    def __init__(
        self,
        *,
        catalogue: CatalogueStore,
        index: VectorIndex,
        blobs: BlobFolder,
        encoder: DualEncoder,
        reports_folder: Path,
        predictor: AttributePredictor | None = None,
        look: LookService | None = None,
        lexicon: Lexicon | None = None,
        on_finished: OnFinished | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._catalogue = catalogue
        self._index = index
        self._blobs = blobs
        self._encoder = encoder
        self._predictor = predictor
        self._look = look
        self._lexicon = lexicon
        self._reports_folder = reports_folder
        self._on_finished = on_finished
        self._clock = clock
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._worker = threading.Thread(target=self._work, name="ingestion", daemon=True)

    def start(self) -> int:
        """Queue again what a former process left running, and start the worker.

        Returns:
            How many jobs were queued again.
        """
        requeued = self._catalogue.jobs.requeue_running(
            max_attempts=MAX_ATTEMPTS, now_s=self._clock()
        )
        self._worker.start()
        return requeued

    def submit(self, feed: Path, options: IngestOptions) -> str:
        """Queue an ingestion and return its id.

        The feed must stay where it is until the job has ended. `IngestOptions.mapping` cannot be
        a file here.

        Raises:
            InvalidInput: The mapping is not known.
        """
        if options.mapping != AUTOMATIC:
            load_mapping(options.mapping, allow_files=False)
        kept: dict[str, Any] = {name: getattr(options, name) for name in _KEPT}
        kept["root"] = str(options.root or "")
        record = self._catalogue.jobs.create(
            feed=str(feed.absolute()),
            mode=options.mode.value,
            options=json.dumps(kept),
            tenant=options.tenant,
            now_s=self._clock(),
        )
        self._wake.set()
        return record.job_id

    def status(self, job_id: str) -> JobRecord:
        """How far a job is.

        Raises:
            NotFound: There is no such job.
        """
        return self._catalogue.jobs.get(job_id)

    def rows(self, job_id: str, *, offset: int = 0, limit: int = 100) -> Sequence[Outcome]:
        """Rejected rows and warnings of a job, in the order of the feed.

        Raises:
            NotFound: There is no such job.
        """
        self._catalogue.jobs.get(job_id)
        return self._catalogue.jobs.rows(job_id, offset=offset, limit=limit)

    def report_folder(self, job_id: str) -> Path:
        """Where the job's ``report.json`` and ``rejected.csv`` are once it is done."""
        return self._reports_folder / job_id

    def close(self, *, timeout_s: float = 30.0) -> None:
        """Stop after the present batch; an unfinished job goes on at the next start.

        Args:
            timeout_s: After this the job is left alone; it goes on at the next start as well.
        """
        self._closing.set()
        self._wake.set()
        if self._worker.is_alive():
            self._worker.join(timeout_s)

    # --- the worker's thread ---------------------------------------------------------------------

    def _work(self) -> None:
        ended: _Ended | None = None
        while not self._closing.is_set():
            # Whatever fails in here, a locked database most likely, must not end the thread: the
            # jobs behind would wait for ever. What became of a job is told until it is heard.
            try:
                if ended is None:
                    record = self._catalogue.jobs.claim(now_s=self._clock())
                    if record is None:
                        self._wake.wait(timeout=5.0)  # another process may queue a job too
                        self._wake.clear()
                        continue
                    ended = self._run(record)
                self._settle(ended)
                told, ended = ended, None
                if self._on_finished is not None and not told.is_put_aside:
                    self._on_finished(self._catalogue.jobs.get(told.job_id), told.report)
            except Exception:  # noqa: BLE001  # said above
                _log.exception("the ingestion worker failed and goes on")
                self._closing.wait(PAUSE_AFTER_FAILURE_S)

    def _run(self, record: JobRecord) -> _Ended:
        notes = _RowNotes(self._catalogue, record.job_id)
        report: IngestionReport | None = None
        status, code, message = JobStatus.FAILED, "", ""
        is_put_aside = False
        try:
            report = ingest(
                Path(record.feed),
                options=self._options(record),
                catalogue=self._catalogue,
                index=self._index,
                blobs=self._blobs,
                encoder=self._encoder,
                predictor=self._predictor,
                look=self._look,
                lexicon=self._lexicon,
                on_progress=notes.progress,
                on_outcome=notes.outcome,
                should_stop=self._closing.is_set,
            )
            status, is_put_aside = JobStatus.DONE, report.stopped
        except DeletionsRefused as error:
            report, code, message = error.report, error.code, str(error)
        except Exception as error:  # noqa: BLE001  # the worker must outlive any one feed
            # Closing takes index and catalogue away from a job that did not stop in time.
            is_put_aside = self._closing.is_set()
            if isinstance(error, LookalikeError):
                code, message = error.code, str(error)
            else:
                _log.exception("ingestion failed job=%s", record.job_id)
                code, message = "job.failed", f"{type(error).__name__}: {error}"
        return _Ended(
            job_id=record.job_id,
            status=status,
            error_code=code,
            error=message,
            report=report,
            notes=notes,
            is_put_aside=is_put_aside,
        )

    def _settle(self, ended: _Ended) -> None:
        if ended.is_put_aside:
            self._catalogue.jobs.requeue(ended.job_id)
            return
        ended.notes.flush()
        self._catalogue.jobs.finish(
            ended.job_id,
            ended.status,
            now_s=self._clock(),
            counts=ended.report.counts if ended.report else None,
            error_code=ended.error_code,
            error=ended.error,
        )

    def _options(self, record: JobRecord) -> IngestOptions:
        held: dict[str, Any] = json.loads(record.options)
        root = held.pop("root")
        held["mode"] = IngestMode(held["mode"])
        return dataclasses.replace(
            IngestOptions(**held),
            tenant=record.tenant,
            root=Path(root) if root else None,
            report_folder=self.report_folder(record.job_id),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    """What became of a job, until the catalogue has it.

    Attributes:
        is_put_aside: The service closes; the job is queued again for the next start.
    """

    job_id: str
    status: JobStatus
    error_code: str
    error: str
    report: IngestionReport | None
    notes: _RowNotes
    is_put_aside: bool


class _RowNotes:
    """Writes a job's problems and counts to the catalogue, a few hundred rows at a time."""

    def __init__(self, catalogue: CatalogueStore, job_id: str) -> None:
        self._jobs = catalogue.jobs
        self._job_id = job_id
        self._waiting: list[Outcome] = []
        self._told_s = 0.0

    def outcome(self, outcome: Outcome) -> None:
        if outcome.kind is OutcomeKind.REJECTED or outcome.warnings:
            self._waiting.append(outcome)
            if len(self._waiting) >= _ROWS_TOGETHER:
                self.flush()

    def progress(self, progress: Progress) -> None:
        if time.monotonic() - self._told_s < _COUNTS_EVERY_S:
            return
        self._told_s = time.monotonic()
        self._jobs.update_counts(
            self._job_id,
            {
                "indexed": progress.indexed,
                "unchanged": progress.unchanged,
                "rejected": progress.rejected,
                "deleted": progress.deleted,
            },
        )

    def flush(self) -> None:
        self._jobs.add_rows(self._job_id, self._waiting)
        self._waiting = []
