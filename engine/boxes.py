"""Boxes as arrays: float (N, 4) of x0, y0, x1, y1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["iou_matrix", "suppress"]

Boxes = NDArray[np.float64]


def iou_matrix(a: Boxes, b: Boxes) -> NDArray[np.float64]:
    """Intersection over union of each of a (N, 4) with each of b (M, 4): (N, M), 0 to 1."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    areas = [np.prod(np.clip(each[:, 2:] - each[:, :2], 0, None), axis=1) for each in (a, b)]
    together = areas[0][:, None] + areas[1][None, :] - shared
    return np.divide(shared, together, out=np.zeros_like(shared), where=together > 0)


def suppress(
    boxes: Boxes,
    classes: NDArray[np.int64],
    *,
    same_class_iou: float,
    any_class_iou: float,
    most: int,
) -> list[int]:
    """Non-maximum suppression, within classes and, for boxes that nearly coincide, across them.

    Args:
        boxes: (N, 4), the surest first.
        classes: (N,) most probable class of each.
        same_class_iou: Boxes of one class that overlap more are one.
        any_class_iou: Boxes that overlap more are one.
        most: Boxes that are kept.

    Returns:
        Places of those that stay, the surest first.
    """
    kept: list[int] = []
    alive = np.ones(len(boxes), bool)
    for place in range(len(boxes)):
        if not alive[place]:
            continue
        kept.append(place)
        if len(kept) == most:
            break
        overlap = iou_matrix(boxes[place : place + 1], boxes)[0]
        limit = np.where(classes == classes[place], same_class_iou, any_class_iou)
        alive &= overlap <= limit
    return kept
