"""The product in a picture, from its boxes to its pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.look import SURE_FROM, LookService, SeenBox
from engine.types import BoxPx, ImageRGB
from models.variants.mask import GarmentMasks

__all__ = ["ProductMask", "mask_product", "parts_of"]

_LEAST_SCORE = 0.25
"""A box that may be nothing is worse than the whole picture."""
_LEAST_SHARE = 0.06
"""Of the picture: a print on a shirt looks like a bag."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProductMask:
    """Which pixels are the product.

    Attributes:
        alpha: float32 (H, W), 0 to 1.
        boxes_xyxy_px: That it was looked for in.
        label: Coarse class; empty where nobody said.
        guessed: No box was found, so it was looked for in the whole picture.
    """

    alpha: NDArray[np.float32]
    boxes_xyxy_px: tuple[BoxPx, ...]
    label: str
    guessed: bool = False


def parts_of(boxes: Sequence[SeenBox], *, area_px: float) -> tuple[SeenBox, ...]:
    """The boxes of one picture that show the product: both shoes of a pair.

    Those that surely do, of the coarse class of the best of them. Else, since somebody chose the
    picture for this product, the box that is both large and sure. None where no box is.

    Args:
        boxes: Of the picture.
        area_px: Of the picture.
    """
    sure = [each for each in boxes if (each.main or 0.0) >= SURE_FROM]
    if sure:
        # What is hardly a box at all can still surely be the product if it is anything.
        best = max(sure, key=lambda each: (each.main or 0.0) * each.detection.score**0.5)
        return tuple(each for each in sure if each.label == best.label)
    shares = [_area(each) / area_px for each in boxes]
    ranked = [
        (each.detection.score * share**0.5, number)
        for number, (each, share) in enumerate(zip(boxes, shares, strict=True))
        if share >= _LEAST_SHARE and each.detection.score >= _LEAST_SCORE
    ]
    return (boxes[max(ranked)[1]],) if ranked else ()


def _area(box: SeenBox) -> float:
    x0, y0, x1, y1 = box.detection.box_xyxy_px
    return (x1 - x0) * (y1 - y0)


def mask_product(
    image: ImageRGB, look: LookService, masks: GarmentMasks, *, title: str = ""
) -> ProductMask:
    """Find the product in a picture.

    Args:
        image: uint8 (H, W, 3).
        look: Finds boxes, and says which show the product.
        masks: Finds its pixels.
        title: Of the product; empty without one.
    """
    high, wide = image.shape[:2]
    parts = parts_of(look.look([image], title=title).pictures[0], area_px=high * wide)
    label = parts[0].label if parts else ""
    boxes: tuple[BoxPx, ...] = tuple(each.detection.box_xyxy_px for each in parts)
    boxes = boxes or ((0.0, 0.0, float(wide), float(high)),)
    alpha = masks.mask(image, boxes, [label] * len(boxes))
    return ProductMask(alpha=alpha, boxes_xyxy_px=boxes, label=label, guessed=not parts)
