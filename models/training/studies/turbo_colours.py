"""A picture's colours as numbers that need no training: soft histograms in Oklab."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.variants.oklab import oklab, to_linear

__all__ = ["COLOUR_FEATURES", "colour_features"]

_POOL = 4
_BINS = 8
_REACH = 0.25
"""Of Oklab's a and b; what lies beyond counts as this."""
_AWAY = 20.0
"""Difference from the picture's edge, in 255ths, from which a place is no ground."""
COLOUR_FEATURES = 3 * _BINS**3


def colour_features(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Square roots of histograms of the thing, of its middle, and of the middle with its ground.

    Args:
        frames: uint8 (N, H, W, 3) RGB, sides divisible by four.

    Returns:
        float32 (N, `COLOUR_FEATURES`).
    """
    count, high, wide = frames.shape[:3]
    high, wide = high // _POOL, wide // _POOL
    folded = frames.reshape(count, high, _POOL, wide, _POOL, 3)
    small = folded.mean((2, 4), dtype=np.float32)
    edge = np.concatenate([small[:, 0], small[:, -1], small[:, :, 0], small[:, :, -1]], axis=1)
    ground = np.median(edge, axis=1)[:, None, None]
    thing = (np.abs(small - ground).max(axis=-1) > _AWAY).reshape(count, -1).astype(np.float32)
    y, x = np.linspace(-1, 1, high)[:, None], np.linspace(-1, 1, wide)
    middle = np.exp(-(y**2 + x**2) / 0.3).reshape(-1).astype(np.float32)
    lab = oklab(to_linear(small.round().astype(np.uint8))).reshape(count, -1, 3)
    weights = np.stack([thing, thing * middle, np.broadcast_to(middle, thing.shape)])
    return _histograms(lab, weights)


def _histograms(lab: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each place's weight goes to the eight bins around its colour."""
    count = len(lab)
    scaled = np.stack(
        [lab[..., 0], *((np.clip(lab[..., i] / _REACH, -1, 1) + 1) / 2 for i in (1, 2))], axis=-1
    )
    place = np.clip(scaled, 0, 1) * (_BINS - 1)
    low = np.minimum(place.astype(np.int64), _BINS - 2)
    share = place - low
    row = np.arange(count)[:, None] * _BINS**3
    found = np.zeros((len(weights), count, _BINS**3), np.float32)
    for corner in range(8):
        up = np.array([corner >> 2 & 1, corner >> 1 & 1, corner & 1])
        bins = (low + up) @ np.array([_BINS**2, _BINS, 1])
        part = np.where(up, share, 1 - share).prod(axis=-1)
        for kind, weight in enumerate(weights):
            held = np.bincount((row + bins).ravel(), (part * weight).ravel(), count * _BINS**3)
            found[kind] += held.reshape(count, -1)
    found /= np.maximum(found.sum(axis=-1, keepdims=True), 1e-6)
    return np.sqrt(found).transpose(1, 0, 2).reshape(count, -1)
