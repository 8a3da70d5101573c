"""Which source reads a file: by the end of its name."""

from __future__ import annotations

from pathlib import Path

from engine.errors import FeedError
from ingestion.sources.source import FeedSource

SUFFIXES = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".parquet")
"""What can be read; the text formats also packed as ``.gz``."""


def open_source(path: Path, *, encoding: str = "", delimiter: str = "") -> FeedSource:
    """Open a feed.

    Args:
        path: A file whose name ends in one of `SUFFIXES`.
        encoding: Of a text feed; detected when empty.
        delimiter: Of a CSV feed; found in its header when empty.

    Raises:
        FeedError: The format is unknown, or the file cannot be read.
    """
    if not path.is_file():
        raise FeedError(
            "there is no such feed.", where=str(path), hint="Check the path.", code="feed.not_found"
        )
    suffixes = [suffix.lower() for suffix in path.suffixes]
    kind = suffixes[-1] if suffixes else ""
    if kind == ".gz":
        kind = suffixes[-2] if len(suffixes) > 1 else ""
    # Each format is imported when it is met: pyarrow alone costs as much as the rest.
    match kind:
        case ".csv" | ".tsv" | ".txt":
            from ingestion.sources.csv import CsvSource

            return CsvSource(path, encoding=encoding, delimiter=delimiter)
        case ".jsonl" | ".ndjson":
            from ingestion.sources.jsonl import JsonLinesSource

            return JsonLinesSource(path, encoding=encoding)
        case ".parquet":
            from ingestion.sources.parquet import ParquetSource

            return ParquetSource(path)
        case _:
            raise FeedError(
                f"the format {kind or path.name!r} is not known.",
                where=str(path),
                hint=f"Known: {', '.join(SUFFIXES)}, and the text formats as .gz.",
                code="feed.format",
            )
