"""Ingestion jobs and what became of their rows."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from engine.catalogue.database import Database
from engine.catalogue.tables import JOB, JOB_ROW
from engine.errors import NotFound
from engine.ids import ProductId, TenantId
from engine.types import Outcome, OutcomeKind, Problem


class JobStatus(StrEnum):
    """Where a job is in its life."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """One ingestion job.

    Attributes:
        options: The options as JSON, as the submitter wrote them.
        counts: Outcome → rows, so far or in the end.
        attempts: How often it was started; more than once after a restart of the process.
        created_s: Unix time; the other times are ``None`` until they come.
    """

    job_id: str
    tenant: TenantId
    feed: str
    mode: str
    options: str
    status: JobStatus
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    attempts: int = 0
    error_code: str = ""
    error: str = ""
    created_s: float
    started_s: float | None = None
    finished_s: float | None = None


class JobTable:
    """Jobs as rows: a queue that survives a restart."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self, *, feed: str, mode: str, options: str, tenant: TenantId, now_s: float
    ) -> JobRecord:
        """Queue a job."""
        record = JobRecord(
            job_id=uuid.uuid4().hex,
            tenant=tenant,
            feed=feed,
            mode=mode,
            options=options,
            status=JobStatus.QUEUED,
            created_s=now_s,
        )
        with self._database.write() as connection:
            connection.execute(
                sa.insert(JOB).values(
                    job_id=record.job_id,
                    tenant=tenant,
                    feed=feed,
                    mode=mode,
                    options=options,
                    status=record.status.value,
                    counts="{}",
                    attempts=0,
                    error_code="",
                    error="",
                    created_s=now_s,
                )
            )
        return record

    def claim(self, *, now_s: float) -> JobRecord | None:
        """Start the oldest queued job; ``None`` when the queue is empty."""
        with self._database.write() as connection:
            query = (
                sa.select(JOB.c.job_id)
                .where(JOB.c.status == JobStatus.QUEUED.value)
                .order_by(JOB.c.created_s, JOB.c.job_id)
                .limit(1)
                .with_for_update(skip_locked=True)  # ignored by SQLite, which has one writer
            )
            job_id = connection.execute(query).scalar()
            if job_id is None:
                return None
            connection.execute(
                sa.update(JOB)
                .where(JOB.c.job_id == job_id)
                .values(
                    status=JobStatus.RUNNING.value,
                    started_s=now_s,
                    attempts=JOB.c.attempts + 1,
                )
            )
            # A job that runs again tells of its rows again.
            connection.execute(sa.delete(JOB_ROW).where(JOB_ROW.c.job_id == job_id))
            return _record(connection.execute(sa.select(JOB).where(JOB.c.job_id == job_id)).one())

    def requeue(self, job_id: str) -> None:
        """Queue a running job again as if this start had not been: it was put aside in order."""
        with self._database.write() as connection:
            connection.execute(
                sa.update(JOB)
                .where(JOB.c.job_id == job_id, JOB.c.status == JobStatus.RUNNING.value)
                .values(status=JobStatus.QUEUED.value, attempts=JOB.c.attempts - 1)
            )

    def requeue_running(self, *, max_attempts: int, now_s: float) -> int:
        """After a restart: queue again what was running; give up after `max_attempts` starts."""
        running = JOB.c.status == JobStatus.RUNNING.value
        with self._database.write() as connection:
            connection.execute(
                sa.update(JOB)
                .where(running, JOB.c.attempts >= max_attempts)
                .values(
                    status=JobStatus.FAILED.value,
                    finished_s=now_s,
                    error_code="job.interrupted",
                    error=f"the process ended {max_attempts} times while this job ran.",
                )
            )
            queued = connection.execute(
                sa.update(JOB).where(running).values(status=JobStatus.QUEUED.value)
            )
            return queued.rowcount

    def update_counts(self, job_id: str, counts: Mapping[str, int]) -> None:
        """Tell how far a job is."""
        with self._database.write() as connection:
            connection.execute(
                sa.update(JOB).where(JOB.c.job_id == job_id).values(counts=json.dumps(dict(counts)))
            )

    def finish(
        self,
        job_id: str,
        status: JobStatus,
        *,
        now_s: float,
        counts: Mapping[str, int] | None = None,
        error_code: str = "",
        error: str = "",
    ) -> None:
        """Close a job."""
        values: dict[str, Any] = {
            "status": status.value,
            "finished_s": now_s,
            "error_code": error_code,
            "error": error,
        }
        if counts is not None:
            values["counts"] = json.dumps(dict(counts))
        with self._database.write() as connection:
            connection.execute(sa.update(JOB).where(JOB.c.job_id == job_id).values(**values))

    def get(self, job_id: str) -> JobRecord:
        """One job.

        Raises:
            NotFound: There is none.
        """
        with self._database.read() as connection:
            row = connection.execute(sa.select(JOB).where(JOB.c.job_id == job_id)).one_or_none()
        if row is None:
            raise NotFound(f"there is no ingestion {job_id!r}.", code="job.not_found")
        return _record(row)

    def waiting_feeds(self) -> set[str]:
        """Paths of the feeds that queued and running jobs, of all tenants, still need."""
        unfinished = (JobStatus.QUEUED.value, JobStatus.RUNNING.value)
        with self._database.read() as connection:
            query = sa.select(JOB.c.feed).where(JOB.c.status.in_(unfinished))
            return set(connection.execute(query).scalars())

    def add_rows(self, job_id: str, outcomes: Sequence[Outcome]) -> None:
        """Remember the problem and the warnings of each outcome, one row each."""
        rows = [
            {
                "job_id": job_id,
                "row": outcome.row,
                "outcome": outcome.kind.value,
                "product_id": outcome.product_id or "",
                "code": problem.code,
                "column": problem.column,
                "value": problem.value,
                "message": problem.message,
            }
            for outcome in outcomes
            for problem in (*([outcome.problem] if outcome.problem else []), *outcome.warnings)
        ]
        if rows:
            with self._database.write() as connection:
                connection.execute(sa.insert(JOB_ROW), rows)

    def rows(self, job_id: str, *, offset: int = 0, limit: int = 100) -> list[Outcome]:
        """Problems and warnings of a job in the order of the feed, one outcome each.

        A rejected row carries its reason as `Outcome.problem`, any other one as a warning.
        """
        query = (
            sa.select(JOB_ROW)
            .where(JOB_ROW.c.job_id == job_id)
            .order_by(JOB_ROW.c.row, JOB_ROW.c.job_row_id)
            .offset(offset)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [_outcome(row) for row in connection.execute(query)]


def _record(row: sa.Row[Any]) -> JobRecord:
    held: dict[str, Any] = dict(row._mapping)  # pyright: ignore[reportPrivateUsage]  # public in spite of its name
    held["status"] = JobStatus(held["status"])
    held["counts"] = json.loads(held["counts"])
    return JobRecord(**held)


def _outcome(row: sa.Row[Any]) -> Outcome:
    held = row._mapping  # pyright: ignore[reportPrivateUsage]  # public in spite of its name
    kind = OutcomeKind(held["outcome"])
    problem = Problem(
        code=held["code"], message=held["message"], column=held["column"], value=held["value"]
    )
    return Outcome(
        row=held["row"],
        kind=kind,
        product_id=ProductId(held["product_id"]) if held["product_id"] else None,
        problem=problem if kind is OutcomeKind.REJECTED else None,
        warnings=() if kind is OutcomeKind.REJECTED else (problem,),
    )
