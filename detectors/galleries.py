"""Galleries of products whose main product is known: which pictures each has.

A product is one thing of one photo: all its visible parts, so both shoes, or both halves of an
open coat. Its pictures are views of that photo (`ViewKind`), some rendered twice with another
frame, light and side, so that nothing repeats pixel by pixel. Pictures of other products of the
shop are mixed in. Which garment of a photo is sold cannot be told from the photo: without a title
it follows from what crops, cut-outs and details show again, and from nothing at all in a gallery
of whole photos, which are therefore rarely alone.

The rendering is in `detectors.training`; here is nothing but the draw, which a seed decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

__all__ = [
    "FOCUSED",
    "GalleryPlan",
    "ProductRef",
    "View",
    "ViewKind",
    "draw_gallery",
    "views_of",
]


class ViewKind(StrEnum):
    """What a picture shows of its product."""

    WHOLE = "whole"
    """The photo with everything in it."""
    CROP = "crop"
    """A part of the photo around the product, its neighbours still in it."""
    CUTOUT = "cut-out"
    """The product alone on white."""
    DETAIL = "detail"
    """A part of the product."""


FOCUSED = (ViewKind.CROP, ViewKind.CUTOUT, ViewKind.DETAIL)

_SIZES = {1: 0.15, 2: 0.25, 3: 0.30, 4: 0.20, 5: 0.10}
# Kind and variant; variant 1 is mirrored, framed anew and lit differently.
_WEIGHTS: Mapping[tuple[ViewKind, int], float] = {
    (ViewKind.WHOLE, 0): 0.24,
    (ViewKind.WHOLE, 1): 0.16,
    (ViewKind.CROP, 0): 0.16,
    (ViewKind.CROP, 1): 0.12,
    (ViewKind.CUTOUT, 0): 0.10,
    (ViewKind.CUTOUT, 1): 0.08,
    (ViewKind.DETAIL, 0): 0.09,
    (ViewKind.DETAIL, 1): 0.05,
}
_WITH_NEIGHBOURS = 0.9
"""Share of galleries in which some picture certainly shows neighbours."""
_FOCUSED_SHARE = 0.85
"""Share of galleries of two and more in which some picture certainly stands closer."""
_DISTRACTOR_SHARE = 0.2
"""Of the pictures after the first two: they show another product."""
_COMPANION_SHARE = 0.25
"""Of these: it is worn in the same photo ("wear it with")."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ProductRef:
    """One product.

    Attributes:
        photo: The photo or packshot that it comes from; splits and resamples go by it.
        label: What the data set calls it: with `photo` it is the product.
        place: Its coarse class in the taxonomy.
    """

    photo: str
    label: str
    place: int


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class View:
    """One picture; `label` is empty for a whole photo, which belongs to all its products."""

    photo: str
    label: str
    kind: ViewKind
    variant: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryPlan:
    """Which pictures a product's gallery has, one to five of them."""

    product: ProductRef
    views: tuple[View, ...]


def views_of(product: ProductRef) -> list[View]:
    """Every picture that a gallery of the product may hold of it."""
    return [_view(product, kind, variant) for kind, variant in _WEIGHTS]


def draw_gallery(
    product: ProductRef,
    others: Sequence[ProductRef],
    available: frozenset[View],
    rng: np.random.Generator,
) -> GalleryPlan | None:
    """Draw the pictures of one gallery.

    Args:
        product: What is sold.
        others: Products of the same shop and split, for pictures of something else.
        available: The views that could be rendered: a small thing has no detail.
        rng: Decides everything.

    Returns:
        The gallery; ``None`` where not one view of the product is available.
    """
    own = {each: weight for each, weight in _weighted(product).items() if each in available}
    if not own:
        return None
    size = int(rng.choice(list(_SIZES), p=list(_SIZES.values())))
    chosen: list[View] = []
    if rng.random() < _WITH_NEIGHBOURS:
        _take(chosen, own, rng, (ViewKind.WHOLE, ViewKind.CROP))
    if size > 1 and rng.random() < _FOCUSED_SHARE:
        _take(chosen, own, rng, FOCUSED)
    while len(chosen) < size:
        is_distractor = len(chosen) >= 2 and rng.random() < _DISTRACTOR_SHARE
        picked = _distractor(product, others, available, rng) if is_distractor else None
        if picked is not None and picked not in chosen:
            chosen.append(picked)
        elif not _take(chosen, own, rng, tuple(ViewKind)):
            break
    return GalleryPlan(product=product, views=tuple(chosen)) if chosen else None


def _view(product: ProductRef, kind: ViewKind, variant: int) -> View:
    label = "" if kind is ViewKind.WHOLE else product.label
    return View(photo=product.photo, label=label, kind=kind, variant=variant)


def _weighted(product: ProductRef) -> dict[View, float]:
    return {_view(product, *each): weight for each, weight in _WEIGHTS.items()}


def _take(
    chosen: list[View],
    own: Mapping[View, float],
    rng: np.random.Generator,
    kinds: Sequence[ViewKind],
) -> bool:
    """Add one more view of these kinds, if there is one."""
    left = [each for each in own if each.kind in kinds and each not in chosen]
    if not left:
        return False
    weights = np.array([own[each] for each in left])
    chosen.append(left[int(rng.choice(len(left), p=weights / weights.sum()))])
    return True


def _distractor(
    product: ProductRef,
    others: Sequence[ProductRef],
    available: frozenset[View],
    rng: np.random.Generator,
) -> View | None:
    by_photo: dict[bool, list[ProductRef]] = defaultdict(list)
    for each in others:
        if each != product:
            by_photo[each.photo == product.photo].append(each)
    worn_with = rng.random() < _COMPANION_SHARE
    pool = by_photo[worn_with]
    if not pool:
        return None
    other = pool[int(rng.integers(len(pool)))]
    kinds = (ViewKind.CUTOUT,) if worn_with else (ViewKind.CUTOUT, ViewKind.CROP, ViewKind.WHOLE)
    views = [
        view
        for kind in kinds
        for variant in (0, 1)
        if (view := _view(other, kind, variant)) in available
    ]
    return views[int(rng.integers(len(views)))] if views else None
