"""Crops for the training of garment masks, out of the pictures whose masks are known."""

# torch is untyped in part.
# pyright: basic

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from api.evaluation.drawn_garments import drawn_packshots
from api.evaluation.garment_masks import KnownGarment, packshots, worn_garments
from detectors.taxonomy import Taxonomy
from models.training.variants_mask_crops import CROP_MARGIN, CROP_WH_PX, MaskCrop
from models.variants.frame import frame_around

__all__ = ["crops_of", "training_crops"]

_DRAWN = {"train": 1_600, "val": 160}
"""Products that are drawn for a split."""


def training_crops(data: Path, taxonomy: Taxonomy, *, split: str) -> Iterator[MaskCrop]:
    """Worn garments, packshots without what is too thin for a mask to matter, and drawn ones."""
    yield from crops_of(worn_garments(data, taxonomy, split=split, wholes=True))
    yield from crops_of(packshots(data, taxonomy, split=split))
    yield from crops_of(drawn_packshots(taxonomy, split=split, count=_DRAWN[split]))


def crops_of(garments: Iterable[KnownGarment]) -> Iterator[MaskCrop]:
    """Each garment with its surroundings."""
    for each in garments:
        high, wide = each.mask.shape
        frame = frame_around(wide, high, each.box_xyxy_px, margin=CROP_MARGIN)
        layers = (
            frame.cut(each.image),
            (frame.cut(each.mask) * 255).astype(np.uint8),
            frame.cut(each.empty).astype(np.uint8) * 255,
        )
        pixels = [
            np.asarray(
                Image.fromarray(np.ascontiguousarray(layer)).resize(
                    CROP_WH_PX, Image.Resampling.BILINEAR
                )
            )
            for layer in layers
        ]
        yield MaskCrop(pixels=np.dstack(pixels), place=each.place, box=frame.box)
