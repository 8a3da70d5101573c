"""Parquet: a few rows at a time, byte columns as pictures, every other column as text."""

# pyarrow ships no types, so its every call would be "unknown" in strict mode.
# pyright: basic

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine.errors import FeedError
from engine.types import RawRecord
from ingestion.sources.source import MAX_CELL_CHARS

_ROWS = 1_024
_ROWS_WITH_PICTURES = 64
"""Encoded pictures have megabytes each, and a batch is held as a whole."""
_LIST_JOINT = ","


class ParquetSource:
    """One Parquet file.

    A struct with a member ``bytes`` (pictures as Hugging Face stores them) counts as a byte column.
    Lists become comma-separated text, other structs Python's notation of them.

    Raises:
        FeedError: No file, damaged, or a column twice.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file: Any = pq.ParquetFile(path)
        except (OSError, pa.ArrowException) as error:
            raise self._error(error) from error
        schema = self._file.schema_arrow
        twice = [name for name, count in Counter(schema.names).items() if count > 1]
        if twice:
            raise FeedError(
                f"the file names the column {', '.join(map(repr, twice))} twice.",
                where=str(path),
                hint="Rename or remove one of them.",
                code="feed.duplicate_column",
            )
        self._columns: tuple[str, ...] = tuple(schema.names)
        has_pictures = any(_is_bytes(kind) for kind in schema.types)
        self._rows_per_batch = _ROWS_WITH_PICTURES if has_pictures else _ROWS

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns in the order of the file."""
        return self._columns

    @property
    def notes(self) -> tuple[str, ...]:
        """Nothing is guessed about Parquet."""
        return ()

    def records(self) -> Iterator[RawRecord]:
        """The rows; one with a cell of more than `MAX_CELL_CHARS` comes without that cell.

        Raises:
            FeedError: The file is damaged further on.
        """
        row = 0
        try:
            for batch in self._file.iter_batches(batch_size=self._rows_per_batch):
                texts: dict[str, list[str]] = {}
                blobs: dict[str, list[bytes]] = {}
                for name, column in zip(self._columns, batch.columns, strict=True):
                    if _is_bytes(column.type):
                        blobs[name] = _as_bytes(column)
                    else:
                        texts[name] = _as_text(column)
                for place in range(batch.num_rows):
                    row += 1
                    yield _record(
                        row,
                        {name: cells[place] for name, cells in texts.items()},
                        {name: held[place] for name, held in blobs.items() if held[place]},
                    )
        except (OSError, pa.ArrowException) as error:
            raise self._error(error, row=row + 1) from error

    def _error(self, error: Exception, row: int = 0) -> FeedError:
        place = f" at row {row}" if row else ""
        return FeedError(
            f"the Parquet file cannot be read{place} ({error}).",
            where=str(self._path),
            hint="Check the path, or write the file again.",
            code="feed.not_found" if isinstance(error, FileNotFoundError) else None,
        )


def _record(row: int, cells: dict[str, str], blobs: dict[str, bytes]) -> RawRecord:
    long = [name for name, cell in cells.items() if len(cell) > MAX_CELL_CHARS]
    if not long:
        return RawRecord(row=row, cells=cells, blobs=blobs)
    return RawRecord(
        row=row,
        cells={name: cell for name, cell in cells.items() if name not in long},
        problem="row.too_long",
        problem_text=f"row {row}: {long[0]!r} has over {MAX_CELL_CHARS:,} characters.",
    )


def _is_bytes(kind: Any) -> bool:
    if pa.types.is_struct(kind):
        return kind.get_field_index("bytes") >= 0
    return (
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


def _as_bytes(column: Any) -> list[bytes]:
    if pa.types.is_struct(column.type):
        column = column.field(column.type.get_field_index("bytes"))
    return [held or b"" for held in column.to_pylist()]


def _as_text(column: Any) -> list[str]:
    kind = column.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return [_LIST_JOINT.join(map(str, held or ())) for held in column.to_pylist()]
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
    if pa.types.is_nested(kind):
        return ["" if held is None else str(held) for held in column.to_pylist()]
    return pc.fill_null(pc.cast(column, pa.string()), "").to_pylist()
