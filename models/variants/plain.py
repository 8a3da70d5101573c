"""Packshots on a plain ground: what is not the ground around the thing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.types import ImageRGB
from models.variants.guided import resized

__all__ = ["thing_on_plain"]

_SMALL_PX = 192
_NEAR = 10.0
"""Difference of the strongest channel, 0 to 255, up to which a pixel can be ground."""
_FAR = 26.0
"""From here on it is surely not."""
_PLAIN_SHARE = 0.6
"""Of the picture's edge that must be of one colour; the thing may reach over the rest."""


def thing_on_plain(image: ImageRGB) -> NDArray[np.float32] | None:
    """Where a picture is not its plain ground.

    Ground is what has the colour of the picture's edge and hangs together with it.

    Args:
        image: uint8 (H, W, 3).

    Returns:
        float32 (H, W), 0 on the ground to 1; ``None`` where the edge is not of one colour.
    """
    high, wide = image.shape[:2]
    edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]]).astype(np.float32)
    ground = np.median(edge, axis=0)
    if (np.abs(edge - ground).max(axis=1) < _NEAR).mean() < _PLAIN_SHARE:
        return None
    scale = min(1.0, _SMALL_PX / max(high, wide))
    size = (max(4, round(wide * scale)), max(4, round(high * scale)))
    small = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX), np.float32)
    around = _reached(np.abs(small - ground).max(axis=2) < _NEAR)
    # At full resolution pixels beside the reached ground are judged by their own colour.
    near = resized(_grown(around).astype(np.float32), (wide, high))
    differs = np.zeros((high, wide), np.float32)
    for channel in range(3):
        np.maximum(differs, np.abs(image[..., channel] - np.float32(ground[channel])), out=differs)
    differs -= _NEAR / 2
    differs /= _FAR - _NEAR / 2
    np.clip(differs, 0.0, 1.0, out=differs)
    return np.asarray(1.0 - near * (1.0 - differs), np.float32)


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
