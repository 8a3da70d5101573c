from __future__ import annotations

from pathlib import Path

from engine.index.durable import copy_tree, sync_tree, write_durably


def test_copies_are_equal_and_holes_stay_holes(tmp_path: Path):
    source = tmp_path / "source"
    (source / "inner").mkdir(parents=True)
    with (source / "inner" / "sparse").open("wb") as file:
        file.write(b"head")
        file.seek(40 << 20)
        file.write(b"tail")
        file.truncate(64 << 20)
    (source / "empty").touch()
    copy_tree(source, tmp_path / "target")
    for name in ("inner/sparse", "empty"):
        assert (tmp_path / "target" / name).read_bytes() == (source / name).read_bytes()
    assert (tmp_path / "target" / "inner" / "sparse").stat().st_blocks * 512 < 16 << 20
    sync_tree(tmp_path / "target")


def test_files_are_replaced_whole(tmp_path: Path):
    path = tmp_path / "file"
    write_durably(path, b"one")
    write_durably(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]
