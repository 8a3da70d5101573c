"""The square of a picture that a generator of square pictures draws anew.

A garment fills it, so that a generator of 512 pixels spends them on the garment; what lies beyond
the picture's edge repeats the edge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import InvalidInput
from engine.types import ImageRGB

__all__ = ["Window", "whole_window", "window_around"]

_MARGIN = 0.12
"""Of the garment's longer side, left on each side: its surroundings tell its light."""
_RESAMPLE = Image.Resampling.BICUBIC
_MOST_REDUCED = 8
"""A square of more than so many times the drawing's pixels a side is not made at its own size: the
one around a long picture has many times the picture's pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A square, in pixels of the picture; it may reach beyond it.

    Attributes:
        left: First column, can be negative.
        top: First row, can be negative.
        side: Columns and rows.
    """

    left: int
    top: int
    side: int

    def cut(self, image: ImageRGB, size_px: int) -> ImageRGB:
        """The square as uint8 (size_px, size_px, 3)."""
        high, wide = image.shape[:2]
        if self.side > _MOST_REDUCED * size_px:
            scale = _MOST_REDUCED * size_px / self.side
            smaller_wh = max(1, round(wide * scale)), max(1, round(high * scale))
            smaller = np.asarray(Image.fromarray(image).resize(smaller_wh, _RESAMPLE))
            left, top = round(self.left * scale), round(self.top * scale)
            return Window(left=left, top=top, side=_MOST_REDUCED * size_px).cut(smaller, size_px)
        right, bottom = self.left + self.side, self.top + self.side
        part = image[max(0, self.top) : bottom, max(0, self.left) : right]
        around = (
            (max(0, -self.top), max(0, bottom - high)),
            (max(0, -self.left), max(0, right - wide)),
            (0, 0),
        )
        square = np.pad(part, around, mode="edge")
        return np.array(Image.fromarray(square).resize((size_px, size_px), _RESAMPLE))

    def back(self, drawn: ImageRGB, size_wh: tuple[int, int]) -> ImageRGB:
        """What was drawn in the square, where it was cut from: black elsewhere.

        Args:
            drawn: uint8, square, of any size.
            size_wh: Of the picture.

        Returns:
            uint8 (H, W, 3).
        """
        wide, high = size_wh
        x0, y0 = max(0, self.left), max(0, self.top)
        x1, y1 = min(wide, self.left + self.side), min(high, self.top + self.side)
        found = np.zeros((high, wide, 3), np.uint8)
        edges = (x0 - self.left, y0 - self.top, x1 - self.left, y1 - self.top)
        left, top, right, bottom = (each * len(drawn) / self.side for each in edges)
        part = Image.fromarray(drawn).resize(
            (x1 - x0, y1 - y0), _RESAMPLE, box=(left, top, right, bottom)
        )
        found[y0:y1, x0:x1] = np.asarray(part)
        return found


def window_around(mask: NDArray[np.float32]) -> Window:
    """The square around a garment, inside the picture as far as it can be.

    Args:
        mask: float32 (H, W), 0 to 1; not 0 everywhere.

    Raises:
        InvalidInput: It is.
    """
    rows, columns = (np.flatnonzero((mask > 0).any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        raise InvalidInput("got an empty mask, expected one with a garment", where="mask")
    high, wide = mask.shape
    longer = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    side = min(int(np.ceil(longer * (1 + 2 * _MARGIN))), max(high, wide))
    return Window(
        left=_start(int(columns[0] + columns[-1] + 1), side, wide),
        top=_start(int(rows[0] + rows[-1] + 1), side, high),
        side=side,
    )


def whole_window(size_wh: tuple[int, int]) -> Window:
    """The square around a whole picture."""
    side = max(size_wh)
    return Window(left=(size_wh[0] - side) // 2, top=(size_wh[1] - side) // 2, side=side)


def _start(twice_the_middle: int, side: int, length: int) -> int:
    if side >= length:
        return (length - side) // 2
    return min(max(0, (twice_the_middle - side) // 2), length - side)
