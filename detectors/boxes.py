"""How boxes lie to one another."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["box_areas", "iou_matrix", "overlap_areas"]

Boxes = NDArray[np.float64]
"""(N, 4) boxes as x0, y0, x1, y1."""


def _boxes(given: ArrayLike) -> Boxes:
    return np.asarray(given, dtype=np.float64).reshape(-1, 4)


def box_areas(boxes: ArrayLike) -> NDArray[np.float64]:
    """Areas (N,) of boxes (N, 4); 0 for one that is turned inside out."""
    held = _boxes(boxes)
    sides = np.maximum(held[:, 2:] - held[:, :2], 0.0)
    return sides[:, 0] * sides[:, 1]


def overlap_areas(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """Area (N, M) that each box of `a` (N, 4) shares with each of `b` (M, 4)."""
    one, other = _boxes(a)[:, None], _boxes(b)[None]
    low = np.maximum(one[..., :2], other[..., :2])
    high = np.minimum(one[..., 2:], other[..., 2:])
    sides = np.maximum(high - low, 0.0)
    return sides[..., 0] * sides[..., 1]


def iou_matrix(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """Intersection over union of each box of `a` (N, 4) with each of `b` (M, 4).

    Returns:
        (N, M), 0 to 1; 0 where both have no area.
    """
    shared = overlap_areas(a, b)
    union = box_areas(a)[:, None] + box_areas(b)[None] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
