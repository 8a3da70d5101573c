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

_LEAST_SCORE = 0.35
"""A box that may be nothing is worse than the whole picture."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProductMask:
    """Which pixels are the product.

    Attributes:
        alpha: float32 (H, W), 0 to 1.
        boxes_xyxy_px: That it was looked for in.
        label: Coarse class; empty where no box was found and the whole picture was taken.
    """

    alpha: NDArray[np.float32]
    boxes_xyxy_px: tuple[BoxPx, ...]
    label: str


def parts_of(boxes: Sequence[SeenBox]) -> tuple[SeenBox, ...]:
    """The boxes of one picture that show the product: both shoes of a pair.

    Those that surely do, else the surest of all; of one coarse class, that of the best. None where
    nothing is sure.
    """
    sure = [each for each in boxes if (each.main or 0.0) >= SURE_FROM]
    if sure:
        best = max(sure, key=lambda each: each.main or 0.0)
        return tuple(each for each in sure if each.label == best.label)
    best = max(boxes, key=lambda each: each.detection.score, default=None)
    return () if best is None or best.detection.score < _LEAST_SCORE else (best,)


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
    parts = parts_of(look.look([image], title=title).pictures[0])
    label = parts[0].label if parts else ""
    high, wide = image.shape[:2]
    boxes: tuple[BoxPx, ...] = tuple(each.detection.box_xyxy_px for each in parts)
    boxes = boxes or ((0.0, 0.0, float(wide), float(high)),)
    alpha = masks.mask(image, boxes, [label] * len(boxes))
    return ProductMask(alpha=alpha, boxes_xyxy_px=boxes, label=label)
