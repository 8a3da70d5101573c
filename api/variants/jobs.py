"""Variants in the background: asked for, queued, drawn one picture at a time, kept for a day.

The queue lies in the catalogue (`engine.catalogue.renders`): it survives a restart, and several
processes over one home share it.
"""

from __future__ import annotations

import math
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from api.variants.asked import Asked, picture_keys, work_key
from api.variants.pictures import VariantPictures
from api.variants.queue import TooManyVariants
from api.variants.store import VariantFolder
from api.variants.worker import VariantWorker, WorkerEvents
from engine.catalogue.render_records import NewRender, RenderRecord
from engine.catalogue.store import CatalogueStore
from engine.errors import NotFound
from engine.ports import Renderer

__all__ = ["VariantJobs"]

_GUESSED_S = 10.0
"""What a job takes, before any has been drawn."""
_MOST_RETRY_S = 120


class VariantJobs:
    """The queue, its workers and its pictures. Safe to share between threads.

    Args:
        catalogue: Holds the queue.
        renderers: Who draws, by name.
        folder: Holds the files.
        at_once: Jobs that this process draws at a time.
        most_waiting: Jobs that may wait, over all processes.
        keep_s: How long pictures can be had after the job has ended.
        events: Are told of what is drawn, in the workers' threads.
        clock: Unix time.
    """

    def __init__(
        self,
        *,
        catalogue: CatalogueStore,
        renderers: Mapping[str, Renderer],
        folder: VariantFolder,
        at_once: int,
        most_waiting: int,
        keep_s: float,
        events: WorkerEvents | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._catalogue = catalogue
        self._folder = folder
        self._at_once = at_once
        self._most_waiting = most_waiting
        self._keep_s = keep_s
        self._clock = clock
        self._pictures = VariantPictures(catalogue, folder, clock=clock)
        self._changes = 0
        self._changing = threading.Lock()
        told = events or WorkerEvents()
        self._events = replace(told, on_change=lambda: (self._changed(), told.on_change()))
        self._worker = VariantWorker(
            catalogue=catalogue,
            renderers=renderers,
            folder=folder,
            pictures=self._pictures,
            at_once=at_once,
            keep_s=keep_s,
            events=self._events,
            clock=clock,
        )

    @property
    def changes(self) -> int:
        """Grows whenever this process has changed any job."""
        return self._changes

    def start(self) -> None:
        """Start the workers; what another process left unfinished goes on."""
        self._worker.start()

    def close(self, *, timeout_s: float = 30.0) -> None:
        """Stop after the present picture; unfinished jobs go on at the next start."""
        self._worker.close(timeout_s=timeout_s)

    def submit(self, asked: Asked, picture: bytes) -> RenderRecord:
        """Queue a job, or answer it from what was drawn before.

        Args:
            asked: What is to be drawn.
            picture: The reference, encoded.

        Raises:
            TooManyVariants: The queue is full.
        """
        job = NewRender(
            job_id=secrets.token_hex(16),
            work=work_key(asked),
            engine=asked.engine,
            revision=asked.revision,
            asked=asked.to_json(),
            count=asked.count,
        )
        try:
            if not self._answer(job, asked):
                self._folder.put_reference(job.job_id, picture)
                if not self._catalogue.renders.create(
                    job, most_waiting=self._most_waiting, now_s=self._clock()
                ):
                    raise self.full()
        except BaseException:
            self._folder.drop_job(job.job_id)
            raise
        self._changed()
        self._worker.wake()
        return self.status(job.job_id)

    def status(self, job_id: str) -> RenderRecord:
        """How far a job is.

        Raises:
            NotFound: There is none, or it has expired.
        """
        return self._catalogue.renders.get(job_id, now_s=self._clock())

    def cancel(self, job_id: str) -> RenderRecord:
        """End a job; pictures that are there stay. One that has ended stays as it is.

        Raises:
            NotFound: There is none, or it has expired.
        """
        now_s = self._clock()
        if self._catalogue.renders.cancel(job_id, now_s=now_s, expires_s=now_s + self._keep_s):
            self._folder.drop_reference(job_id)
            self._changed()
            self._events.on_finished("cancelled")
        return self.status(job_id)

    def picture(self, job_id: str, number: int) -> bytes:
        """A picture as it is handed out: WebP, marked.

        Raises:
            NotFound: There is none (yet), or the job has expired.
        """
        self._listed(job_id, number)
        return self._folder.picture(job_id, number)

    def drawn(self, job_id: str, number: int) -> bytes:
        """A picture as it was drawn, for our own use: encoded without loss, without the mark.

        Raises:
            NotFound: As for `picture`.
        """
        return self._folder.drawn(self._listed(job_id, number))

    def waiting(self) -> int:
        """How many jobs wait."""
        return self._catalogue.renders.waiting()

    def full(self) -> TooManyVariants:
        """What a caller is told who comes when too many wait: come when the next one is done."""
        mean_s = self._catalogue.renders.recent_seconds()
        seconds = (_GUESSED_S if mean_s is None else mean_s) / self._at_once
        return TooManyVariants(self._most_waiting, min(_MOST_RETRY_S, max(1, math.ceil(seconds))))

    def _answer(self, job: NewRender, asked: Asked) -> bool:
        """Write the job down as done, where all its pictures are there."""
        keys = picture_keys(asked)
        held = self._pictures.held(keys)
        if not all(key in held for key in keys):
            return False
        for number, key in enumerate(keys, start=1):
            self._pictures.hand_out(job.job_id, number, asked, held[key])
        now_s = self._clock()
        self._catalogue.renders.create_done(
            job, list(zip(keys, asked.seeds, strict=True)), now_s=now_s,
            expires_s=now_s + self._keep_s,
        )  # fmt: skip
        self._events.on_finished("cached")
        return True

    def _listed(self, job_id: str, number: int) -> str:
        for each in self.status(job_id).pictures:
            if each.number == number:
                return each.picture_key
        raise NotFound(
            f"the job has no picture {number} (yet).",
            where="variants",
            code="variant.picture_not_found",
        )

    def _changed(self) -> None:
        with self._changing:
            self._changes += 1
