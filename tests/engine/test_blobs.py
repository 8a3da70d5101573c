from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.blobs import BlobFolder
from engine.errors import NotFound
from engine.ids import PictureHash, picture_hash


@pytest.fixture
def blobs(tmp_path: Path) -> BlobFolder:
    return BlobFolder(tmp_path / "blobs")


def test_what_is_put_is_got(blobs: BlobFolder):
    name = blobs.put(b"picture")
    assert name == picture_hash(b"picture")
    assert blobs.get(name) == b"picture"


def test_putting_twice_writes_once(blobs: BlobFolder):
    name = blobs.put(b"picture")
    path = blobs.root / name[:2] / name
    os.utime(path, (1, 1))
    blobs.put(b"picture")
    assert path.stat().st_mtime == 1


def test_a_short_file_is_written_again(blobs: BlobFolder):
    name = blobs.put(b"picture")
    (blobs.root / name[:2] / name).write_bytes(b"pic")
    blobs.put(b"picture", name)
    assert blobs.get(name) == b"picture"


def test_a_damaged_file_counts_as_missing(blobs: BlobFolder):
    name = blobs.put(b"picture")
    (blobs.root / name[:2] / name).write_bytes(b"pictura")
    with pytest.raises(NotFound):
        blobs.get(name)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a" * 63, "A" * 64, "0" * 64])
def test_other_names_are_not_found(blobs: BlobFolder, name: str):
    with pytest.raises(NotFound):
        blobs.get(PictureHash(name))
