"""A rough mask brought to the edges of a picture: the guided filter.

He, Sun, Tang, "Guided Image Filtering" (PAMI 2013) with a colour picture as the guide, and its fast
form (He, Sun, "Fast Guided Filter", 2015): the coefficients are found on a small copy and applied
at full resolution.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.types import ImageRGB

__all__ = ["box_mean", "refine", "resized"]

Plane = NDArray[np.float32]


def refine(
    rough: Plane, guide: ImageRGB, *, small_px: int = 224, radius: float = 0.02, eps: float = 1e-5
) -> Plane:
    """A mask that follows the guide's edges.

    Args:
        rough: float32 (h, w), 0 to 1, of any size.
        guide: uint8 (H, W, 3), of which `rough` is a mask.
        small_px: Longer side of the copy on which coefficients are found.
        radius: Of the window, as a share of that side.
        eps: How flat a window may be that edges are still taken from, in squares of 0..1: white
            things on white differ by a hundredth.

    Returns:
        float32 (H, W), 0 to 1.
    """
    high, wide = guide.shape[:2]
    scale = min(1.0, small_px / max(high, wide))
    size = (max(4, round(wide * scale)), max(4, round(high * scale)))
    small = Image.fromarray(np.ascontiguousarray(guide)).resize(size, Image.Resampling.BOX)
    colours = np.asarray(small, np.float32) / 255.0
    slopes, level = _coefficients(
        colours, resized(rough, size), max(1, round(radius * max(size))), eps
    )
    whole = (wide, high)
    found = resized(level, whole)
    for channel in range(3):
        # In place: at full resolution every copy costs as much as the arithmetic.
        part = resized(slopes[..., channel], whole)
        part *= guide[..., channel]
        found += part
    return np.clip(found, 0.0, 1.0, out=found)


def resized(plane: Plane, size_wh: tuple[int, int]) -> Plane:
    """A plane at another size, bilinear."""
    if (plane.shape[1], plane.shape[0]) == size_wh:
        return plane.astype(np.float32)
    picture = Image.fromarray(np.ascontiguousarray(plane, dtype=np.float32))
    # A copy: Pillow's own memory is read only.
    return np.array(picture.resize(size_wh, Image.Resampling.BILINEAR), np.float32)


def box_mean(planes: NDArray[np.float32], radius_px: int) -> NDArray[np.float32]:
    """Mean over windows (2r + 1)² of (H, W, …), those at the edges smaller."""
    found = planes.astype(np.float64)  # running sums of float32 lose the differences
    for axis in (0, 1):
        length = found.shape[axis]
        sums = np.concatenate([np.zeros_like(found.take([0], axis)), found.cumsum(axis)], axis)
        places = np.arange(length)
        low, high = np.maximum(places - radius_px, 0), np.minimum(places + radius_px + 1, length)
        counts = (high - low).reshape([-1 if each == axis else 1 for each in range(found.ndim)])
        found = (sums.take(high, axis) - sums.take(low, axis)) / counts
    return found.astype(np.float32)


def _coefficients(
    colours: NDArray[np.float32], mask: Plane, radius_px: int, eps: float
) -> tuple[NDArray[np.float32], Plane]:
    """Slopes (h, w, 3) for a guide of 0..255 and level (h, w): mask ≈ slope · guide + level."""
    pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
    products = np.stack([colours[..., i] * colours[..., j] for i, j in pairs], axis=-1)
    stacked = np.concatenate(
        [colours, mask[..., None], colours * mask[..., None], products], axis=-1
    )
    means = box_mean(stacked, radius_px)
    colour, level = means[..., :3], means[..., 3]
    shared = means[..., 4:7] - colour * level[..., None]
    spread = np.empty((*mask.shape, 3, 3), np.float32)
    for place, (i, j) in enumerate(pairs):
        held = means[..., 7 + place] - colour[..., i] * colour[..., j]
        spread[..., i, j] = spread[..., j, i] = held
    spread[..., [0, 1, 2], [0, 1, 2]] += eps
    slopes = np.linalg.solve(spread, shared[..., None])[..., 0]
    level = level - (slopes * colour).sum(-1)
    both = box_mean(np.concatenate([slopes, level[..., None]], axis=-1), radius_px)
    return both[..., :3] / 255.0, both[..., 3]
