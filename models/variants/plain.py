"""Packshots on a plain ground: what is not the ground around the thing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.types import ImageRGB
from models.variants.guided import resized

__all__ = ["PlainGround", "plain_ground"]

_SMALL_PX = 192
_NEAR = 10.0
"""Difference of the strongest channel, 0 to 255, up to which a pixel can be ground."""
_FAR = 26.0
"""From here on it is surely not."""
_PALE = 60.0
"""A garment whose middle differs less than this is nearly of the ground's colour."""
_SURE_FROM = 0.7
"""Of a mask: from here on it counts more and more against the ground's colour."""
_PLAIN_SHARE = 0.6
"""Of the picture's edge that must be of one colour; the thing may reach over the rest."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlainGround:
    """The plain ground of a picture.

    Attributes:
        thing: float32 (H, W), 0 on the ground to 1: what does not have the colour of the picture's
            edge, or does not hang together with it.
        differs: float32 (H, W), 0 to 255: difference to the ground in the strongest channel.
    """

    thing: NDArray[np.float32]
    differs: NDArray[np.float32]

    def left_out(self, mask: NDArray[np.float32]) -> NDArray[np.float32]:
        """A mask (H, W) without the ground, in `thing`'s own sharp edges.

        A white garment on white runs into its ground: there the mask has the last word where it is
        sure. Through the handles of a dark bag the ground is seen again.
        """
        sure = np.clip((mask - _SURE_FROM) / (1 - _SURE_FROM), 0, 1)
        inside = self.differs[(mask > 0.5) & (self.differs >= _FAR)]
        pale = not inside.size or float(np.median(inside)) < _PALE
        if pale:
            return np.asarray(mask * np.maximum(self.thing, sure), np.float32)
        seen_through = np.clip(self.differs / _NEAR, 0, 1)
        return np.asarray(mask * self.thing * seen_through, np.float32)


def plain_ground(image: ImageRGB) -> PlainGround | None:
    """The ground of a picture whose edge is of one colour; ``None`` where it is not.

    Args:
        image: uint8 (H, W, 3).
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
    apart = np.clip((differs - _NEAR / 2) / (_FAR - _NEAR / 2), 0.0, 1.0)
    return PlainGround(thing=np.asarray(1.0 - near * (1.0 - apart), np.float32), differs=differs)


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
