"""The product's pixels in the reference of a drawing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.look import LookService
from engine.rendering import DrawRequest
from models.variants.mask import GarmentMasks
from models.variants.product_mask import mask_product

__all__ = ["RequestMask", "request_mask"]

RequestMask = Callable[[DrawRequest], NDArray[np.float32]]
"""The product's pixels in a request's reference, float32 (H, W), 0 to 1."""


def request_mask(look: LookService | None, masks: GarmentMasks) -> RequestMask:
    """Looks in the box that the shopper drew, or in those that a look finds.

    Args:
        look: Finds boxes; without one the whole picture is taken.
        masks: Finds pixels in boxes.
    """

    def find(request: DrawRequest) -> NDArray[np.float32]:
        image = request.reference
        if request.box_xyxy_px is not None:
            return masks.mask(image, [request.box_xyxy_px], [""])
        if look is not None:
            return mask_product(image, look, masks, title=request.title).alpha
        high, wide = image.shape[:2]
        return masks.mask(image, [(0.0, 0.0, float(wide), float(high))], [""])

    return find
