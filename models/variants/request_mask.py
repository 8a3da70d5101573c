"""The garment's pixels in the reference of a drawing."""

from __future__ import annotations

import hashlib

from engine.errors import InvalidInput
from engine.look import LookService
from engine.rendering import DrawRequest
from engine.types import BoxPx, ImageRGB
from models.variants.mask import GarmentMasks
from models.variants.product_mask import ProductMask, mask_product

__all__ = ["garment_mask", "mask_revision", "request_mask"]


def mask_revision(masks: GarmentMasks, look: LookService | None) -> str:
    """Of everything that decides which pixels are the garment's."""
    if look is None:
        return masks.revision
    return f"{masks.revision}-{hashlib.sha256(look.revision.encode()).hexdigest()[:8]}"


def request_mask(
    request: DrawRequest, masks: GarmentMasks, look: LookService | None
) -> ProductMask:
    """Looks in the box that the shopper drew, else in those that a look finds.

    Args:
        request: What is asked for.
        masks: Finds pixels in boxes.
        look: Finds boxes; without one the whole picture is looked at.

    Raises:
        InvalidInput: There is no garment.
    """
    box = request.box_xyxy_px
    mask = garment_mask(request.reference, masks, look, box=box, title=request.title)
    if not (mask.alpha > 0.5).any():
        raise InvalidInput(
            "no garment was found in the picture.",
            where="picture" if box is None else "box",
            hint="Draw a box around the garment.",
            code="variant.no_garment",
        )
    return mask


def garment_mask(
    image: ImageRGB,
    masks: GarmentMasks,
    look: LookService | None,
    *,
    box: BoxPx | None = None,
    title: str = "",
) -> ProductMask:
    """The same, which can be 0 everywhere, of any picture of a product."""
    high, wide = image.shape[:2]
    if box is None and look is not None:
        return mask_product(image, look, masks, title=title)
    boxes = (box or (0.0, 0.0, float(wide), float(high)),)
    return ProductMask(alpha=masks.mask(image, boxes, [""]), boxes_xyxy_px=boxes, label="")
