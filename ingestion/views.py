"""Which part of each picture shows the product, and where that contradicts what the feed says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.catalogue.vectors import rounded
from engine.detections import SeenPicture
from engine.ids import PictureHash
from engine.look import SURE_FROM, LookService
from engine.types import Attribute, Facet, Provenance
from engine.views import BoxFractions, View, view_key

__all__ = ["Gallery", "contradicted_type", "look_at_gallery"]

_SURELY = 0.6
"""A box is called something by the detector with at least this probability before the feed is
doubted."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gallery:
    """A product's pictures after somebody looked at them.

    Attributes:
        views: One a picture, in their order.
        vectors: `engine.views.view_key` → unit vector (D,) of each box that was taken.
        score: How surely the detector calls the box of the leading view what it is called.
    """

    views: tuple[View, ...]
    vectors: Mapping[str, NDArray[np.float32]]
    score: float

    @property
    def leading(self) -> View | None:
        """The first view that has a box: it says what the product is."""
        return next((each for each in self.views if each.box), None)


def look_at_gallery(
    pictures: Sequence[PictureHash],
    seen: Sequence[SeenPicture],
    title: NDArray[np.float32],
    service: LookService,
) -> Gallery:
    """Choose the box of each picture that shows the product; the whole picture where none does.

    Args:
        pictures: Of one product.
        seen: The same pictures.
        title: (D,) unit vector.
        service: Decides.
    """
    views: list[View] = []
    vectors: dict[str, NDArray[np.float32]] = {}
    score = 0.0
    for picture, held, shares in zip(pictures, seen, service.mains(seen, title), strict=True):
        best = int(shares.argmax()) if shares is not None and len(shares) else -1
        share = float(shares[best]) if shares is not None and best >= 0 else 0.0
        if share < SURE_FROM:
            views.append(View(picture=picture, confidence=round(share, 4)))
            continue
        detection = held.detections[best]
        name, likely = next(iter(service.names(held)[best].items()), ("", 0.0))
        view = View(
            picture=picture,
            box=_fractions(held, best),
            confidence=round(share, 4),
            label=service.classes[detection.place],
            name=name,
            name_confidence=round(likely, 4),
        )
        score = score or detection.score
        views.append(view)
        vectors[view_key(view)] = rounded(held.vectors[best : best + 1])[0]
    return Gallery(views=tuple(views), vectors=vectors, score=score)


def contradicted_type(
    attributes: Sequence[Attribute], gallery: Gallery, service: LookService
) -> str:
    """The type that somebody said and that no box taken for the product can show; else empty.

    A type that no class of the detector can show contradicts nothing, and one sure box that can
    show it is enough.
    """
    labels = {view.label for view in gallery.views if view.box}
    said = [
        each.value
        for each in attributes
        if each.name is Facet.TYPE and each.provenance is not Provenance.MODEL
    ]
    shown = any(service.shows(label, value) for label in labels for value in said)
    if not said or not labels or shown or gallery.score < _SURELY:
        return ""
    known = any(service.shows(label, said[0]) for label in service.classes)
    return said[0] if known else ""


def _fractions(seen: SeenPicture, place: int) -> BoxFractions:
    x0, y0, x1, y1 = seen.detections[place].box_xyxy_px
    wide, high = seen.width_px, seen.height_px
    return (round(x0 / wide, 4), round(y0 / high, 4), round(x1 / wide, 4), round(y1 / high, 4))
