"""Things cut out of packshots: what is not connected to the white around them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from detectors.taxonomy import Taxonomy
from engine.images import decode_image
from engine.types import ImageRGB

__all__ = ["CutOut", "cut_out", "read_cutouts"]

_WHITE_FROM = 235
_DIFFERS_FROM = 14
_LEAST_SHARE, _MOST_SHARE = 0.02, 0.85


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CutOut:
    """A thing without its background.

    Attributes:
        place: Its class in the taxonomy.
        rgb: uint8 (H, W, 3), cropped to the thing.
        alpha: float32 (H, W), 0 to 1.
    """

    place: int
    rgb: ImageRGB
    alpha: NDArray[np.float32]


def cut_out(image: ImageRGB) -> NDArray[np.float32] | None:
    """Where the thing is, (H, W) of 0 to 1; ``None`` where it does not stand free on white."""
    edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    white = np.median(edge, axis=0)
    if white.min() < _WHITE_FROM:
        return None
    plain = np.abs(image.astype(np.int16) - white).max(axis=2) < _DIFFERS_FROM
    count, regions = cv2.connectedComponents(plain.astype(np.uint8), connectivity=4)
    around = np.unique(np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]]))
    background = np.isin(regions, around[around > 0]) if count > 1 else np.zeros_like(plain)
    thing = cv2.morphologyEx(
        (~background).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)
    )
    if (
        not _LEAST_SHARE <= thing.mean() <= _MOST_SHARE
        or thing[[0, -1]].any()
        or thing[:, [0, -1]].any()
    ):
        return None
    return np.asarray(cv2.GaussianBlur(thing.astype(np.float32), (3, 3), 0), np.float32)


def read_cutouts(data: Path, taxonomy: Taxonomy, *, split: str) -> Iterator[CutOut]:
    """The things in the sharper packshots of KAGL whose type can be cut out; none without them."""
    sharp, names = data / "kagl_224.parquet", data / "kagl.parquet"
    if not (sharp.is_file() and names.is_file()):
        return
    table = pq.read_table(names, columns=["id", "articleType"])
    types = dict(zip(table["id"].to_pylist(), table["articleType"].to_pylist(), strict=True))
    for row in pq.read_table(sharp).to_pylist():
        place = taxonomy.place("kagl", types.get(row["id"], ""))
        if row["split"] != split or place is None:
            continue
        image = decode_image(row["image"])
        alpha = cut_out(image)
        if alpha is None:
            continue
        rows, columns = (
            np.flatnonzero(alpha.max(axis=1) > 0.5),
            np.flatnonzero(alpha.max(axis=0) > 0.5),
        )
        part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        yield CutOut(place=place, rgb=image[part], alpha=alpha[part])
