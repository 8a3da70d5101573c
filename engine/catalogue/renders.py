"""Jobs that draw pictures: a queue that several processes share and that survives each of them.

A running job is leased to its owner for a few seconds at a time. Who is killed renews no more, and
the next one that asks for work gets the job; whoever lost a job cannot write to it any longer.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from engine.catalogue.database import Database
from engine.catalogue.jobs import JobStatus
from engine.catalogue.render_records import UNFINISHED, JobPicture, NewRender, RenderRecord
from engine.catalogue.tables import RENDER_JOB, RENDER_JOB_PICTURE, RENDER_PICTURE
from engine.errors import NotFound

__all__ = ["RenderTable"]

_RECENT = 20
_LEFT_TO_OTHERS_S = 3600.0
"""How long a job waits for a process that has its engine, before one that has not takes it:
only while nobody draws with that engine, who would come to it."""
_RUNNING = RENDER_JOB.c.status == JobStatus.RUNNING.value
_QUEUED = RENDER_JOB.c.status == JobStatus.QUEUED.value


class RenderTable:
    """Render jobs as rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- asking ----------------------------------------------------------------------------------

    def get(self, job_id: str, *, now_s: float) -> RenderRecord:
        """One job.

        Raises:
            NotFound: There is none, or it has expired.
        """
        with self._database.read() as connection:
            row = connection.execute(
                sa.select(RENDER_JOB).where(RENDER_JOB.c.job_id == job_id)
            ).one_or_none()
            if row is None or (row.expires_s is not None and row.expires_s <= now_s):
                raise NotFound(
                    "these variants have expired or were never there.",
                    where="variants",
                    hint="Ask for them again.",
                    code="variant.not_found",
                )
            return _record(connection, row)

    def waiting(self) -> int:
        """How many jobs are queued."""
        with self._database.read() as connection:
            return _waiting(connection)

    def recent_seconds(self) -> float | None:
        """Mean time that the last jobs took which drew anything; ``None`` before the first."""
        taken = RENDER_JOB.c.finished_s - RENDER_JOB.c.started_s
        query = (
            sa.select(taken)
            .where(RENDER_JOB.c.status == JobStatus.DONE.value, sa.not_(RENDER_JOB.c.cached))
            .order_by(RENDER_JOB.c.finished_s.desc())
            .limit(_RECENT)
        )
        with self._database.read() as connection:
            seconds = [float(each) for each in connection.execute(query).scalars()]
        return sum(seconds) / len(seconds) if seconds else None

    # --- queueing --------------------------------------------------------------------------------

    def create(self, job: NewRender, *, most_waiting: int, now_s: float) -> bool:
        """Queue a job, unless so many wait already.

        Returns:
            Whether it was queued.
        """
        with self._database.write() as connection:
            if _waiting(connection) >= most_waiting:
                return False
            connection.execute(
                sa.insert(RENDER_JOB).values(_new(job, JobStatus.QUEUED, now_s=now_s))
            )
            return True

    def create_done(
        self, job: NewRender, pictures: Sequence[tuple[str, int]], *, now_s: float, expires_s: float
    ) -> None:
        """Write down a job that has nothing to draw.

        Args:
            job: The job.
            pictures: Key and seed of each, all of them held, see `rendered.RenderedTable.hold`.
            now_s: Unix time.
            expires_s: Unix time.
        """
        values = _new(job, JobStatus.DONE, now_s=now_s) | {
            "cached": True,
            "started_s": now_s,
            "finished_s": now_s,
            "expires_s": expires_s,
        }
        with self._database.write() as connection:
            connection.execute(sa.insert(RENDER_JOB).values(values))
            connection.execute(
                sa.insert(RENDER_JOB_PICTURE),
                [
                    {"job_id": job.job_id, "number": number, "picture_key": key, "seed": seed}
                    for number, (key, seed) in enumerate(pictures, start=1)
                ],
            )

    def cancel(self, job_id: str, *, now_s: float, expires_s: float) -> bool:
        """End a job that is not finished; its pictures stay.

        Returns:
            Whether this call ended it.
        """
        with self._database.write() as connection:
            changed = connection.execute(
                sa.update(RENDER_JOB)
                .where(
                    RENDER_JOB.c.job_id == job_id,
                    RENDER_JOB.c.status.in_([each.value for each in UNFINISHED]),
                )
                .values(
                    status=JobStatus.CANCELLED.value,
                    finished_s=now_s,
                    expires_s=expires_s,
                    owner="",
                )
            )
            return changed.rowcount > 0

    # --- running ---------------------------------------------------------------------------------

    def claim(
        self,
        *,
        owner: str,
        engines: Collection[str],
        now_s: float,
        lease_s: float,
        max_attempts: int,
        keep_s: float,
    ) -> RenderRecord | None:
        """Start the oldest queued job whose work nobody else does; ``None`` where there is none.

        Jobs of other engines are left to processes that have them, for an hour; who takes one then
        can tell its submitter that nobody draws it. Jobs whose owner has renewed no lease are
        queued again first, those that were started `max_attempts` times are given up.

        Args:
            owner: Who will do it.
            engines: Names of those that it has.
            now_s: Unix time.
            lease_s: How long nobody else takes it.
            max_attempts: A job during which its process died this often may be the cause.
            keep_s: How long a job that is given up can be asked for.
        """
        try:
            with self._database.write() as connection:
                _take_back(connection, now_s=now_s, max_attempts=max_attempts, keep_s=keep_s)
                other = RENDER_JOB.alias()
                drawing = other.c.status == JobStatus.RUNNING.value
                able = sa.or_(
                    RENDER_JOB.c.engine.in_(list(engines)),
                    sa.and_(
                        RENDER_JOB.c.created_s < now_s - _LEFT_TO_OTHERS_S,
                        RENDER_JOB.c.engine.not_in(sa.select(other.c.engine).where(drawing)),
                    ),
                )
                busy = sa.select(other.c.work).where(drawing)
                job_id = connection.execute(
                    sa.select(RENDER_JOB.c.job_id)
                    .where(_QUEUED, able, RENDER_JOB.c.work.not_in(busy))
                    .order_by(RENDER_JOB.c.created_s, RENDER_JOB.c.job_id)
                    .limit(1)
                    .with_for_update(skip_locked=True)  # ignored by SQLite, which has one writer
                ).scalar()
                if job_id is None:
                    return None
                connection.execute(
                    sa.update(RENDER_JOB)
                    .where(RENDER_JOB.c.job_id == job_id)
                    .values(
                        status=JobStatus.RUNNING.value,
                        owner=owner,
                        lease_s=now_s + lease_s,
                        started_s=now_s,
                        attempts=RENDER_JOB.c.attempts + 1,
                    )
                )
                chosen = sa.select(RENDER_JOB).where(RENDER_JOB.c.job_id == job_id)
                return _record(connection, connection.execute(chosen).one())
        except IntegrityError:  # another process has just begun the same work
            return None

    def renew(self, owner: str, *, now_s: float, lease_s: float) -> None:
        """Keep all jobs of an owner for a while longer."""
        with self._database.write() as connection:
            connection.execute(
                sa.update(RENDER_JOB)
                .where(_RUNNING, RENDER_JOB.c.owner == owner)
                .values(lease_s=now_s + lease_s)
            )

    def revise(self, job_id: str, *, owner: str, revision: str) -> None:
        """Say that another revision of the engine draws than was asked."""
        self._update(job_id, owner, revision=revision)

    def add_picture(
        self, job_id: str, *, owner: str, number: int, picture_key: str, seed: int
    ) -> bool:
        """Add a picture that is there.

        Returns:
            Whether the job is still this owner's; nothing is written otherwise.
        """
        with self._database.write() as connection:
            query = sa.select(RENDER_JOB.c.job_id).where(*_owned(job_id, owner))
            if connection.execute(query).scalar() is None:
                return False
            connection.execute(
                sa.insert(RENDER_JOB_PICTURE).values(
                    job_id=job_id, number=number, picture_key=picture_key, seed=seed
                )
            )
            return True

    def put_back(self, job_id: str, *, owner: str) -> None:
        """Queue a job again as if this start had not been: its process closes in order."""
        attempts = RENDER_JOB.c.attempts - 1
        self._update(job_id, owner, status=JobStatus.QUEUED.value, attempts=attempts, owner="")

    def finish(
        self,
        job_id: str,
        status: JobStatus,
        *,
        owner: str,
        now_s: float,
        expires_s: float,
        cached: bool = False,
        error_code: str = "",
        error: str = "",
    ) -> bool:
        """Close a job.

        Returns:
            Whether it was this owner's to close.
        """
        return self._update(
            job_id,
            owner,
            status=status.value,
            finished_s=now_s,
            expires_s=expires_s,
            cached=cached,
            error_code=error_code,
            error=error,
            owner="",
        )

    # --- sweeping --------------------------------------------------------------------------------

    def remove_expired(self, *, now_s: float) -> list[str]:
        """Forget the jobs that have expired; tells their ids."""
        with self._database.write() as connection:
            old = RENDER_JOB.c.expires_s <= now_s
            ids = list(connection.execute(sa.select(RENDER_JOB.c.job_id).where(old)).scalars())
            if ids:
                for table in (RENDER_JOB_PICTURE, RENDER_JOB):
                    connection.execute(sa.delete(table).where(table.c.job_id.in_(ids)))
            return ids

    def ids(self) -> set[str]:
        """Every job's id."""
        with self._database.read() as connection:
            return set(connection.execute(sa.select(RENDER_JOB.c.job_id)).scalars())

    def _update(self, job_id: str, owner_now: str, **values: Any) -> bool:
        with self._database.write() as connection:
            changed = connection.execute(
                sa.update(RENDER_JOB).where(*_owned(job_id, owner_now)).values(values)
            )
            return changed.rowcount > 0


