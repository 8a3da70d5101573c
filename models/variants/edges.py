"""What of a pixel at a garment's edge is garment, and what colour that part has.

Beside an edge every pixel is a mixture, I = αF + (1 - α)B. Both colours are taken from what lies
around, the garment's further inside and the ground's further outside, and α follows from where I
lies between them. Without this a black garment made white keeps a dark rim.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.variants.guided import box_mean

__all__ = ["unmixed"]

_BAND = 0.006
"""Half the width of the edge, as a share of the garment's longer side."""
_REACH = 4
"""How many times as far the colours on both sides are looked for."""
_APART = 0.004
"""Squared distance of the two, in linear light, from which they can be told apart."""
_PURE = 0.92
"""From this share on a pixel's own colour is taken as it is."""


def unmixed(
    linear: NDArray[np.float32], alpha: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Colours of the garment alone, and how much of each pixel is garment.

    Args:
        linear: float32 (H, W, 3), linear light.
        alpha: float32 (H, W), 0 to 1: a mask whose edges are about right.

    Returns:
        float32 (H, W, 3), as `linear` but for the edges, and float32 (H, W), 0 where `alpha` is.
    """
    half_px = max(1, round(_BAND * max(alpha.shape)))
    # Beyond the array there is no ground that could be mixed in: windows are cut there.
    near = box_mean(alpha[..., None], half_px)[..., 0]
    band = (near > 0.01) & (near < 0.99) & (alpha > 0)
    if not band.any():
        return linear, alpha
    inner, outer = (near >= 0.99)[..., None], (near <= 0.01)[..., None]
    planes = [linear * inner, inner, linear * outer, outer]
    around = box_mean(np.concatenate(planes, axis=-1).astype(np.float32), _REACH * half_px)[band]
    own = around[:, :3] / np.maximum(around[:, 3:4], 1e-4)
    ground = around[:, 4:7] / np.maximum(around[:, 7:], 1e-4)
    step = own - ground
    apart = (step * step).sum(axis=1)
    known = (around[:, 3] > 0.01) & (around[:, 7] > 0.01) & (apart > _APART)
    between = ((linear[band] - ground) * step).sum(axis=1) / np.maximum(apart, _APART)
    # Folds and prints at an edge look like mixtures too; the mask says how far to believe it.
    found = np.where(known, np.clip(between, 0, 1), alpha[band])
    shares, colours = alpha.copy(), linear.copy()
    shares[band] = np.minimum(found, np.clip(2 * alpha[band], 0, 1))
    part = np.clip(found / _PURE, 0, 1)[:, None] ** 4
    colours[band] = np.where(
        (around[:, 3] > 0.01)[:, None], part * linear[band] + (1 - part) * own, linear[band]
    )
    return colours, shares
