"""Packshots on a plain ground."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.types import ImageRGB

__all__ = ["NEAR", "plain_ground"]

NEAR = 10.0
"""Difference of the strongest channel, 0 to 255, up to which a pixel can be ground."""
_PLAIN_SHARE = 0.6
"""Of the picture's edge that must be of one colour; the thing may reach over the rest."""


def plain_ground(image: ImageRGB) -> NDArray[np.float32] | None:
    """The colour of a picture's edge, float32 (3,) from 0 to 255; ``None`` where it has many.

    Args:
        image: uint8 (H, W, 3).
    """
    edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]]).astype(np.float32)
    ground = np.median(edge, axis=0)
    if (np.abs(edge - ground).max(axis=1) < NEAR).mean() < _PLAIN_SHARE:
        return None
    return ground
