"""Folders in memory where there is room: an Edge shard syncs its 23 payload indexes at creation."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

MEMORY_DISK = Path("/dev/shm")
NEEDED_BYTES = 2 << 30


@pytest.fixture(scope="session")
def quick_folder() -> Iterator[Path]:
    """A folder for shards, in memory where that is possible; removed at the end."""
    roomy = MEMORY_DISK.is_dir() and shutil.disk_usage(MEMORY_DISK).free > NEEDED_BYTES
    with tempfile.TemporaryDirectory(dir=MEMORY_DISK if roomy else None) as folder:
        yield Path(folder)


@pytest.fixture
def folder(quick_folder: Path) -> Iterator[Path]:
    """A path in `quick_folder` where nothing is yet."""
    with tempfile.TemporaryDirectory(dir=quick_folder) as made:
        yield Path(made) / "index"
