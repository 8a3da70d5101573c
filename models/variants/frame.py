"""The part of a picture that the mask network reads: a box with its surroundings.

Training and serving both come through here, so that there is no skew between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.errors import InvalidInput
from engine.types import BoxPx, ImageRGB

S = TypeVar("S", bound=np.generic)

__all__ = ["HEIGHT_PX", "MARGIN", "WIDTH_PX", "Frame", "frame_around"]

HEIGHT_PX = 128
WIDTH_PX = 96
MARGIN = 0.2
"""Of the box's sides, left around it: what lies beside a garment tells where it ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A part of a picture around a box.

    Attributes:
        left: First column, pixels.
        top: First row.
        right: Column after the last.
        bottom: Row after the last.
        box: x0, y0, x1, y1 of the box as fractions of the part, each 0 to 1.
    """

    left: int
    top: int
    right: int
    bottom: int
    box: tuple[float, float, float, float]

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height, pixels."""
        return self.right - self.left, self.bottom - self.top

    def cut(self, image: NDArray[S]) -> NDArray[S]:
        """The part of an array (H, W, …), not copied."""
        return image[self.top : self.bottom, self.left : self.right]

    def read(
        self, image: ImageRGB, *, height_px: int = HEIGHT_PX, width_px: int = WIDTH_PX
    ) -> NDArray[np.uint8]:
        """The part squeezed into uint8 (height_px, width_px, 3), whatever its proportions."""
        part = Image.fromarray(np.ascontiguousarray(self.cut(image)))
        # Bilinear averages over the pixels that fall together, as it should where a photo is large.
        return np.asarray(part.resize((width_px, height_px), Image.Resampling.BILINEAR))


def frame_around(
    width_px: int, height_px: int, box_xyxy_px: BoxPx, *, margin: float = MARGIN
) -> Frame:
    """The part of a picture around a box, at most the whole picture.

    Args:
        width_px: Of the picture.
        height_px: Of the picture.
        box_xyxy_px: The box.
        margin: Of its sides, left around it where the picture goes on.

    Raises:
        InvalidInput: The box has no area, or none of it lies in the picture.
    """
    x0, y0 = max(0.0, box_xyxy_px[0]), max(0.0, box_xyxy_px[1])
    x1, y1 = min(float(width_px), box_xyxy_px[2]), min(float(height_px), box_xyxy_px[3])
    if not (x0 < x1 and y0 < y1):
        raise InvalidInput(
            f"the box {box_xyxy_px} has no part of a picture of {width_px} by {height_px} pixels",
            where="box",
            hint="Give x0, y0, x1, y1 in pixels, with x0 < x1 and y0 < y1.",
        )
    dx, dy = margin * (x1 - x0), margin * (y1 - y0)
    left, top = max(0, int(x0 - dx)), max(0, int(y0 - dy))
    right = min(width_px, int(np.ceil(x1 + dx)))
    bottom = min(height_px, int(np.ceil(y1 + dy)))
    wide, high = right - left, bottom - top
    box = ((x0 - left) / wide, (y0 - top) / high, (x1 - left) / wide, (y1 - top) / high)
    return Frame(left=left, top=top, right=right, bottom=bottom, box=box)
