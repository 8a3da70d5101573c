"""Files and folders that are whole after a loss of power, or were never there."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

_CHUNK_BYTES = 4 << 20


def write_durably(path: Path, data: bytes) -> None:
    """Replace a file in one step."""
    beside = path.with_name(path.name + ".tmp")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Make a file or the names in a folder survive a loss of power."""
    if sys.platform == "win32" and path.is_dir():
        return  # folders cannot be opened there
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """`sync` a folder and everything under it."""
    for path in [*folder.rglob("*"), folder]:
        sync(path)


def copy_tree(source: Path, target: Path) -> None:
    """Copy a folder and leave holes holes: shards preallocate, so copies would be much larger."""
    shutil.copytree(source, target, copy_function=_copy_sparse)


def _copy_sparse(source: str, target: str) -> None:
    with Path(source).open("rb") as reader, Path(target).open("wb") as writer:
        while chunk := reader.read(_CHUNK_BYTES):
            if chunk.count(0) == len(chunk):
                writer.seek(len(chunk), os.SEEK_CUR)
            else:
                writer.write(chunk)
        writer.truncate(reader.tell())
