"""What a render job is, before and after it is queued. `engine.catalogue.renders` keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.catalogue.jobs import JobStatus

__all__ = ["UNFINISHED", "JobPicture", "NewRender", "RenderRecord"]

UNFINISHED = (JobStatus.QUEUED, JobStatus.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRender:
    """A job that is about to be queued.

    Attributes:
        job_id: 32 hexadecimal digits, random: who knows them sees the pictures.
        work: Jobs of the same work draw the same pictures; one of them runs at a time.
        engine: Name of the renderer.
        revision: Of the renderer when it was asked.
        asked: What is to be drawn, as the submitter wrote it.
        count: How many pictures.
    """

    job_id: str
    work: str
    engine: str
    revision: str
    asked: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPicture:
    """One picture of a job.

    Attributes:
        number: Its place, from 1.
        picture_key: Of the drawn picture, which jobs may share.
        document: What was written with the picture.
    """

    number: int
    seed: int
    picture_key: str
    width_px: int
    height_px: int
    sketch: bool
    document: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderRecord:
    """A job as it is now.

    Attributes:
        position: In the queue, from 1; 0 when it does not wait.
        cached: Nothing was drawn for it: all its pictures were there.
        attempts: How often it was started.
        created_s: Unix time; the other times are ``None`` until they come.
        pictures: Those that are there, by number.
    """

    job_id: str
    work: str
    engine: str
    revision: str
    asked: str
    count: int
    status: JobStatus
    cached: bool
    attempts: int
    error_code: str
    error: str
    created_s: float
    started_s: float | None
    finished_s: float | None
    expires_s: float | None
    position: int = 0
    pictures: tuple[JobPicture, ...] = field(default=())

    @property
    def is_finished(self) -> bool:
        """Whether nothing of it will change any more."""
        return self.status not in UNFINISHED
