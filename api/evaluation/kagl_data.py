"""The set KAGL on disk: its rows, its pictures, and feeds made of it."""

# pyarrow ships no types, so its every call would be "unknown" in strict mode.
# pyright: basic

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import InvalidInput, NotFound
from engine.evaluation.kagl import Row
from engine.images import decode_image
from engine.ports import DualEncoder
from engine.types import ImageRGB, Vectors

__all__ = ["KAGL", "embed_catalogue", "iter_pictures", "kagl_file", "read_rows", "write_feed"]

KAGL = "kagl.parquet"
_COLUMNS = ("id", "title", "gender", "articleType", "baseColour", "split")
_CATEGORY = "masterCategory"
_IMAGE = "image"
_BATCH = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """Vectors of every row, (N, D) each."""

    pictures: Vectors
    titles: Vectors


def kagl_file(data: Path) -> Path:
    """The file in the data folder.

    Raises:
        NotFound: It is not there.
    """
    path = data / KAGL
    if not path.is_file():
        raise NotFound(
            f"there is no {KAGL} in {str(data)!r}",
            where="--data",
            hint="Point --data at the folder of the real data.",
        )
    return path


def read_rows(path: Path) -> tuple[Row, ...]:
    """What the evaluation knows of every product, in the order of the file.

    Raises:
        InvalidInput: A column is missing or an id appears twice.
    """
    schema = pq.read_schema(path)
    missing = [name for name in (*_COLUMNS, _IMAGE) if name not in schema.names]
    if missing:
        raise InvalidInput(
            f"the columns {', '.join(missing)} are missing", where=str(path), hint="Is it KAGL?"
        )
    optional = [name for name in (_CATEGORY,) if name in schema.names]
    held = pq.read_table(path, columns=[*_COLUMNS, *optional]).to_pydict()
    categories = held.get(_CATEGORY) or [""] * len(held["id"])
    rows = tuple(
        Row(
            product_id=str(cells[0]),
            title=cells[1] or "",
            gender=cells[2] or "",
            type=cells[3] or "",
            colour=cells[4] or "",
            split=cells[5] or "",
            category=cells[6] or "",
        )
        for cells in zip(*(held[name] for name in _COLUMNS), categories, strict=True)
    )
    if len({row.product_id for row in rows}) != len(rows):
        raise InvalidInput("an id appears twice", where=str(path))
    return rows


def iter_pictures(path: Path, *, most: int | None = None) -> Iterator[list[ImageRGB]]:
    """Decoded pictures in batches, in the order of the file."""
    left = most if most is not None else pq.ParquetFile(path).metadata.num_rows
    for batch in pq.ParquetFile(path).iter_batches(batch_size=_BATCH, columns=[_IMAGE]):
        blobs = batch.column(0).to_pylist()[:left]
        left -= len(blobs)
        if blobs:
            yield [decode_image(blob) for blob in blobs]
        if not left:
            return


def embed_catalogue(
    path: Path,
    rows: Sequence[Row],
    encoder: DualEncoder,
    *,
    on_progress: Callable[[int], None] | None = None,
) -> Embedded:
    """Embed every picture and every title."""
    pictures: list[Vectors] = []
    for images in iter_pictures(path):
        pictures.append(encoder.embed_images(images))
        if on_progress is not None:
            on_progress(len(images))
    titles = [
        encoder.embed_texts([row.title for row in rows[start : start + _BATCH]])
        for start in range(0, len(rows), _BATCH)
    ]
    return Embedded(pictures=np.concatenate(pictures), titles=np.concatenate(titles))


def write_feed(
    source: Path,
    target: Path,
    *,
    columns: Sequence[str] | None = None,
    title_of: Callable[[str], str] | None = None,
    most: int | None = None,
) -> None:
    """Write a feed made of the set.

    Args:
        source: The set.
        target: The Parquet file to write.
        columns: Columns that the feed keeps; all but ``split`` by default.
        title_of: Rewrites each title.
        most: Rows from the start of the set.
    """
    file = pq.ParquetFile(source)
    names = list(columns or [name for name in file.schema_arrow.names if name != "split"])
    left = most if most is not None else file.metadata.num_rows
    writer: Any = None
    try:
        for batch in file.iter_batches(batch_size=4096, columns=names):
            table = pa.Table.from_batches([batch]).slice(0, left).select(names)
            left -= table.num_rows
            if title_of is not None:
                texts = [title_of(title or "") for title in table.column("title").to_pylist()]
                place = table.schema.get_field_index("title")
                table = table.set_column(place, "title", pa.array(texts, pa.string()))
            writer = writer or pq.ParquetWriter(target, table.schema)
            writer.write_table(table)
            if left <= 0:
                break
    finally:
        if writer is not None:
            writer.close()
