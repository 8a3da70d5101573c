"""Garments whose pixels are known: worn in street photos, and packshots cut out and laid anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detectors.taxonomy import Taxonomy
from detectors.training.cutouts import CutOut, read_cutouts
from detectors.training.street import read_street
from detectors.training.street_masks import STREET_LABELS, read_mask
from engine.images import decode_image
from engine.types import BoxPx, ImageRGB

__all__ = ["KnownGarment", "packshots", "worn_garments"]

_LEAST_SHARE = 0.003
_AROUND = 0.08
"""Of a box's sides: pixels of its label further off belong to another thing."""
_FRAME_WH_PX = (168, 224)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KnownGarment:
    """A garment in a picture.

    Attributes:
        source: The photo or packshot.
        image: uint8 (H, W, 3).
        mask: float32 (H, W), 0 to 1: its pixels.
        empty: bool (H, W): pixels that show nobody and nothing that is known.
        place: Its coarse class.
        box_xyxy_px: Around it.
    """

    source: str
    image: ImageRGB
    mask: NDArray[np.float32]
    empty: NDArray[np.bool_]
    place: int
    box_xyxy_px: BoxPx


def worn_garments(
    data: Path, taxonomy: Taxonomy, *, split: str, wholes: bool = False
) -> Iterator[KnownGarment]:
    """Every large visible part of a garment in the street photos (CCP).

    Args:
        data: Folder of the real data.
        taxonomy: Coarse classes.
        split: Of the photos.
        wholes: Things of several parts, such as a pair of shoes, as a whole too.
    """
    for photo in read_street(data, taxonomy):
        if photo.split != split:
            continue
        image, labels = decode_image(photo.image), read_mask(photo.mask)
        least = _LEAST_SHARE * photo.width_px * photo.height_px
        boxes = [(each.label, each.place, each.box_xyxy_px) for each in photo.boxes
                 if each.area_px >= least]  # fmt: skip
        if wholes:
            for label, place in {(label, place) for label, place, _ in boxes}:
                parts = np.array([box for name, _, box in boxes if name == label])
                if len(parts) > 1:
                    low, high = parts[:, :2].min(axis=0), parts[:, 2:].max(axis=0)
                    boxes.append((label, place, (*map(float, low), *map(float, high))))  # pyright: ignore[reportArgumentType]
        for label, place, box in boxes:
            near = np.zeros(labels.shape, bool)
            x0, y0, x1, y1 = box
            dx, dy = _AROUND * (x1 - x0), _AROUND * (y1 - y0)
            near[
                max(0, int(y0 - dy)) : int(y1 + dy) + 1, max(0, int(x0 - dx)) : int(x1 + dx) + 1
            ] = 1
            yield KnownGarment(
                source=photo.photo_id,
                image=image,
                mask=((labels == STREET_LABELS.index(label)) & near).astype(np.float32),
                empty=labels == 0,
                place=place,
                box_xyxy_px=box,
            )


def packshots(
    data: Path, taxonomy: Taxonomy, *, split: str, seed: int = 5, copies: int = 1
) -> Iterator[KnownGarment]:
    """Things cut out of packshots (KAGL), each laid on grounds of other shades, from white to dark.

    Args:
        data: Folder of the real data.
        taxonomy: Coarse classes.
        split: Of the packshots.
        seed: Of places, sizes and grounds.
        copies: Grounds a thing.
    """
    for number, thing in enumerate(read_cutouts(data, taxonomy, split=split)):
        rng = np.random.default_rng((seed, number))
        for copy in range(copies):
            yield _laid(f"{split}-{number}-{copy}", thing, rng)


def _laid(name: str, thing: CutOut, rng: np.random.Generator) -> KnownGarment:
    wide, high = _FRAME_WH_PX
    tall, broad = thing.alpha.shape
    scale = rng.uniform(0.6, 0.95) * min(wide / broad, high / tall)
    size = (max(4, round(broad * scale)), max(4, round(tall * scale)))
    rgb = np.asarray(Image.fromarray(thing.rgb).resize(size, Image.Resampling.BILINEAR), np.float32)
    alpha = np.asarray(Image.fromarray(thing.alpha).resize(size, Image.Resampling.BILINEAR))
    left, top = int(rng.integers(0, wide - size[0] + 1)), int(rng.integers(0, high - size[1] + 1))
    shade = 255 * (1 - 0.6 * rng.random() ** 3) + rng.normal(0, 4, 3)
    slope = rng.normal(0, 8) * np.linspace(-1, 1, high)[:, None, None]
    ground = np.clip(shade + slope + np.zeros((high, wide, 3)), 0, 255)
    mask = np.zeros((high, wide), np.float32)
    mask[top : top + size[1], left : left + size[0]] = alpha
    part = ground[top : top + size[1], left : left + size[0]]
    part += alpha[..., None] * (rgb - part)
    return KnownGarment(
        source=name,
        image=ground.round().astype(np.uint8),
        mask=mask,
        empty=mask < 0.5,
        place=thing.place,
        box_xyxy_px=(float(left), float(top), float(left + size[0]), float(top + size[1])),
    )
