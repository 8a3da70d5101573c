"""A shop whose pictures show a red top and a blue bottom, and those who look at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.detections import Detection, SeenPicture
from engine.types import ImageRGB

RED, BLUE = (200, 30, 35), (40, 60, 180)


class Blocks:
    """A detector that finds the red and the blue block of a picture."""

    classes = ("top", "bottom")
    revision = "blocks"

    def __init__(self) -> None:
        self.asked = 0

    def detect(self, images: Sequence[ImageRGB]) -> list[tuple[Detection, ...]]:
        self.asked += len(images)
        return [self._blocks(each) for each in images]

    def _blocks(self, image: ImageRGB) -> tuple[Detection, ...]:
        found: list[Detection] = []
        for colour, posterior in ((RED, (0.9, 0.2)), (BLUE, (0.1, 0.7))):
            rows, columns = np.nonzero((image == colour).all(axis=2))
            if rows.size:
                box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
                found.append(
                    Detection(
                        box_xyxy_px=(float(box[0]), float(box[1]), float(box[2]), float(box[3])),
                        posterior=np.array(posterior, np.float32),
                    )
                )
        return tuple(found)


class Bottoms:
    """A finder that takes every bottom for the product, where it is told a title."""

    revision = "bottoms"

    def __init__(self) -> None:
        self.titles: list[bool] = []

    def score(
        self, gallery: Sequence[SeenPicture], title: NDArray[np.float32] | None
    ) -> list[NDArray[np.float32]]:
        self.titles.append(title is not None)
        surest = 0.8 if title is not None else 0.4
        return [
            np.array([surest * (each.place == 1) for each in seen.detections], np.float32)
            for seen in gallery
        ]


class Namer:
    """Calls every bottom a skirt."""

    classes: Mapping[str, str] = {"skirt": "bottom", "jeans": "bottom", "vest": "top"}
    revision = "skirts"

    def name(
        self, detections: Sequence[Detection], *, width_px: int, height_px: int
    ) -> list[Mapping[str, float]]:
        assert height_px > width_px
        # The vest is the likeliest of all, but a bottom cannot be one.
        return [
            {"jeans": 0.1, "skirt": 0.5, "vest": 0.6} if each.place else {} for each in detections
        ]


def shows(label: str, value: str) -> bool:
    """What a box can show, as `LookService` asks."""
    return value in {"top": ("shirt", "t-shirt", "dress"), "bottom": ("skirt", "jeans")}[label]


def photo(*, red: bool = True, blue: bool = True) -> ImageRGB:
    """A top above a bottom, as far as they are there."""
    image = np.full((100, 60, 3), 255, np.uint8)
    if red:
        image[10:40, 10:50] = RED
    if blue:
        image[45:90, 15:45] = BLUE
    return image
