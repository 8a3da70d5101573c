"""The threads that draw.

One job at a time a thread, one picture at a time a job. A further thread renews the leases of jobs
that run, so that a job whose process died is known by its silence, and sweeps what has expired.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from api.variants.asked import Asked, picture_keys
from api.variants.engines import choose_engine
from api.variants.pictures import VariantPictures
from api.variants.store import VariantFolder
from engine.catalogue.jobs import JobStatus
from engine.catalogue.render_records import RenderRecord
from engine.catalogue.rendered import RenderedPicture
from engine.catalogue.store import CatalogueStore
from engine.errors import InvalidInput, LookalikeError
from engine.ports import Renderer
from engine.rendering import DrawRequest, Rendering
from engine.types import ImageRGB

__all__ = ["VariantWorker", "WorkerEvents"]

MAX_ATTEMPTS = 3
"""A job during which its process died this often is not tried again: it may be the cause."""
LEASE_S = 15.0
RENEW_S = 4.0
POLL_S = 2.0
"""Another process may have queued a job, or died over one."""
NICE = 5
SWEEP_S = 600.0
PAUSE_AFTER_FAILURE_S = 5.0

_log = logging.getLogger(__name__)


def _nothing(*_: object) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerEvents:
    """What is told, in the threads that it happens in.

    Attributes:
        on_change: A job has changed.
        on_picture: A picture was drawn: engine, seconds.
        on_finished: A job has ended: done, cached, failed or cancelled.
    """

    on_change: Callable[[], object] = _nothing
    on_picture: Callable[[str, float], object] = _nothing
    on_finished: Callable[[str], object] = _nothing


class VariantWorker:
    """Draws what is queued; `start` starts it. See `api.variants.jobs.VariantJobs`."""

    def __init__(
        self,
        *,
        catalogue: CatalogueStore,
        renderers: Mapping[str, Renderer],
        folder: VariantFolder,
        pictures: VariantPictures,
        at_once: int,
        keep_s: float,
        events: WorkerEvents,
        clock: Callable[[], float],
    ) -> None:
        self._catalogue = catalogue
        self._renderers = renderers
        self._folder = folder
        self._pictures = pictures
        self._keep_s = keep_s
        self._events = events
        self._clock = clock
        self._owner = secrets.token_hex(8)
        self._work = threading.Semaphore(0)
        self._closing = threading.Event()
        names = [f"variants-{number}" for number in range(at_once)]
        self._threads = [
            *(threading.Thread(target=self._draw_jobs, name=name, daemon=True) for name in names),
            threading.Thread(target=self._watch, name="variants-watch", daemon=True),
        ]

    def start(self) -> None:
        """Start the threads."""
        for each in self._threads:
            each.start()

    def wake(self) -> None:
        """Say that a job was queued."""
        self._work.release()

    def close(self, *, timeout_s: float) -> None:
        """Stop after the present picture.

        Args:
            timeout_s: After this a job is left alone; it goes on once its lease is over.
        """
        self._closing.set()
        for _ in self._threads:
            self._work.release()
        until_s = time.monotonic() + timeout_s
        for each in self._threads:
            if each.is_alive():
                each.join(max(0.0, until_s - time.monotonic()))

    # --- the threads -----------------------------------------------------------------------------

    def _draw_jobs(self) -> None:
        _step_back()
        while not self._closing.is_set():
            # Whatever fails in here, a locked database most likely, must not end the thread: the
            # jobs behind would wait for ever.
            try:
                record = self._catalogue.renders.claim(
                    owner=self._owner,
                    engines=list(self._renderers),
                    now_s=self._clock(),
                    lease_s=LEASE_S,
                    max_attempts=MAX_ATTEMPTS,
                    keep_s=self._keep_s,
                )
                if record is None:
                    self._work.acquire(timeout=POLL_S)
                    continue
                self._events.on_change()
                self._run(record)
                self._events.on_change()
            except Exception:  # noqa: BLE001  # said above
                _log.exception("a worker of variants failed and goes on")
                self._closing.wait(PAUSE_AFTER_FAILURE_S)

    def _watch(self) -> None:
        swept_s = float("-inf")
        while not self._closing.is_set():
            try:
                self._catalogue.renders.renew(self._owner, now_s=self._clock(), lease_s=LEASE_S)
                if time.monotonic() - swept_s >= SWEEP_S:
                    swept_s = time.monotonic()
                    self.sweep()
            except Exception:  # noqa: BLE001  # as above
                _log.exception("watching over variants failed and goes on")
            self._closing.wait(RENEW_S)

    def sweep(self) -> None:
        """Remove what has expired, and files of which nothing knows."""
        now_s = self._clock()
        for job_id in self._catalogue.renders.remove_expired(now_s=now_s):
            self._folder.drop_job(job_id)
        self._catalogue.rendered.remove_unused(
            before_s=now_s - self._keep_s, drop=self._folder.drop_drawn
        )
        self._folder.drop_strangers(self._catalogue.renders.ids())

    # --- one job ---------------------------------------------------------------------------------

    def _run(self, record: RenderRecord) -> None:
        status, code, message, is_cached = JobStatus.DONE, "", "", False
        try:
            is_cached = self._draw(record)
        except _Stopped:
            self._put_aside(record)
            return
        except InvalidInput as error:
            status, code, message = JobStatus.FAILED, error.code, str(error)
        except LookalikeError as error:
            # Where it is may be a place on this machine, which is for the log alone.
            _log.exception("variants cannot be drawn job=%s", record.job_id)
            status, code = JobStatus.FAILED, error.code
            message = f"{error.what} {error.hint}".strip()
        except Exception:  # noqa: BLE001  # the worker must outlive any one picture
            _log.exception("drawing variants failed job=%s", record.job_id)
            status, code = JobStatus.FAILED, "variant.failed"
            message = "the engine failed; the log has why under this job's id."
        if status is JobStatus.FAILED and self._closing.is_set():
            self._put_aside(record)  # what it draws with may be closed already
            return
        now_s = self._clock()
        is_ours = self._catalogue.renders.finish(
            record.job_id,
            status,
            owner=self._owner,
            now_s=now_s,
            expires_s=now_s + self._keep_s,
            cached=is_cached,
            error_code=code,
            error=message,
        )
        if is_ours:
            self._folder.drop_reference(record.job_id)
            self._events.on_finished(status.value)

    def _put_aside(self, record: RenderRecord) -> None:
        """Leave a job to the next start, if it is still ours and the process closes."""
        if self._closing.is_set():
            self._catalogue.renders.put_back(record.job_id, owner=self._owner)

    def _draw(self, record: RenderRecord) -> bool:
        """All pictures that the job lacks; tells whether none had to be drawn."""
        asked = Asked.from_json(record.asked)
        renderer = choose_engine(self._renderers, asked.engine)
        if renderer.revision != asked.revision:
            # Another version of the program goes on: its pictures are others.
            asked = replace(asked, revision=renderer.revision)
            self._catalogue.renders.revise(
                record.job_id, owner=self._owner, revision=renderer.revision
            )
        there = {each.number for each in record.pictures}
        keys = {
            number: key
            for number, key in enumerate(picture_keys(asked), start=1)
            if number not in there
        }
        held = self._pictures.held(list(keys.values()))
        for number, key in keys.items():
            if key in held:
                self._add(record, asked, number, held[key])
        missing = {number: key for number, key in keys.items() if key not in held}
        if missing:
            self._draw_missing(record, asked, renderer, missing)
        return not missing and not there

    def _draw_missing(
        self, record: RenderRecord, asked: Asked, renderer: Renderer, keys: Mapping[int, str]
    ) -> None:
        request = asked.request(self._folder.reference(record.job_id))
        seeds = [asked.seeds[number - 1] for number in keys]
        began = time.perf_counter()
        with closing(_pictures(renderer, request, seeds)) as renderings:
            for (number, key), rendering in zip(keys.items(), renderings, strict=True):
                self._events.on_picture(asked.engine, time.perf_counter() - began)
                picture = self._pictures.keep(key, rendering)
                self._add(record, asked, number, picture, image=rendering.image)
                began = time.perf_counter()

    def _add(
        self,
        record: RenderRecord,
        asked: Asked,
        number: int,
        picture: RenderedPicture,
        *,
        image: ImageRGB | None = None,
    ) -> None:
        self._pictures.hand_out(record.job_id, number, asked, picture, image=image)
        is_ours = self._catalogue.renders.add_picture(
            record.job_id,
            owner=self._owner,
            number=number,
            picture_key=picture.picture_key,
            seed=asked.seeds[number - 1],
        )
        self._events.on_change()
        if not is_ours or self._closing.is_set():
            raise _Stopped


def _step_back() -> None:
    """Let searches have the cores first, where the system knows priorities of threads."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)


def _pictures(
    renderer: Renderer, request: DrawRequest, seeds: Sequence[int]
) -> Generator[Rendering]:
    """What a renderer draws, as something that can be closed half-way."""
    yield from renderer.draw(request, seeds)


class _Stopped(Exception):
    """The job was cancelled or lost, or the process closes."""
