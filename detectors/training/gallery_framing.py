"""Where the frames of a product's pictures lie: around it, around all, inside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.training.gallery_pictures import LabelledPicture, Truth
from engine.types import BoxPx

__all__ = ["around", "crop_window", "detail_window", "whole_window"]

_LEAST_WINDOW_PX = 64
_LEAST_DETAIL_PX = 40
"""Shorter side of a thing that has a detail."""
_DETAIL_TRIES = 12
_DETAIL_COVER = 0.5
_MOST_CUT, _LEAST_MARGIN, _MOST_MARGIN = 0.08, 0.05, 0.45


def around(parts: Sequence[Truth]) -> BoxPx:
    """The box around all of them."""
    boxes = np.array([each.box_xyxy_px for each in parts])
    x0, y0 = boxes[:, :2].min(axis=0)
    x1, y1 = boxes[:, 2:].max(axis=0)
    return (float(x0), float(y0), float(x1), float(y1))


def whole_window(picture: LabelledPicture, rng: np.random.Generator) -> BoxPx:
    """Nearly the whole picture: some hundredths are cut off each side."""
    high, wide = picture.rgb.shape[:2]
    cut = rng.uniform(0, _MOST_CUT, size=4)
    return (cut[0] * wide, cut[1] * high, (1 - cut[2]) * wide, (1 - cut[3]) * high)


def crop_window(picture: LabelledPicture, box: BoxPx, rng: np.random.Generator) -> BoxPx:
    """Around a box, with a margin of its own on each side in which its neighbours show."""
    high, wide = picture.rgb.shape[:2]
    x0, y0, x1, y1 = box
    side = max(x1 - x0, y1 - y0, _LEAST_WINDOW_PX)
    out = rng.uniform(_LEAST_MARGIN, _MOST_MARGIN, size=4) * side
    spare_x = max(0.0, _LEAST_WINDOW_PX - (x1 - x0)) / 2
    spare_y = max(0.0, _LEAST_WINDOW_PX - (y1 - y0)) / 2
    return (
        max(0.0, x0 - out[0] - spare_x),
        max(0.0, y0 - out[1] - spare_y),
        min(float(wide), x1 + out[2] + spare_x),
        min(float(high), y1 + out[3] + spare_y),
    )


def detail_window(mask: NDArray[np.bool_], box: BoxPx, rng: np.random.Generator) -> BoxPx | None:
    """Inside a box, where the thing fills most of the frame, of some that are tried.

    Args:
        mask: (H, W), where the thing is.
        box: Around it.
        rng: Decides everything.

    Returns:
        Whole pixels; ``None`` for a thing that is too small or too thin.
    """
    x0, y0, x1, y1 = box
    if min(x1 - x0, y1 - y0) < _LEAST_DETAIL_PX:
        return None
    best, found = _DETAIL_COVER, None
    for _ in range(_DETAIL_TRIES):
        wide, high = rng.uniform(0.4, 0.7) * (x1 - x0), rng.uniform(0.4, 0.7) * (y1 - y0)
        left, top = rng.uniform(x0, x1 - wide), rng.uniform(y0, y1 - high)
        a0, b0, a1, b1 = round(left), round(top), round(left + wide), round(top + high)
        cover = float(mask[b0:b1, a0:a1].mean())
        if cover > best:
            best, found = cover, (float(a0), float(b0), float(a1), float(b1))
    return found
