"""The one path from a decoded picture to the array that the compact encoder reads.

Training and serving both come through here, so that there is no skew between them. Normalisation
is no part of it: the network takes uint8 and normalises inside its own graph.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import InvalidInput
from engine.types import ImageRGB

__all__ = ["HEIGHT_PX", "WIDTH_PX", "border_colour", "letterbox", "preprocess_hash"]

HEIGHT_PX = 128
WIDTH_PX = 96
_RESAMPLE = Image.Resampling.BICUBIC
_RECIPE = "letterbox border-median bicubic rgb-uint8 v1"


def preprocess_hash(height_px: int = HEIGHT_PX, width_px: int = WIDTH_PX) -> str:
    """Short hash of everything that shapes the array; part of an encoder's fingerprint."""
    recipe = f"{_RECIPE} {height_px}x{width_px}"
    return hashlib.sha256(recipe.encode()).hexdigest()[:12]


def border_colour(image: ImageRGB) -> NDArray[np.uint8]:
    """Median colour (3,) of the outermost pixels: white for a packshot."""
    edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    return np.median(edge, axis=0).astype(np.uint8)


def letterbox(
    image: ImageRGB,
    *,
    height_px: int = HEIGHT_PX,
    width_px: int = WIDTH_PX,
    out: NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    """Fit a picture into a frame, its proportions kept, the rest in its own border colour.

    Args:
        image: uint8 (H, W, 3), sRGB, any size of at least one pixel.
        height_px: Height of the frame.
        width_px: Width of the frame.
        out: uint8 (height_px, width_px, 3) to write into, such as a row of a batch.

    Returns:
        `out`, or a new uint8 (height_px, width_px, 3), contiguous.

    Raises:
        InvalidInput: The array is no RGB picture.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
        raise InvalidInput(
            f"got an array {image.dtype} {image.shape}, expected uint8 (H, W, 3)",
            where="picture",
            hint="Decode it with engine.images first.",
        )
    high, wide = image.shape[:2]
    scale = min(height_px / high, width_px / wide)
    inner_high = min(height_px, max(1, round(high * scale)))
    inner_wide = min(width_px, max(1, round(wide * scale)))
    resized = image
    if (high, wide) != (inner_high, inner_wide):
        pixels = Image.fromarray(np.ascontiguousarray(image))
        resized = np.asarray(pixels.resize((inner_wide, inner_high), _RESAMPLE))
    frame = np.empty((height_px, width_px, 3), dtype=np.uint8) if out is None else out
    if (inner_high, inner_wide) == (height_px, width_px):
        frame[:] = resized
        return frame
    frame[:] = border_colour(image)
    top, left = (height_px - inner_high) // 2, (width_px - inner_wide) // 2
    frame[top : top + inner_high, left : left + inner_wide] = resized
    return frame
