"""Files of variants: references that jobs wait with, pictures as drawn, pictures as handed out.

jobs/<job>/reference      the shopper's picture, until the job ends
jobs/<job>/<number>.webp  marked, with its provenance
drawn/<key>.webp          as drawn: without loss, without mark; jobs share it
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Collection
from pathlib import Path

from engine.errors import NotFound

__all__ = ["VariantFolder"]

_log = logging.getLogger(__name__)
_JOB = re.compile(r"[0-9a-f]{32}")
_KEY = re.compile(r"[0-9a-f]{64}")
ARRIVING_S = 3600.0
"""A folder younger than this may belong to a job that is about to be queued."""


class VariantFolder:
    """One folder of a home; safe to share between threads and processes.

    Args:
        root: Made with the first file.
        now: Seconds since the epoch.
    """

    def __init__(self, root: Path, *, now: Callable[[], float] = time.time) -> None:
        self._jobs, self._drawn = root / "jobs", root / "drawn"
        self._now = now

    def put_reference(self, job_id: str, data: bytes) -> None:
        """Keep a reference picture for a job."""
        _write(self._job(job_id) / "reference", data)

    def reference(self, job_id: str) -> bytes:
        """The reference picture of a job that is not finished.

        Raises:
            NotFound: It is gone.
        """
        return _read(self._job(job_id) / "reference")

    def drop_reference(self, job_id: str) -> None:
        """The job needs it no more."""
        (self._job(job_id) / "reference").unlink(missing_ok=True)

    def put_picture(self, job_id: str, number: int, data: bytes) -> None:
        """Keep a picture to be handed out."""
        _write(self._picture(job_id, number), data)

    def picture(self, job_id: str, number: int) -> bytes:
        """A picture to be handed out.

        Raises:
            NotFound: It is not there.
        """
        return _read(self._picture(job_id, number))

    def put_drawn(self, key: str, data: bytes) -> None:
        """Keep a picture as drawn."""
        _write(self._key(key), data)

    def has_drawn(self, key: str) -> bool:
        """Whether a picture as drawn is there."""
        return self._key(key).is_file()

    def drawn(self, key: str) -> bytes:
        """A picture as drawn, encoded without loss.

        Raises:
            NotFound: It is not there.
        """
        return _read(self._key(key))

    def drop_job(self, job_id: str) -> None:
        """Remove all files of a job."""
        shutil.rmtree(self._job(job_id), ignore_errors=True)

    def drop_drawn(self, key: str) -> bool:
        """Remove a picture as drawn; tells whether it is gone, and the log why not."""
        try:
            self._key(key).unlink(missing_ok=True)
        except OSError:
            _log.exception("a drawn picture stays key=%s", key)
            return False
        return True

    def drop_strangers(self, jobs: Collection[str]) -> int:
        """Remove folders of which no job knows, as after a crash; tells how many."""
        if not self._jobs.is_dir():
            return 0
        removed = 0
        for folder in self._jobs.iterdir():
            try:
                age_s = self._now() - folder.stat().st_mtime
            except FileNotFoundError:
                continue  # its job has just expired
            if folder.name not in jobs and age_s > ARRIVING_S:
                shutil.rmtree(folder, ignore_errors=True)
                removed += 1
        return removed

    def _job(self, job_id: str) -> Path:
        if not _JOB.fullmatch(job_id):
            raise _gone()
        return self._jobs / job_id

    def _picture(self, job_id: str, number: int) -> Path:
        return self._job(job_id) / f"{int(number)}.webp"

    def _key(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise _gone()
        return self._drawn / key[:2] / f"{key}.webp"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise _gone() from None


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, also after a loss of power: the catalogue says that it is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _gone() -> NotFound:
    return NotFound(
        "there is no such picture.",
        where="variants",
        hint="It has expired, or was not drawn yet.",
        code="variant.picture_not_found",
    )
