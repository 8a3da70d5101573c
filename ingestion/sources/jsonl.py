"""JSON Lines: one object a line, streamed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, cast

from engine.errors import FeedError
from engine.types import RawRecord
from ingestion.sources import text
from ingestion.sources.encoding import Encoding
from ingestion.sources.source import MAX_CELL_CHARS

_MAX_DEPTH = 32
_RECORDS_FOR_COLUMNS = 1_000
_LIST_JOINT = ","


class JsonLinesSource:
    """One JSON Lines file; lists become comma-separated text, numbers keep their spelling.

    Raises:
        FeedError: No file, an empty one, a damaged archive, or a JSON array.
    """

    def __init__(self, path: Path, *, encoding: str = "") -> None:
        self._path = path
        text.check_archive(path)
        self._encoding = Encoding(name=encoding) if encoding else text.detect(path)
        self._damage = text.damage(self._encoding.name)
        columns: dict[str, None] = {}
        for record in islice(self.records(), _RECORDS_FOR_COLUMNS):
            columns.update(dict.fromkeys(record.cells))
        self._columns = tuple(columns)
        self._refuse_array()

    @property
    def columns(self) -> tuple[str, ...]:
        """The keys of the first 1,000 objects, in the order of their first appearance."""
        return self._columns

    @property
    def notes(self) -> tuple[str, ...]:
        """The encoding where it is not the usual one."""
        return (self._encoding.note,) if self._encoding.note else ()

    def records(self) -> Iterator[RawRecord]:
        """The objects; blank lines are none."""
        row = 0
        with text.open_text(self._path, self._encoding.name, newline=None) as file:
            for line, (content, cut) in enumerate(
                text.bounded_lines(file, max_chars=4 * MAX_CELL_CHARS), start=1
            ):
                if not content.strip():
                    continue
                row += 1
                yield self._read(row, line, content, cut)

    def _read(self, row: int, line: int, content: str, cut: bool) -> RawRecord:
        try:
            if cut:
                raise _RowError("row.too_long", "it has more than 4,000,000 characters.")
            if not content.isascii() and self._damage.search(content):
                raise _RowError("row.encoding", "bytes that are not UTF-8; save it as UTF-8.")
            return RawRecord(row=row, cells=_cells(content))
        except _RowError as error:
            return RawRecord(
                row=row, cells={}, problem=error.code, problem_text=f"line {line}: {error}"
            )

    def _refuse_array(self) -> None:
        if self._columns:
            return
        with text.open_text(self._path, self._encoding.name, newline=None) as file:
            start = file.read(4_096).lstrip("\ufeff \t\r\n")
        if not start:
            raise FeedError(
                "the feed is empty.", where=str(self._path), code="feed.empty",
                hint="Nothing was changed.",
            )  # fmt: skip
        raise FeedError(
            "the feed holds no JSON object a line.",
            where=str(self._path),
            hint="Turn an array into lines first: jq -c '.[]' feed.json > feed.jsonl",
        )


class _RowError(ValueError):
    """Why a line is no record."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def _cells(content: str) -> dict[str, str]:
    try:
        # Numbers stay text: 00123, 2^70 and 1e400 must come out as they were written.
        held: object = json.loads(
            content.removeprefix("\ufeff"),
            object_pairs_hook=_unique,
            parse_float=str,
            parse_int=str,
            parse_constant=str,
        )
    except (ValueError, RecursionError) as error:
        if isinstance(error, _RowError):
            raise
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise _RowError("row.json", f"no JSON ({reason}).") from error
    if not isinstance(held, dict):
        raise _RowError("row.json", 'no JSON object; write {"id": …} a line.')
    cells = {
        key.strip(): _as_text(value, 1) for key, value in cast("dict[str, object]", held).items()
    }
    for key, cell in cells.items():
        if len(cell) > MAX_CELL_CHARS:
            raise _RowError("row.too_long", f"{key!r} has over {MAX_CELL_CHARS:,} characters.")
    return cells


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) < len(pairs):
        raise _RowError("row.json", "a key stands twice in an object.")
    return held


def _as_text(value: object, depth: int) -> str:
    if depth > _MAX_DEPTH:
        raise _RowError("row.json", f"it is nested deeper than {_MAX_DEPTH} levels.")
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case list():
            parts = cast("list[object]", value)
            return _LIST_JOINT.join(_as_text(part, depth + 1) for part in parts)
        case _:
            held = cast("dict[str, object]", value)
            return json.dumps(
                {key: _as_text(each, depth + 1) for key, each in held.items()}, ensure_ascii=False
            )
