"""Shoppers' pictures: kept under a random id for a day, so that a page's address can hold one.

What is stored is our own re-encode, so neither EXIF (place, camera) nor anything hidden in the file
survives. The id is 128 random bits: whoever has the address has the picture, nobody else.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from engine.errors import InvalidInput, NotFound
from engine.images import decode_image, encode_webp

PREFIX = "upload:"
MAX_SIDE_PX = 1600
_ID = re.compile(r"upload:[0-9a-f]{32}")
_SWEEP_EVERY_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A picture that was taken in."""

    picture_id: str
    size_wh: tuple[int, int]
    expires_at: datetime


class UploadStore:
    """A folder of expiring pictures.

    Args:
        folder: Made on the first upload.
        keep_s: How long a picture can be used.
        most_bytes: Size of the folder from which the oldest pictures make room.
        now: Seconds since the epoch.
    """

    def __init__(
        self,
        folder: Path,
        *,
        keep_s: float,
        most_bytes: int,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._keep_s = keep_s
        self._most_bytes = most_bytes
        self._now = now
        self._swept_at = 0.0

    def put(self, data: bytes) -> Upload:
        """Take in an encoded picture.

        Raises:
            DecodeError: Not a picture within the limits.
        """
        image = decode_image(data)
        encoded = encode_webp(image, max_side_px=MAX_SIDE_PX)
        now = self._now()
        self._sweep(now, room_for=len(encoded))
        picture_id = PREFIX + secrets.token_hex(16)
        path = self._path(picture_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(encoded)
        part.replace(path)
        height_px, width_px = image.shape[:2]
        return Upload(
            picture_id=picture_id,
            size_wh=(width_px, height_px),
            expires_at=datetime.fromtimestamp(now + self._keep_s, UTC),
        )

    def get(self, picture_id: str) -> bytes:
        """The encoded picture (WebP).

        Raises:
            InvalidInput: Not an id of an upload.
            NotFound: Expired, or never there.
        """
        if not _ID.fullmatch(picture_id):
            raise InvalidInput(
                f"{picture_id[:60]!r} is not the id of an upload.",
                where="picture",
                hint="POST /v1/pictures gives one: upload:0b6f….",
                code="picture.id",
            )
        path = self._path(picture_id)
        try:
            if path.stat().st_mtime + self._keep_s < self._now():
                path.unlink(missing_ok=True)
                raise FileNotFoundError(path)
            return path.read_bytes()
        except FileNotFoundError:
            raise NotFound(
                "this picture has expired or was never there.",
                where="picture",
                hint=f"Uploads are deleted after {self._keep_s / 3600:g} hours; send it again.",
                code="picture.expired",
            ) from None

    def _path(self, picture_id: str) -> Path:
        return self._folder / f"{picture_id.removeprefix(PREFIX)}.webp"

    def _sweep(self, now: float, *, room_for: int) -> None:
        if now - self._swept_at < _SWEEP_EVERY_S or not self._folder.is_dir():
            return
        self._swept_at = now
        kept: list[tuple[float, int, Path]] = []
        for path in self._folder.iterdir():
            try:
                state = path.stat()
            except FileNotFoundError:
                continue  # another request has just finished or removed it
            if state.st_mtime + self._keep_s < now:
                path.unlink(missing_ok=True)
            else:
                kept.append((state.st_mtime, state.st_size, path))
        total = sum(size for _, size, _ in kept) + room_for
        for _, size, path in sorted(kept):
            if total <= self._most_bytes:
                break
            path.unlink(missing_ok=True)
            total -= size
