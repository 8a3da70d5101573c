"""Relations between the parts of street photos, read from their masks."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detectors.training.relation_labels import Part, relation_labels
from detectors.training.street import StreetBox, StreetPhoto

__all__ = ["RelatedPhoto", "read_relations"]

NULL, SKIN = 0, 41
"""Indices of `ccp.parquet`'s masks: no part of the wearer; skin."""
_STEP = 2
"""Every second pixel is enough for how things lie, and a quarter of the work."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RelatedPhoto:
    """The boxes of a photo and how they lie to one another.

    Attributes:
        boxes: N of them, those of the detector's classes.
        relations: bool (N, N + B, relations), see `relation_labels`.
    """

    photo_id: str
    width_px: int
    height_px: int
    boxes: tuple[StreetBox, ...]
    relations: NDArray[np.bool_]


def read_relations(
    photos: Sequence[StreetPhoto], *, on_progress: Callable[[int], None] | None = None
) -> list[RelatedPhoto]:
    """Decode each mask once and annotate its photo; photos without a box are left out."""
    found: list[RelatedPhoto] = []
    for photo in photos:
        mask = np.asarray(Image.open(io.BytesIO(photo.mask)))
        boxes, parts = _street_parts(photo, mask)
        if parts:
            small = mask[::_STEP, ::_STEP]
            relations = relation_labels(parts, person=small != NULL, skin=small == SKIN)
            found.append(
                RelatedPhoto(
                    photo_id=photo.photo_id,
                    width_px=photo.width_px,
                    height_px=photo.height_px,
                    boxes=tuple(boxes),
                    relations=relations,
                )
            )
        if on_progress is not None:
            on_progress(1)
    return found


def _street_parts(
    photo: StreetPhoto, mask: NDArray[np.uint8]
) -> tuple[list[StreetBox], list[Part]]:
    """The masks behind a photo's boxes, thinned out; boxes that vanish thereby are left out."""
    pieces: dict[tuple[int, int, int, int, int], tuple[NDArray[np.bool_], int]] = {}
    for kind in np.unique(mask).tolist():
        if kind in (NULL, SKIN):
            continue
        count, regions, stats, _ = cv2.connectedComponentsWithStats((mask == kind).astype(np.uint8))
        for number in range(1, count):
            x0, y0, wide, high, area = stats[number].tolist()
            pieces[x0, y0, x0 + wide, y0 + high, area] = (regions[::_STEP, ::_STEP] == number, kind)
    boxes: list[StreetBox] = []
    parts: list[Part] = []
    for box in photo.boxes:
        x0, y0, x1, y1 = map(int, box.box_xyxy_px)
        piece = pieces.get((x0, y0, x1, y1, box.area_px))
        if piece is not None and piece[0].any():
            boxes.append(box)
            parts.append(Part(mask=piece[0], kind=piece[1]))
    return boxes, parts
