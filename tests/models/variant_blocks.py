"""A catalogue of blocks, and a training of the small generator on it that takes seconds."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from models.compact import WEIGHTS
from models.training.variants.settings import STAGES, StageConfig, VariantsConfig

COLOURS = {"Red": (200, 30, 40), "Blue": (30, 50, 200), "Black": (20, 20, 20)}
KINDS = {"Tshirts": (20, 60, 12, 48), "Shirts": (15, 70, 8, 52)}


def picture(kind: str, colour: str, size_wh: tuple[int, int] = (60, 80)) -> np.ndarray:
    frame = np.full((80, 60, 3), 255, np.uint8)
    top, bottom, left, right = KINDS[kind]
    frame[top:bottom, left:right] = COLOURS[colour]
    return np.asarray(Image.fromarray(frame).resize(size_wh))


def encoded(frame: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(frame).save(file, "PNG")
    return file.getvalue()


def small_training(folder: Path) -> VariantsConfig:
    """Write the catalogue into a folder; two steps of each stage, in folders beside it.

    Every fifth product is of val and of test each. Blue t-shirts are a held-out pair.
    """
    rows = []
    for number in range(240):
        kind, colour = list(KINDS)[number % 2], list(COLOURS)[number % 3]
        rows.append(
            {
                "id": str(number),
                "title": f"Acme Men {colour} {kind} {number}",
                "gender": "Men",
                "masterCategory": "Apparel",
                "subCategory": "Topwear",
                "articleType": kind,
                "baseColour": colour,
                "season": "Summer",
                "usage": "Casual",
                "split": ("train", "train", "train", "val", "test")[number % 5],
                "image": encoded(picture(kind, colour)),
            }
        )
    pq.write_table(pa.Table.from_pylist(rows), folder / "kagl.parquet")
    sharp = [
        {"id": str(number), "image": encoded(picture("Tshirts", "Red", (168, 224)))}
        for number in (0, 6)
    ]
    pq.write_table(pa.Table.from_pylist(sharp), folder / "kagl_224.parquet")
    small = StageConfig(steps=2, batch=4, rate=1e-3)
    return VariantsConfig(
        data=folder,
        out=folder / "out",
        work=folder / "work",
        encoder=WEIGHTS,
        stages=dict.fromkeys(STAGES, small),
    )
