"""Galleries with their boxes and what is right: what is trained on and measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.galleries import GalleryPlan, ProductRef, View, draw_gallery
from detectors.training.gallery_pictures import Truth
from detectors.training.gallery_seen import SeenView
from engine.boxes import iou_matrix
from engine.detections import SeenPicture

__all__ = ["GalleryCase", "GalleryDomain", "case_of", "draw_cases", "shown_boxes"]

_LEAST_IOU = 0.5
"""Of a box with a part of the product, or with all its parts together, that shows it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GalleryDomain:
    """Products of one shop, and their pictures as seen.

    Attributes:
        products: Which of it are sold.
        views: What was rendered and seen of them; a view that is not here cannot be made.
        title_of: A right title, drawn anew each time.
        plans: Fixed galleries, for a shop whose galleries are not drawn; else empty.
    """

    products: tuple[ProductRef, ...]
    views: Mapping[View, SeenView]
    title_of: Callable[[ProductRef, np.random.Generator], str]
    plans: tuple[GalleryPlan, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GalleryCase:
    """One gallery of one product.

    Attributes:
        product: What is sold.
        views: Which pictures.
        pictures: As seen.
        shows: For each picture a bool (N,): which boxes show the product.
        parts: For each picture how many parts of the product it shows.
        parts_found: How many of these some box shows.
        title: A right title.
        wrong_title: One of another class of things.
    """

    product: ProductRef
    views: tuple[View, ...]
    pictures: tuple[SeenPicture, ...]
    shows: tuple[NDArray[np.bool_], ...]
    parts: tuple[int, ...]
    parts_found: tuple[int, ...]
    title: str
    wrong_title: str

    @property
    def labels(self) -> NDArray[np.bool_]:
        """Over all boxes, picture after picture."""
        return np.concatenate(self.shows)

    @property
    def is_contested(self) -> bool:
        """Whether some picture has another box of the product's class beside one that shows it."""
        for seen, shows in zip(self.pictures, self.shows, strict=True):
            alike = [each.place == self.product.place for each in seen.detections]
            if shows.any() and bool((np.array(alike, np.bool_) & ~shows).any()):
                return True
        return False


def shown_boxes(
    seen: SeenPicture, parts: Sequence[Truth]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which boxes show a product, and which of its parts are shown.

    Args:
        seen: A picture's boxes.
        parts: The product's visible parts in it.

    Returns:
        bool (N,) and bool (parts,).
    """
    boxes = np.array([each.box_xyxy_px for each in seen.detections], np.float64).reshape(-1, 4)
    if not parts:
        return np.zeros(len(boxes), np.bool_), np.zeros(0, np.bool_)
    held = np.array([each.box_xyxy_px for each in parts], np.float64)
    # A detector may well draw one box around both shoes, or around the whole of an open coat.
    together = np.concatenate([held[:, :2].min(axis=0), held[:, 2:].max(axis=0)])[None]
    fits = iou_matrix(boxes, np.concatenate([held, together])) >= _LEAST_IOU
    shown: NDArray[np.bool_] = np.asarray(fits.any(axis=1), np.bool_)
    by_part = np.asarray(fits.any(axis=0), np.bool_)
    found = np.ones(len(held), np.bool_) if by_part[-1] else by_part[:-1]
    return shown, found


def case_of(domain: GalleryDomain, plan: GalleryPlan, rng: np.random.Generator) -> GalleryCase:
    """Put the pictures of a plan together."""
    product = plan.product
    shows: list[NDArray[np.bool_]] = []
    counts: list[tuple[int, int]] = []
    for view in plan.views:
        held = domain.views[view]
        own = [t for t in held.truths if view.photo == product.photo and t.label == product.label]
        boxes, found = shown_boxes(held.seen, own)
        shows.append(boxes)
        counts.append((len(own), int(found.sum())))
    return GalleryCase(
        product=product,
        views=plan.views,
        pictures=tuple(domain.views[view].seen for view in plan.views),
        shows=tuple(shows),
        parts=tuple(each for each, _ in counts),
        parts_found=tuple(each for _, each in counts),
        title=domain.title_of(product, rng),
        wrong_title=_wrong_title(domain, product, rng),
    )


def draw_cases(domain: GalleryDomain, *, each: int, seed: int) -> list[GalleryCase]:
    """Draw galleries of every product, or one of each fixed gallery where the shop has these.

    Args:
        domain: The shop.
        each: Galleries a product.
        seed: Of everything that is drawn.
    """
    rng = np.random.default_rng(seed)
    if domain.plans:
        return [case_of(domain, plan, rng) for plan in domain.plans]
    available = frozenset(domain.views)
    plans = [
        draw_gallery(product, domain.products, available, rng)
        for product in domain.products
        for _ in range(each)
    ]
    return [case_of(domain, plan, rng) for plan in plans if plan is not None]


def _wrong_title(domain: GalleryDomain, product: ProductRef, rng: np.random.Generator) -> str:
    """Of something else in the same photo or, as often, anywhere in the shop."""
    others = [each for each in domain.products if each.place != product.place]
    worn_with = [each for each in others if each.photo == product.photo]
    pool = worn_with if worn_with and rng.random() < 0.5 else others
    return domain.title_of(pool[int(rng.integers(len(pool)))], rng) if pool else ""
