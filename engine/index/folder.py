"""The folder of an Edge index: one owner, one current shard, nothing half-done.

::

    manifest.json     what filled it
    lock              held by the process that has it open
    current           name of the shard in use, replaced in one step
    shard-<random>/   that shard; others are left over from a build that died, removed at open
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import uuid
from pathlib import Path

from engine.errors import Conflict, IndexLocked, InvalidInput
from engine.index.durable import copy_tree, write_durably
from engine.index.manifest import MANIFEST_FILE

if sys.platform != "win32":
    import fcntl

LOCK_FILE = "lock"
CURRENT_FILE = "current"
SHARD_PREFIX = "shard-"
MIN_FREE_BYTES = 256 << 20
"""A full disk kills the process (its files are memory-mapped), so writing stops before."""


class IndexFolder:
    """An index folder that this process owns until `release`.

    Raises:
        IndexLocked: Another process has it open.
        InvalidInput: The folder holds something else.
    """

    def __init__(self, path: Path):
        self.path = path
        _refuse_foreign(path)
        path.mkdir(parents=True, exist_ok=True)
        self._lock: int | None = _acquire(path / LOCK_FILE)

    @property
    def current(self) -> Path | None:
        """The shard in use; ``None`` before the first one is complete."""
        try:
            name = (self.path / CURRENT_FILE).read_text().strip()
        except FileNotFoundError:
            return None
        return self.path / name

    def new_shard(self) -> Path:
        """A path that no shard ever had: an orphaned build can touch only its own."""
        return self.path / f"{SHARD_PREFIX}{uuid.uuid4().hex[:12]}"

    def copy_current(self) -> Path:
        """A copy of the current shard, which must be closed.

        Raises:
            Conflict: There is not enough room on the disk.
        """
        current = self.current
        assert current is not None
        used_bytes = sum(p.stat().st_blocks * 512 for p in current.rglob("*") if p.is_file())
        self.check_room(2 * used_bytes)  # the copy, and the segments built from it
        target = self.new_shard()
        copy_tree(current, target)
        return target

    def use(self, shard: Path) -> None:
        """Make a shard the current one, in one step."""
        write_durably(self.path / CURRENT_FILE, f"{shard.name}\n".encode())

    def remove_leftovers(self) -> None:
        """Remove every shard but the current one."""
        current = self.current
        for shard in self.path.glob(f"{SHARD_PREFIX}*"):
            if shard != current:
                shutil.rmtree(shard, ignore_errors=True)

    def check_room(self, needed_bytes: int = 0) -> None:
        """See that a write fits.

        Raises:
            Conflict: It does not (code ``disk.full``).
        """
        free_bytes = shutil.disk_usage(self.path).free
        if free_bytes < needed_bytes + MIN_FREE_BYTES:
            raise Conflict(
                f"{free_bytes >> 20} MiB are free, {(needed_bytes + MIN_FREE_BYTES) >> 20} MiB "
                "are needed.",
                where=str(self.path),
                hint="Free some space on this disk and run it again.",
                code="disk.full",
            )

    def erase(self) -> None:
        """Remove all shards and the manifest; the lock is kept."""
        (self.path / CURRENT_FILE).unlink(missing_ok=True)
        (self.path / MANIFEST_FILE).unlink(missing_ok=True)
        self.remove_leftovers()

    def release(self) -> None:
        """Let others open it. Releasing twice is fine."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _refuse_foreign(path: Path) -> None:
    if not path.exists():
        return
    if not path.is_dir():
        raise InvalidInput("this is a file", where=str(path), hint="Name a folder for the index.")
    ours = {MANIFEST_FILE, LOCK_FILE, CURRENT_FILE}
    names = {entry.name.removesuffix(".tmp") for entry in path.iterdir()}
    foreign = {name for name in names - ours if not name.startswith(SHARD_PREFIX)}
    if foreign and MANIFEST_FILE not in names:
        raise InvalidInput(
            f"the folder holds other files, such as {min(foreign)!r}",
            where=str(path),
            hint="Name an empty or a new folder for the index.",
        )


def _acquire(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    if sys.platform != "win32":
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = ""
            with contextlib.suppress(OSError):
                owner = os.read(descriptor, 32).decode(errors="replace").strip()
            os.close(descriptor)
            raise locked(path.parent, owner) from error
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return descriptor


def locked(folder: Path, owner: str = "") -> IndexLocked:
    """The error for a folder that is open elsewhere."""
    by = f"process {owner}" if owner else "another process"
    return IndexLocked(
        f"the index is open in {by}",
        where=str(folder),
        hint="One process owns an embedded index: stop that one or send requests to it, or use "
        "a Qdrant server (an http:// address) to share it.",
    )
