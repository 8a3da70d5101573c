"""A text feed as lines: unpacked, decoded, each of bounded length."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from engine.errors import FeedError
from ingestion.sources.encoding import Encoding, detect_encoding

_SAMPLE_BYTES = 1 << 20
_SEARCHED_BYTES = 64 << 20
_MAX_RATIO = 200
_RATIO_COUNTS_FROM_BYTES = 100_000_000
_PACKED = (b"\x1f\x8b", b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ")


def open_binary(path: Path) -> BinaryIO:
    """The feed's bytes, unpacked where its name ends in ``.gz``.

    Raises:
        FeedError: It is not there or cannot be read.
    """
    try:
        if path.suffix.lower() == ".gz":
            return cast("BinaryIO", gzip.open(path, "rb"))
        return path.open("rb")
    except OSError as error:
        raise FeedError(
            f"the feed cannot be opened ({error.strerror}).",
            where=str(path),
            hint="Check the path.",
            code="feed.not_found" if isinstance(error, FileNotFoundError) else None,
        ) from error


def check_archive(path: Path) -> None:
    """Unpack a ``.gz`` once to the end, so that a damaged one changes nothing.

    Raises:
        FeedError: It is cut off, damaged, no gzip, a bomb, or packed twice.
    """
    if path.suffix.lower() != ".gz":
        return
    packed = max(1, path.stat().st_size)
    unpacked = 0
    try:
        with gzip.open(path, "rb") as file:
            start = file.peek(8)[:8]
            while chunk := file.read(_SAMPLE_BYTES):
                unpacked += len(chunk)
                if unpacked > _RATIO_COUNTS_FROM_BYTES and unpacked > packed * _MAX_RATIO:
                    raise _archive_error(path, f"it unpacks to over {_MAX_RATIO} times its size")
    except (OSError, EOFError, zlib.error) as error:
        raise _archive_error(path, str(error)) from error
    if start.startswith(_PACKED):
        raise _archive_error(path, "it holds another archive")


def detect(path: Path) -> Encoding:
    """The encoding of a text feed, judged where its first foreign letters are."""
    with open_binary(path) as file:
        sample = file.read(_SAMPLE_BYTES)
        if path.suffix.lower() != ".gz" and sample.startswith(_PACKED):
            raise _archive_error(path, "it is an archive, which its name does not say")
        searched = len(sample)
        while sample.isascii() and searched < _SEARCHED_BYTES:
            chunk = file.read(_SAMPLE_BYTES)
            if not chunk:
                break
            searched += len(chunk)
            if not chunk.isascii():
                sample += chunk
    return detect_encoding(sample)


def open_text(path: Path, encoding: str, *, newline: str | None) -> io.TextIOWrapper:
    """The feed's text, with `newline` as for `open`; `damage` finds what did not decode."""
    # UTF-16 and UTF-32 cannot be escaped byte by byte.
    errors = "replace" if _is_wide(encoding) else "surrogateescape"
    return io.TextIOWrapper(open_binary(path), encoding=encoding, errors=errors, newline=newline)


def bounded_lines(text: io.TextIOWrapper, *, max_chars: int) -> Iterator[tuple[str, bool]]:
    """Lines with their ends, and whether the line was longer than `max_chars` and so cut."""
    while line := text.readline(max_chars):
        if len(line) < max_chars or line.endswith(("\n", "\r")):
            yield line, False
            continue
        while rest := text.readline(max_chars):
            if len(rest) < max_chars or rest.endswith(("\n", "\r")):
                break
        yield line, True


def damage(encoding: str) -> re.Pattern[str]:
    """What stands in a text from `open_text` where bytes could not be decoded."""
    return re.compile("\ufffd" if _is_wide(encoding) else "[\udc80-\udcff]")


def printable(text: str) -> str:
    """A text without lone surrogates; ``?`` stands for each."""
    return text.encode("utf-8", "replace").decode()


def _is_wide(encoding: str) -> bool:
    return encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32"))


def _archive_error(path: Path, why: str) -> FeedError:
    return FeedError(
        f"the archive cannot be read ({why}).",
        where=str(path),
        hint="Export the feed again; give one file, packed once with gzip or not at all.",
        code="feed.archive",
    )