def _owned(job_id: str, owner: str) -> tuple[sa.ColumnElement[bool], ...]:
    return RENDER_JOB.c.job_id == job_id, _RUNNING, RENDER_JOB.c.owner == owner


def _new(job: NewRender, status: JobStatus, *, now_s: float) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "work": job.work,
        "engine": job.engine,
        "revision": job.revision,
        "asked": job.asked,
        "count": job.count,
        "status": status.value,
        "cached": False,
        "attempts": 0,
        "owner": "",
        "lease_s": 0.0,
        "error_code": "",
        "error": "",
        "created_s": now_s,
    }


def _waiting(connection: sa.Connection) -> int:
    return connection.execute(sa.select(sa.func.count()).where(_QUEUED)).scalar_one()


def _take_back(
    connection: sa.Connection, *, now_s: float, max_attempts: int, keep_s: float
) -> None:
    lost = (_RUNNING, RENDER_JOB.c.lease_s <= now_s)
    connection.execute(
        sa.update(RENDER_JOB)
        .where(*lost, RENDER_JOB.c.attempts >= max_attempts)
        .values(
            status=JobStatus.FAILED.value,
            owner="",
            finished_s=now_s,
            expires_s=now_s + keep_s,
            error_code="job.interrupted",
            error=f"the process ended {max_attempts} times while this was drawn.",
        )
    )
    connection.execute(
        sa.update(RENDER_JOB).where(*lost).values(status=JobStatus.QUEUED.value, owner="")
    )


