"""What a generator drew, laid into the reference inside the garment's mask.

The rest of the picture stays to the bit. At the mask's edges both pictures are mixtures of garment
and ground, so the garment's part of the one takes the place of the garment's part of the other
(`models.variants.edges`), in linear light.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidInput
from engine.types import ImageRGB
from models.variants.edges import unmixed
from models.variants.guided import box_mean
from models.variants.oklab import linear_rgb, oklab, rgb_of_linear, to_linear

__all__ = ["lay_in", "tint"]

Plane = NDArray[np.float32]
_LEAST = 1 / 255
_COARSE = 0.04
"""Radius of what counts as light and not as fold, as a share of the garment's longer side."""


def lay_in(reference: ImageRGB, drawn: ImageRGB, mask: Plane) -> ImageRGB:
    """The drawn garment in the reference's place: for patterns and materials.

    Args:
        reference: uint8 (H, W, 3).
        drawn: The same size and place.
        mask: float32 (H, W), 0 to 1: the garment.

    Returns:
        uint8 (H, W, 3); where the mask is 0 it is the reference, to the bit.

    Raises:
        InvalidInput: Sizes differ, or the mask is empty.
    """
    part = _part(reference, drawn, mask)
    own, shares = unmixed(to_linear(reference[part]), mask[part])
    theirs, _ = unmixed(to_linear(drawn[part]), mask[part])
    return _mixed(reference, part, own, theirs, shares, mask)


def tint(reference: ImageRGB, drawn: ImageRGB, mask: Plane) -> ImageRGB:
    """The drawn garment's colour and light, the reference's folds and seams: for colours.

    Lightness is the drawn one's where it changes slowly and the reference's where it changes fast;
    hue and chroma are the drawn one's (the eye does not see them sharply, which JPEG uses too). So
    a generator of 512 pixels does not soften a picture of 2,000.

    Args:
        reference: uint8 (H, W, 3).
        drawn: The same size and place.
        mask: float32 (H, W), 0 to 1: the garment.

    Returns:
        uint8 (H, W, 3); where the mask is 0 it is the reference, to the bit.

    Raises:
        InvalidInput: Sizes differ, or the mask is empty.
    """
    part = _part(reference, drawn, mask)
    alpha = mask[part]
    own, shares = unmixed(to_linear(reference[part]), alpha)
    theirs, _ = unmixed(to_linear(drawn[part]), alpha)
    held, made = oklab(own), oklab(theirs)
    radius_px = max(1, round(_COARSE * max(alpha.shape)))
    planes = np.dstack([held[..., 0] * alpha, made[..., 0] * alpha, alpha])
    around = box_mean(planes, radius_px)
    weight = np.maximum(around[..., 2], 1e-4)
    coarse = np.clip(around[..., 1] / weight, 0, 1)
    step = held[..., 0] - around[..., 0] / weight
    # Near black and white there is less room for folds: squeezed, not cut off.
    room = np.where(step < 0, np.maximum(coarse, 1e-3), np.maximum(1 - coarse, 0.02))
    made[..., 0] = coarse + np.sign(step) * room * (1 - np.exp(-np.abs(step) / room))
    return _mixed(reference, part, own, np.clip(linear_rgb(made), 0, 1), shares, mask)


def _part(reference: ImageRGB, drawn: ImageRGB, mask: Plane) -> tuple[slice, slice]:
    """Rows and columns that hold the mask."""
    if mask.shape != reference.shape[:2] or drawn.shape != reference.shape:
        raise InvalidInput(
            f"got a mask of {mask.shape} and a picture of {drawn.shape} for one of "
            f"{reference.shape}",
            where="mask",
        )
    rows, columns = (np.flatnonzero((mask > _LEAST).any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        raise InvalidInput("got an empty mask, expected one with a garment", where="mask")
    return np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _mixed(
    reference: ImageRGB,
    part: tuple[slice, slice],
    own: Plane,
    theirs: Plane,
    shares: Plane,
    mask: Plane,
) -> ImageRGB:
    found = reference.copy()
    inside = mask[part] > _LEAST
    linear = to_linear(reference[part])[inside]
    linear += shares[inside][:, None] * (theirs[inside] - own[inside])
    found[part][inside] = rgb_of_linear(linear)
    return found
