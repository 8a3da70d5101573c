"""Seconds for four colour variants of a large picture, from pixels to pixels."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

from engine.evaluation.figures import Figure, measured
from engine.evaluation.intervals import bootstrap, row_percentile
from engine.look import LookService
from engine.query.lexicon import Lexicon
from engine.types import ImageRGB
from models.variants.mask import GarmentMasks
from models.variants.product_mask import mask_product
from models.variants.recolour import Garment
from models.variants.shades import shade_of

__all__ = ["COLOURS", "LONGER_PX", "enlarged", "measure_variants"]

LONGER_PX = 1000
COLOURS = ("red", "blue", "white", "black")


def measure_variants(
    images: Sequence[ImageRGB],
    *,
    look: LookService,
    masks: GarmentMasks,
    lexicon: Lexicon,
    rounds: int,
    on_round: Callable[[], None] = lambda: None,
) -> list[Figure]:
    """Median seconds a picture: finding the product and its pixels, then four colours; its parts.

    Args:
        images: Decoded; made 1,000 px first, untimed.
        look: Finds the product's boxes.
        masks: Finds its pixels.
        lexicon: Shades.
        rounds: How often each picture is done, after once untimed; its best counts.
        on_round: Called after each.
    """
    shades = [shade_of(colour, lexicon) for colour in COLOURS]
    parts: dict[str, list[float]] = {"four-variants": [], "mask": [], "recolouring": []}
    for image in map(enlarged, images):
        spent: list[tuple[float, float]] = []
        for _ in range(rounds + 1):
            began = time.perf_counter()
            found = mask_product(image, look, masks)
            masked = time.perf_counter()
            if not (found.alpha > 0).any():
                break
            garment = Garment(image, found.alpha)
            for shade in shades:
                garment.recoloured(shade)
            spent.append((masked - began, time.perf_counter() - masked))
            on_round()
        if not spent:
            continue
        first, second = min(spent[1:], key=sum)
        parts["four-variants"].append(first + second)
        parts["mask"].append(first)
        parts["recolouring"].append(second)
    return [
        measured(
            bootstrap(values, statistic=row_percentile(50)),
            metric="seconds", arm=name, condition="cpu", unit="s",
        )
        for name, values in parts.items()
        if values
    ]  # fmt: skip


def enlarged(image: ImageRGB) -> ImageRGB:
    """A picture whose longer side is `LONGER_PX`."""
    high, wide = image.shape[:2]
    scale = LONGER_PX / max(high, wide)
    size = (max(1, round(wide * scale)), max(1, round(high * scale)))
    return np.array(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))
