"""Without any network: what on a plain ground is not the ground. An arm to be beaten."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.types import ImageRGB
from models.variants.guided import resized
from models.variants.plain import NEAR, plain_ground

__all__ = ["thing_on_plain"]

_SMALL_PX = 192
_FAR = 26.0
"""Difference to the ground's colour from which a pixel is surely none of it."""


def thing_on_plain(image: ImageRGB) -> NDArray[np.float32] | None:
    """What does not have the colour of the picture's edge, or does not hang together with it.

    Args:
        image: uint8 (H, W, 3).

    Returns:
        float32 (H, W), 0 on the ground to 1; ``None`` where the ground is not plain.
    """
    ground = plain_ground(image)
    if ground is None:
        return None
    high, wide = image.shape[:2]
    scale = min(1.0, _SMALL_PX / max(high, wide))
    size = (max(4, round(wide * scale)), max(4, round(high * scale)))
    small = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX), np.float32)
    around = _reached(np.abs(small - ground).max(axis=2) < NEAR)
    # At full resolution pixels beside the reached ground are judged by their own colour.
    near = resized(_grown(around).astype(np.float32), (wide, high))
    differs = np.abs(image.astype(np.float32) - ground).max(axis=2)
    apart = np.clip((differs - NEAR / 2) / (_FAR - NEAR / 2), 0.0, 1.0)
    return np.asarray(1.0 - near * (1.0 - apart), np.float32)


def _reached(open_to: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What of a map hangs together with its edge, over the four neighbours."""
    reached = np.zeros_like(open_to)
    reached[[0, -1]], reached[:, [0, -1]] = open_to[[0, -1]], open_to[:, [0, -1]]
    while True:
        before = int(reached.sum())
        for _ in range(16):
            reached = _grown(reached) & open_to
        if int(reached.sum()) == before:
            return reached


def _grown(held: NDArray[np.bool_]) -> NDArray[np.bool_]:
    found = held.copy()
    found[1:] |= held[:-1]
    found[:-1] |= held[1:]
    found[:, 1:] |= held[:, :-1]
    found[:, :-1] |= held[:, 1:]
    return found
