"""A contact sheet of variants: each product's picture, its mask, and some colours."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw

from api.evaluation.recoloured import Shown
from engine.types import ImageRGB
from models.variants.product_mask import ProductMask

__all__ = ["VariantSheet"]

_CELL_WH_PX = (150, 200)
_PAPER = (236, 236, 240)
_COLOURS_EACH = 4


class VariantSheet:
    """Collects products, then draws them, a row each: as it is, mask, four colours.

    Args:
        products: Most rows; of ten with four colours each there are 40 variants.
        every: Of so many products one is drawn.
    """

    def __init__(self, *, products: int = 10, every: int = 7):
        self._most = products
        self._every = every
        self._seen = 0
        self._rows: list[list[tuple[str, ImageRGB]]] = []

    def add(self, shown: Shown, mask: ProductMask, made: Mapping[str, ImageRGB]) -> None:
        """One product."""
        self._seen += 1
        if (self._seen - 1) % self._every or len(self._rows) >= self._most:
            return
        names = list(made)
        first = 3 * len(self._rows)
        chosen = [names[(first + 3 * step) % len(names)] for step in range(_COLOURS_EACH)]
        grey = np.repeat((mask.alpha * 255).astype(np.uint8)[..., None], 3, axis=2)
        row = [("as it is", shown.image), (mask.label or "no box", grey)]
        self._rows.append([*row, *((name, made[name]) for name in chosen)])

    def draw(self) -> Image.Image:
        """The sheet."""
        wide, high = _CELL_WH_PX
        columns = 2 + _COLOURS_EACH
        sheet = Image.new("RGB", (columns * wide, max(1, len(self._rows)) * (high + 16)), _PAPER)
        pen = ImageDraw.Draw(sheet)
        for line, row in enumerate(self._rows):
            for place, (name, image) in enumerate(row):
                picture = Image.fromarray(image)
                picture.thumbnail(_CELL_WH_PX, Image.Resampling.LANCZOS)
                left, top = place * wide, line * (high + 16)
                at = (left + (wide - picture.width) // 2, top + 16 + (high - picture.height) // 2)
                sheet.paste(picture, at)
                pen.text((left + 4, top + 2), name, fill=(40, 40, 40))
        return sheet
