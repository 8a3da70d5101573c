"""Value noise that depends on body coordinates only, so that a zoomed view shows the same cloth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.floating]
_SIDE = 64


class NoiseTable:
    """A wrapped table of random values, read at real coordinates with smooth interpolation."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._table = rng.uniform(-1.0, 1.0, (_SIDE, _SIDE)).astype(np.float32)

    def at(self, x: Field, y: Field) -> Field:
        """Noise in [-1, 1] with features one unit wide."""
        floor_x, floor_y = np.floor(x), np.floor(y)
        share_x, share_y = x - floor_x, y - floor_y
        share_x = share_x * share_x * (3 - 2 * share_x)
        share_y = share_y * share_y * (3 - 2 * share_y)
        left = floor_x.astype(np.int32) % _SIDE
        top = floor_y.astype(np.int32) % _SIDE
        right, bottom = (left + 1) % _SIDE, (top + 1) % _SIDE
        table = self._table
        upper = table[top, left] * (1 - share_x) + table[top, right] * share_x
        lower = table[bottom, left] * (1 - share_x) + table[bottom, right] * share_x
        return upper * (1 - share_y) + lower * share_y

    def cell(self, column: Field, row: Field, channel: int) -> Field:
        """A constant random value in [-1, 1] for each integer cell."""
        i = column.astype(np.int32) % _SIDE
        j = (row.astype(np.int32) + 17 * channel) % _SIDE
        return self._table[j, i]
