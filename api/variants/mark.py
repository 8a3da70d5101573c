"""The visible mark: whoever sees a generated picture can read that it is one."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from engine.types import ImageRGB

__all__ = ["TEXTS", "marked"]

TEXTS = ("generated · not for sale", "generated", "AI")
"""The longest that fits."""
_INK = (255, 255, 255)
_GROUND = (24, 24, 26)
_OPACITY = 0.8
"""Of the ground: white on it keeps a contrast of at least 7 : 1 above any picture, and what
smoothing leaves of thin letters 4.5 : 1 (WCAG 2, AA)."""
_LEAST_PX = 10
_SHARE = 0.022
"""Height of the letters as a part of the longer side."""
_WIDEST = 0.6
"""Part of the picture's width that the mark may take."""


def marked(image: ImageRGB) -> ImageRGB:
    """A copy with the mark in its lower left corner.

    Args:
        image: uint8 (H, W, 3).
    """
    high, wide = image.shape[:2]
    picture = Image.fromarray(np.ascontiguousarray(image))
    size = max(_LEAST_PX, round(_SHARE * max(high, wide)))
    font = _font(size)
    text = next((each for each in TEXTS if font.getlength(each) <= _WIDEST * wide), TEXTS[-1])
    pad = max(2, round(0.4 * size))
    left, top, right, bottom = font.getbbox(text)
    box_w, box_h = round(right - left) + 2 * pad, round(bottom - top) + 2 * pad
    label = Image.new("RGB", (box_w, box_h), _GROUND)
    ImageDraw.Draw(label).text((pad - left, pad - top), text, fill=_INK, font=font)
    # Letters are opaque, the ground lets the picture through.
    bare = Image.new("L", (box_w, box_h), 0)
    ImageDraw.Draw(bare).text((pad - left, pad - top), text, fill=255, font=font)
    opacity = bare.point([round(255 * _OPACITY + ink * (1 - _OPACITY)) for ink in range(256)])
    picture.paste(label, (min(pad, max(0, wide - box_w)), max(0, high - box_h - pad)), opacity)
    return np.asarray(picture)


@lru_cache(maxsize=16)
def _font(size_px: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size_px)
    assert isinstance(font, ImageFont.FreeTypeFont)  # Pillow is built with FreeType
    return font
