"""Street photos with boxes: Clothing Co-Parsing (Yang, Luo, Lin, CVPR 2014)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from detectors.taxonomy import Taxonomy
from detectors.training.files import training_file
from engine.types import BoxPx

__all__ = ["StreetBox", "StreetPhoto", "read_street"]

_LEAST_SHARE = 0.0004
"""Of the picture: smaller visible parts are not asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreetBox:
    """A visible part of a garment: an open coat can be two, one shoe is one.

    Attributes:
        place: Its class in the taxonomy.
        label: What the data set calls it.
        area_px: Of its mask.
    """

    place: int
    label: str
    box_xyxy_px: BoxPx
    area_px: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StreetPhoto:
    """One photo, encoded, with its boxes; `mask` is a PNG of one class index a pixel."""

    photo_id: str
    split: str
    image: bytes
    mask: bytes
    width_px: int
    height_px: int
    boxes: tuple[StreetBox, ...]

    @property
    def large_boxes(self) -> tuple[StreetBox, ...]:
        """Those that a detector is asked for."""
        least_px = _LEAST_SHARE * self.width_px * self.height_px
        return tuple(each for each in self.boxes if each.area_px >= least_px)


def read_street(data: Path, taxonomy: Taxonomy) -> list[StreetPhoto]:
    """The photos that have masks, of every split.

    Raises:
        NotFound: There is no ``ccp.parquet`` in `data`.
    """
    path = training_file(data, "ccp.parquet")
    photos: list[StreetPhoto] = []
    for row in pq.read_table(path).to_pylist():
        if not row["boxes"]:
            continue
        boxes = [
            StreetBox(
                place=place,
                label=box["label"],
                box_xyxy_px=(box["x0"], box["y0"], box["x1"], box["y1"]),
                area_px=box["area"],
            )
            for box in row["boxes"]
            if (place := taxonomy.place("ccp", box["label"])) is not None
        ]
        photos.append(
            StreetPhoto(
                photo_id=row["id"],
                split=row["split"],
                image=row["image"],
                mask=row["mask"],
                width_px=row["width"],
                height_px=row["height"],
                boxes=tuple(boxes),
            )
        )
    return photos
