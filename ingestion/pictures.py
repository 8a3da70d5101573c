"""The encoded pictures of a row: found under the feed's root, read, hashed.

Whatever a feed names, nothing outside its root is read: absolute paths, other machines' paths and
links that lead out are refused.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from engine.ids import PictureHash, picture_hash
from engine.images import ImageLimits
from engine.provenance import is_generated, refusal
from engine.types import PictureRef, Problem

__all__ = ["EncodedPicture", "PictureProblem", "PictureReader"]

_ABSOLUTE = re.compile(r"[/\\~]|[A-Za-z][A-Za-z0-9+.\-]*:")
"""A root, a home, a share, a drive letter or a scheme."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedPicture:
    """A picture as read, not decoded."""

    content_hash: PictureHash
    data: bytes


class PictureProblem(ValueError):
    """A picture that cannot be had; `problem` says why."""

    def __init__(self, code: str, message: str, value: str = "") -> None:
        self.problem = Problem(code=code, message=message, value=value[:200])
        super().__init__(message)


class PictureReader:
    """Reads pictures of one feed.

    Args:
        root: Folder that paths are relative to.
        limits: The size in bytes is judged before reading.
    """

    def __init__(self, root: Path, *, limits: ImageLimits) -> None:
        self._root = os.path.realpath(root)
        self._limits = limits

    def read(self, picture: PictureRef) -> EncodedPicture:
        """The bytes of a picture.

        Raises:
            PictureProblem: With one of the codes ``image.*``.
        """
        if picture.url:
            raise PictureProblem(
                "image.url_unsupported",
                "pictures are not fetched from the network; download it and name the file.",
                picture.url,
            )
        data = picture.blob or self._read_file(picture.path)
        if len(data) > self._limits.max_bytes:
            raise self._too_large(len(data), picture.path)
        if is_generated(data):
            error = refusal()
            raise PictureProblem(error.code, str(error), picture.path)
        return EncodedPicture(content_hash=picture_hash(data), data=data)

    def _read_file(self, path: str) -> bytes:
        resolved = self._resolve(path)
        try:
            found = os.stat(resolved)  # noqa: PTH116  # once a row: Path costs as much again
            if not stat.S_ISREG(found.st_mode):
                raise PictureProblem("image.not_found", "this is not a file.", path)
            if found.st_size > self._limits.max_bytes:
                raise self._too_large(found.st_size, path)
            with open(resolved, "rb") as file:  # noqa: PTH123  # as above
                return file.read(self._limits.max_bytes + 1)
        except (OSError, ValueError) as error:
            if isinstance(error, PictureProblem):
                raise
            reason = getattr(error, "strerror", None) or "no valid name"
            raise PictureProblem(
                "image.not_found", f"there is no such file under the feed's root ({reason}).", path
            ) from error

    def _resolve(self, path: str) -> str:
        outside = PictureProblem(
            "image.outside_root", "only files under the feed's root are read.", path
        )
        if _ABSOLUTE.match(path):
            raise outside
        try:
            resolved = os.path.realpath(os.path.join(self._root, path.replace("\\", "/")))  # noqa: PTH118
        except (OSError, ValueError) as error:  # a NUL, or a loop of links
            raise PictureProblem("image.not_found", "this is no valid file name.", path) from error
        if not resolved.startswith(self._root.rstrip(os.sep) + os.sep):
            raise outside
        return resolved

    def _too_large(self, size_bytes: int, path: str) -> PictureProblem:
        return PictureProblem(
            "image.too_large",
            f"{size_bytes:,} bytes, more than {self._limits.max_bytes:,}; save it smaller.",
            path,
        )
