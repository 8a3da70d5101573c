"""Composed pictures whose boxes are known: things from packshots laid over street photos."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.training.cutouts import CutOut
from engine.types import BoxPx, ImageRGB

__all__ = ["compose_scene", "lay_thing"]

Boxes = list[tuple[int, BoxPx]]
"""Class and box of each thing."""

# Longer side of a thing as a share of the photo's height.
_SIZES = {
    "footwear": (0.07, 0.22), "bag": (0.10, 0.32), "headwear": (0.07, 0.2), "eyewear": (0.04, 0.14),
    "legwear": (0.08, 0.25), "belt": (0.08, 0.25), "neckwear": (0.12, 0.35),
    "jewellery": (0.04, 0.14),
}  # fmt: skip
_HIDDEN_FROM = 0.6
"""A thing of which more is covered is no longer asked for."""
_MOST_THINGS = 4


def compose_scene(
    photo: ImageRGB,
    boxes: Boxes,
    things: Sequence[CutOut],
    classes: Sequence[str],
    rng: np.random.Generator,
) -> tuple[ImageRGB, Boxes]:
    """Lay one to four things over a photo, each turned, scaled and lit at random.

    Args:
        photo: uint8 (H, W, 3).
        boxes: What can be seen in it.
        things: To choose from.
        classes: Of the taxonomy.
        rng: Decides everything.

    Returns:
        The picture, and the boxes of what can still be seen.
    """
    canvas = photo.copy()
    seen: Boxes = list(boxes)
    for number in rng.integers(len(things), size=rng.integers(1, _MOST_THINGS + 1)).tolist():
        canvas, seen, _ = lay_thing(canvas, seen, things[number], classes, rng)
    return canvas, seen


def lay_thing(
    photo: ImageRGB,
    boxes: Boxes,
    thing: CutOut,
    classes: Sequence[str],
    rng: np.random.Generator,
) -> tuple[ImageRGB, Boxes, BoxPx | None]:
    """Lay one thing over a photo, turned, scaled and lit at random.

    Returns:
        The picture, the boxes of what can be seen in it, the thing's last, and its own box;
        ``None`` and the photo as it was where the thing does not fit in.
    """
    high, wide = photo.shape[:2]
    rgb, alpha = _turned(thing, classes[thing.place], high, rng)
    tall, broad = alpha.shape
    if tall >= high or broad >= wide:
        return photo, boxes, None
    top, left = rng.integers(0, high - tall), rng.integers(0, wide - broad)
    solid = np.zeros((high, wide), np.uint8)
    solid[top : top + tall, left : left + broad] = alpha > 0.5
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    if not rows.size:
        return photo, boxes, None
    canvas = photo.astype(np.float32)
    part = canvas[top : top + tall, left : left + broad]
    part += alpha[..., None] * (rgb - part)
    box = (float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))
    seen = [each for each in boxes if _covered(each[1], solid) < _HIDDEN_FROM]
    return np.clip(canvas, 0, 255).astype(np.uint8), [*seen, (thing.place, box)], box


def _turned(
    thing: CutOut, name: str, high: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    least, most = _SIZES[name]
    scale = rng.uniform(least, most) * high / max(thing.alpha.shape)
    angle = rng.normal(0, 15)
    tall, broad = thing.alpha.shape
    turn = cv2.getRotationMatrix2D((broad / 2, tall / 2), angle, scale)
    cos, sin = abs(turn[0, 0]), abs(turn[0, 1])
    size = (max(2, int(tall * sin + broad * cos)), max(2, int(tall * cos + broad * sin)))
    turn[:, 2] += np.array(size) / 2 - np.array([broad, tall]) / 2
    rgb = thing.rgb.astype(np.float32) * rng.uniform(0.7, 1.1)
    rgb = cv2.warpAffine(rgb, turn, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.warpAffine(thing.alpha, turn, size, flags=cv2.INTER_LINEAR)
    if rng.random() < 0.5:
        rgb, alpha = rgb[:, ::-1], alpha[:, ::-1]
    return rgb.astype(np.float32), alpha.astype(np.float32)


def _covered(box: BoxPx, solid: NDArray[np.uint8]) -> float:
    x0, y0, x1, y1 = map(int, box)
    part = solid[y0:y1, x0:x1]
    return float(part.mean()) if part.size else 1.0
