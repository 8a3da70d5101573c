"""What small pictures cost: the same products, titles and encoder with sharper pictures."""

# pyright: basic
# (pyarrow ships no types)

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from api.evaluation.kagl_data import Embedded, iter_pictures
from engine.evaluation.figures import Figure
from engine.evaluation.kagl import Row, evaluate, kagl_tasks
from engine.ports import DualEncoder

__all__ = ["SHARPER", "count_sharper", "measure_sharper", "sharper_file"]

SHARPER = "kagl_224.parquet"
SMALL_PICTURES, SHARP_PICTURES = "text-to-image/subset-small", "text-to-image/subset-sharp"


def sharper_file(data: Path) -> Path | None:
    """The file of sharper pictures in the data folder, where there is one."""
    path = data / SHARPER
    return path if path.is_file() else None


def count_sharper(path: Path) -> int:
    """How many sharper pictures there are."""
    return pq.ParquetFile(path).metadata.num_rows


def measure_sharper(
    path: Path,
    rows: Sequence[Row],
    small: Embedded,
    encoder: DualEncoder,
    *,
    arm: str,
    on_progress: Callable[[int], None] | None = None,
) -> list[Figure]:
    """Titles of the test split among the products that have both pictures, with each of them.

    Args:
        path: The sharper pictures, by id.
        rows: The whole set.
        small: Vectors of the whole set.
        encoder: Embeds the sharper pictures.
        arm: Name of the encoder.
        on_progress: Called with the number of pictures done.
    """
    place = {row.product_id: number for number, row in enumerate(rows)}
    ids = [str(each) for each in pq.read_table(path, columns=["id"]).column(0).to_pylist()]
    held = [number for number, each in enumerate(ids) if each in place]
    subset = np.array([place[ids[number]] for number in held])
    sharp = []
    for images in iter_pictures(path):
        sharp.append(encoder.embed_images(images))
        if on_progress is not None:
            on_progress(len(images))
    chosen = [rows[number] for number in subset]
    titles = next(task for task in kagl_tasks(chosen) if task.name == "text-to-image")
    figures: list[Figure] = []
    for name, pictures in (
        (SMALL_PICTURES, small.pictures[subset]),
        (SHARP_PICTURES, np.concatenate(sharp)[held]),
    ):
        figures += evaluate(
            [replace(titles, name=name)],
            encoder=encoder,
            pictures=pictures,
            titles=small.titles[subset],
            arm=arm,
        )
    return figures
