"""Feeds that were sent over HTTP: kept until they are ingested, then removed."""

from __future__ import annotations

import re
import secrets
import shutil
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import BinaryIO

_SAFE_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_PIECE_BYTES = 1 << 20
ARRIVING_S = 3600.0
"""A folder younger than this may belong to a feed that another process is about to queue."""


class FeedUploads:
    """A folder with a folder for each feed that waits.

    Args:
        folder: Made with the first feed.
        now: Seconds since the epoch.
    """

    def __init__(self, folder: Path, *, now: Callable[[], float] = time.time) -> None:
        self._folder = folder.resolve()
        self._now = now

    def keep(self, name: str, file: BinaryIO) -> Path:
        """Write a feed to a file of ours; its own name lends only letters and the suffix."""
        safe = _SAFE_NAME.sub("_", Path(name or "feed.csv").name).lstrip(".")[-80:]
        home = self._folder / secrets.token_hex(8)
        home.mkdir(parents=True)
        path = home / (safe or "feed.csv")
        part = path.with_name(path.name + ".part")
        with part.open("wb") as target:
            shutil.copyfileobj(file, target, _PIECE_BYTES)
        part.replace(path)
        return path

    def discard(self, feed: Path) -> None:
        """Remove a feed that was kept here; any other one is left alone."""
        home = feed.resolve().parent
        if home.parent == self._folder:
            shutil.rmtree(home, ignore_errors=True)

    def sweep(self, waiting: Collection[str]) -> int:
        """Remove what no job waits for, as after a crash.

        Args:
            waiting: Paths of the feeds of unfinished jobs.

        Returns:
            How many were removed.
        """
        if not self._folder.is_dir():
            return 0
        kept = {Path(each).resolve().parent for each in waiting}
        removed = 0
        for home in self._folder.iterdir():
            try:
                age_s = self._now() - home.stat().st_mtime
            except FileNotFoundError:
                continue  # its job has just ended
            if home not in kept and age_s > ARRIVING_S:
                shutil.rmtree(home, ignore_errors=True)
                removed += 1
        return removed
