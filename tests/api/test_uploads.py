"""Uploaded pictures: re-encoded, found again, gone after their time."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from api.uploads import MAX_SIDE_PX, UploadStore
from engine.errors import DecodeError, InvalidInput, NotFound
from engine.images import decode_image


class Clock:
    """Seconds that a test moves, from now on, since files carry the real time."""

    def __init__(self) -> None:
        import time

        self.now = time.time()

    def __call__(self) -> float:
        return self.now


def _png(size_wh: tuple[int, int] = (40, 60), colour: str = "red") -> bytes:
    buffer = BytesIO()
    Image.new("RGB", size_wh, colour).save(buffer, "PNG")
    return buffer.getvalue()


def _store(folder: Path, clock: Clock, *, most_bytes: int = 10**9) -> UploadStore:
    return UploadStore(folder, keep_s=3600, most_bytes=most_bytes, now=clock)


def test_a_picture_comes_back_until_it_expires(tmp_path: Path) -> None:
    clock = Clock()
    store = _store(tmp_path / "uploads", clock)
    taken = store.put(_png())
    assert taken.size_wh == (40, 60)
    image = decode_image(store.get(taken.picture_id))
    assert image.shape == (60, 40, 3)
    assert image.mean(axis=(0, 1)) == pytest.approx([255, 0, 0], abs=6)
    clock.now += 3500
    store.get(taken.picture_id)
    clock.now += 200
    with pytest.raises(NotFound, match="expired"):
        store.get(taken.picture_id)
    assert not list((tmp_path / "uploads").iterdir())


def test_camera_data_do_not_survive_and_large_pictures_shrink(tmp_path: Path) -> None:
    image = Image.new("RGB", (2400, 1200), "blue")
    exif = Image.Exif()
    exif[0x010F] = "SECRETCAMERA"
    buffer = BytesIO()
    image.save(buffer, "JPEG", exif=exif)
    assert b"SECRETCAMERA" in buffer.getvalue()
    store = _store(tmp_path, Clock())
    kept = store.get(store.put(buffer.getvalue()).picture_id)
    assert b"SECRETCAMERA" not in kept
    assert max(Image.open(BytesIO(kept)).size) == MAX_SIDE_PX


def test_what_is_no_picture_is_not_kept(tmp_path: Path) -> None:
    store = _store(tmp_path, Clock())
    with pytest.raises(DecodeError):
        store.put(b"<script>alert(1)</script>")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "picture_id", ["upload:../../etc/passwd", "upload:", "upload:" + "A" * 32, "upload:00\n"]
)
def test_an_id_is_never_a_path(picture_id: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="not the id of an upload"):
        _store(tmp_path, Clock()).get(picture_id)


def test_a_file_that_vanishes_while_room_is_made_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = _store(tmp_path, Clock())
    gone = tmp_path / "other.part"

    def listed(folder: Path) -> list[Path]:
        return [gone]  # another request finished it between the listing and the look

    monkeypatch.setattr(Path, "iterdir", listed)
    store.get(store.put(_png()).picture_id)


def test_expired_and_oldest_pictures_make_room(tmp_path: Path) -> None:
    import os

    clock = Clock()
    store = _store(tmp_path, clock)
    old, middle = store.put(_png(colour="red")), store.put(_png(colour="green"))
    for age_s, each in ((4000, old), (2000, middle)):
        path = tmp_path / f"{each.picture_id.removeprefix('upload:')}.webp"
        os.utime(path, (clock.now - age_s, clock.now - age_s))
    clock.now += 61
    newest = store.put(_png(colour="blue"))
    with pytest.raises(NotFound):
        store.get(old.picture_id)
    store.get(middle.picture_id)

    small = _store(tmp_path, clock, most_bytes=len(store.get(newest.picture_id)) + 10)
    last = small.put(_png(colour="white"))
    with pytest.raises(NotFound):
        small.get(middle.picture_id)
    small.get(last.picture_id)
