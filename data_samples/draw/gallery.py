"""The pictures of one product: a packshot, worn, a detail, the back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from data_samples.draw.assortment import FACTS
from data_samples.draw.canvas import lay_over, to_bytes
from data_samples.draw.scene import (
    cast_shadow,
    compose,
    detail_pieces,
    packshot_pieces,
    studio,
)
from data_samples.draw.spec import ProductSpec
from data_samples.draw.truth import GarmentTruth, Relation, observe
from data_samples.draw.worn import worn_pieces

ViewKind = Literal["packshot", "worn", "detail", "back"]
_WORN_SHARE, _DETAIL_SHARE, _BACK_SHARE = 0.72, 0.45, 0.30
_NO_BACK = ("feet", "head")


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryPicture:
    """One picture (H, W, 3) uint8 RGB and the truth about it."""

    kind: ViewKind
    rgb: NDArray[np.uint8]
    garments: tuple[GarmentTruth, ...]
    relations: tuple[Relation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gallery:
    """One to four pictures of a product, the packshot first."""

    spec: ProductSpec
    pictures: tuple[GalleryPicture, ...]


def draw_product(
    spec: ProductSpec,
    seed: int,
    *,
    main_size_wh: tuple[int, int] = (480, 640),
    size_wh: tuple[int, int] = (360, 480),
) -> Gallery:
    """Draws a product's gallery.

    Args:
        spec: the product.
        seed: decides folds, framing, company and which views there are; same seed, same bytes.
        main_size_wh: pixels of the packshot.
        size_wh: pixels of the other pictures.
    """
    rng = np.random.default_rng([seed, spec.cloth_seed])
    chances = rng.random(3)
    pictures = [draw_picture(spec, "packshot", main_size_wh, rng)]
    if chances[0] < _WORN_SHARE:
        pictures.append(draw_picture(spec, "worn", size_wh, rng))
    if chances[1] < _DETAIL_SHARE:
        pictures.append(draw_picture(spec, "detail", size_wh, rng))
    if chances[2] < _BACK_SHARE and FACTS[spec.product_type].region not in _NO_BACK:
        pictures.append(draw_picture(spec, "back", size_wh, rng))
    return Gallery(spec=spec, pictures=tuple(pictures))


def draw_picture(
    spec: ProductSpec, kind: ViewKind, size_wh: tuple[int, int], rng: np.random.Generator
) -> GalleryPicture:
    """One picture of a product."""
    background = studio(size_wh, rng)
    if kind == "worn":
        return _draw_worn(spec, size_wh, rng)
    if kind == "detail":
        pieces = detail_pieces(spec, size_wh, rng)
    else:
        pieces = packshot_pieces(spec, size_wh, rng, "back" if kind == "back" else "packshot")
    garments, relations = observe(pieces)
    return GalleryPicture(
        kind=kind, rgb=compose(background, pieces), garments=garments, relations=relations
    )


def _draw_worn(
    spec: ProductSpec, size_wh: tuple[int, int], rng: np.random.Generator
) -> GalleryPicture:
    background = studio(size_wh, rng)
    figure, pieces = worn_pieces(spec, size_wh, rng)
    height = size_wh[1]
    near = (max(height // 200, 1), max(height // 120, 1))
    picture = cast_shadow(background, figure.body.alpha, 0.03 * height, (near[0], near[1]), 0.14)
    picture = lay_over(picture, figure.body)
    for piece in pieces:
        picture = cast_shadow(picture, piece.layer.alpha, 0.010 * height, near, 0.22)
        picture = lay_over(picture, piece.layer)
    if figure.hand is not None:
        picture = lay_over(picture, figure.hand)
    garments, relations = observe(pieces, figure.hand)
    return GalleryPicture(
        kind="worn", rgb=to_bytes(picture), garments=garments, relations=relations
    )
