"""Encoded pictures in a local folder, named by their content.

A file is written under its final name at once and never synced: temporary names, renames and syncs
would cost more than decoding a small picture does. Instead every file is checked when it is used:
`get` compares the hash and `put` the size, so that a file which a kill or a loss of power left
short counts as missing, and reading the feed again writes it again.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from engine.errors import NotFound
from engine.ids import PictureHash, picture_hash

_HASH = re.compile(r"[0-9a-f]{64}")
_WRITE = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0)  # else Windows changes line ends


class BlobFolder:
    """Content-addressed files, in 256 folders by the first two digits of the hash.

    Safe to share between threads and processes.

    Args:
        root: Created when it is not there.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._prefix = str(root) + os.sep
        root.mkdir(parents=True, exist_ok=True)

    def put(self, data: bytes, content_hash: PictureHash | None = None) -> PictureHash:
        """Store a picture; one that is there in full already costs a look.

        Args:
            data: Encoded picture.
            content_hash: Its `picture_hash` where the caller knows it.
        """
        name = content_hash or picture_hash(data)
        path = self._path(name)
        # Once a row of every feed: `open` and `pathlib` make more calls of the system, and each
        # lets go of the interpreter and waits for it again.
        try:
            file = os.open(path, _WRITE | os.O_EXCL, 0o666)
        except FileExistsError:
            if _size(path) == len(data):
                return name
            file = os.open(path, _WRITE | os.O_TRUNC, 0o666)
        except FileNotFoundError:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            file = os.open(path, _WRITE | os.O_TRUNC, 0o666)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(file, rest) :]
        finally:
            os.close(file)
        return name

    def get(self, content_hash: PictureHash) -> bytes:
        """The encoded picture.

        Raises:
            NotFound: It was never stored, or its file is damaged.
        """
        if _HASH.fullmatch(content_hash):
            try:
                data = Path(self._path(content_hash)).read_bytes()
            except FileNotFoundError:
                data = b""
            if picture_hash(data) == content_hash:
                return data
        raise NotFound(f"there is no picture {content_hash!r}.", code="picture.not_found")

    def _path(self, content_hash: PictureHash) -> str:
        return f"{self._prefix}{content_hash[:2]}{os.sep}{content_hash}"


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116
    except FileNotFoundError:  # somebody removed it just now
        return -1
