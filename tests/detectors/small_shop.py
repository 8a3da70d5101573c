"""A small shop for the tests: things are vectors, photos show four of them."""

from __future__ import annotations

import numpy as np

from detectors.galleries import ProductRef, View, ViewKind, views_of
from detectors.training.gallery_cases import GalleryDomain
from detectors.training.gallery_pictures import Truth
from detectors.training.gallery_seen import SeenView
from engine.detections import Detection, SeenPicture
from tests.detectors.galleries import CLASSES, DIMS, unit

LABELS = ("top", "dress", "shoes", "bag")


def title_vector(label: str) -> np.ndarray:
    digest = LABELS.index(label)
    return unit(np.eye(DIMS)[digest] + 0.01)


def small_world(photos: int, seed: int) -> GalleryDomain:
    """Each photo shows the four things; crops leave some out, cut-outs and details show one."""
    rng = np.random.default_rng(seed)
    products: list[ProductRef] = []
    views: dict[View, SeenView] = {}
    for number in range(photos):
        photo = f"photo-{number}"
        things = {label: rng.normal(size=DIMS) for label in LABELS}
        refs = [ProductRef(photo=photo, label=each, place=k) for k, each in enumerate(LABELS)]
        products += refs
        for ref in refs:
            for view in views_of(ref):
                if view in views:
                    continue
                shown = list(LABELS)
                if view.kind is ViewKind.CROP:
                    shown = [ref.label, LABELS[(ref.place + 1) % 4]]
                elif view.kind is not ViewKind.WHOLE:
                    shown = [ref.label]
                views[view] = _seen(view, shown, things, rng)
    return GalleryDomain(
        products=tuple(products),
        views=views,
        title_of=lambda product, _: product.label,
    )


def _seen(view, shown, things, rng) -> SeenView:
    boxes, truths, vectors = [], [], []
    for column, label in enumerate(shown):
        place = LABELS.index(label)
        box = (25.0 * column, 10.0, 25.0 * column + 20, 60.0)
        posterior = np.full(CLASSES, 0.05, np.float32)
        posterior[place] = 0.8
        boxes.append(Detection(box_xyxy_px=box, posterior=posterior))
        truths.append(Truth(label=label, place=place, box_xyxy_px=box))
        vectors.append(things[label] + 0.3 * rng.normal(size=DIMS))
    held = unit(np.stack(vectors))
    picture = SeenPicture(width_px=100, height_px=100, detections=tuple(boxes), vectors=held)
    return SeenView(
        view=view, seen=picture, truths=tuple(truths), whole=held.mean(axis=0), known=held
    )