def _record(connection: sa.Connection, row: sa.Row[Any]) -> RenderRecord:
    held: dict[str, Any] = dict(row._mapping)  # pyright: ignore[reportPrivateUsage]  # public in spite of its name
    for name in ("owner", "lease_s"):
        held.pop(name)
    held["status"] = JobStatus(held["status"])
    position = 0
    if held["status"] is JobStatus.QUEUED:
        created, job_id = RENDER_JOB.c.created_s, RENDER_JOB.c.job_id
        before = sa.or_(
            created < row.created_s, sa.and_(created == row.created_s, job_id <= row.job_id)
        )
        counted = sa.select(sa.func.count()).where(_QUEUED, before)
        position = connection.execute(counted).scalar_one()
    pictures = connection.execute(
        sa.select(
            RENDER_JOB_PICTURE.c.number,
            RENDER_JOB_PICTURE.c.seed,
            RENDER_PICTURE.c.picture_key,
            RENDER_PICTURE.c.width_px,
            RENDER_PICTURE.c.height_px,
            RENDER_PICTURE.c.sketch,
            RENDER_PICTURE.c.document,
        )
        .join(RENDER_PICTURE, RENDER_PICTURE.c.picture_key == RENDER_JOB_PICTURE.c.picture_key)
        .where(RENDER_JOB_PICTURE.c.job_id == row.job_id)
        .order_by(RENDER_JOB_PICTURE.c.number)
    )
    return RenderRecord(
        **held,
        position=position,
        pictures=tuple(JobPicture(**each._mapping) for each in pictures),  # pyright: ignore[reportPrivateUsage]  # as above
    )
