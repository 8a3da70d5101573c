"""Which part of each picture shows the product, what it is, and whether the feed says otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.catalogue.vectors import normalised, rounded
from engine.detections import SeenPicture
from engine.ids import PictureHash
from engine.look import SURE_FROM, LookService, fine_name
from engine.query.lexicon import Lexicon
from engine.types import Attribute, Facet, Provenance
from engine.views import CROP_WEIGHT, BoxFractions, View, view_key

__all__ = ["Gallery", "Named", "TypeJudge", "look_at_gallery"]

_DOUBTFUL_BELOW = 0.05
"""Probability of what the feed says below which detector and predictor both have to put it before
it is doubted; chosen on packshots of the val split, see `lookalike eval packshots` for the test."""
_SURELY = 0.5
_LEAST = 1e-6

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gallery:
    """A product's pictures after somebody looked at them.

    Attributes:
        views: One a picture, in their order.
        vectors: `engine.views.view_key` → unit vector (D,) of each view that has a box.
        posterior: float32 (C,), mean of what the detector thinks of the boxes; ``None`` without.
        seen: The pictures' boxes.
        places: Which box of each picture was taken; -1 for none.
    """

    views: tuple[View, ...]
    vectors: Mapping[str, Vector]
    posterior: Vector | None
    seen: Sequence[SeenPicture]
    places: tuple[int, ...]


def look_at_gallery(
    pictures: Mapping[PictureHash, Vector],
    seen: Sequence[SeenPicture],
    title: Vector,
    service: LookService,
) -> Gallery:
    """Choose the box of each picture that shows the product; the whole picture where none does.

    Args:
        pictures: Of one product, main picture first, with the unit vector of each as a whole.
        seen: The same pictures.
        title: (D,) unit vector.
        service: Decides.
    """
    views: list[View] = []
    vectors: dict[str, Vector] = {}
    places: list[int] = []
    for (picture, whole), held, shares in zip(
        pictures.items(), seen, service.mains(seen, title), strict=True
    ):
        best = int(shares.argmax()) if shares is not None and len(shares) else -1
        share = float(shares[best]) if shares is not None and best >= 0 else 0.0
        sure = share >= SURE_FROM
        view = View(
            picture=picture,
            box=_fractions(held, best) if sure else None,
            confidence=round(share, 4),
        )
        views.append(view)
        places.append(best if sure else -1)
        if sure:
            mixed = whole + np.float32(CROP_WEIGHT) * held.vectors[best]
            vectors[view_key(view)] = rounded(normalised(mixed[None]))[0]
    boxes = [
        held.detections[place].posterior
        for held, place in zip(seen, places, strict=True)
        if place >= 0
    ]
    return Gallery(
        views=tuple(views),
        vectors=vectors,
        posterior=np.mean(boxes, axis=0).astype(np.float32) if boxes else None,
        seen=seen,
        places=tuple(places),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a product's boxes show.

    Attributes:
        views: With coarse and fine classes.
        attributes: `Facet.GARMENT` and, where it can be told, `Facet.FINE`, of the product.
    """

    views: tuple[View, ...]
    attributes: tuple[Attribute, ...]


class TypeJudge:
    """Puts together what the detector and the predictor think of a product's type.

    Each is often wrong where the other is not: the detector, which learned from street photos,
    takes a watch on white for a shoe; the predictor, which learned from packshots, knows it.

    Args:
        service: Its detector's classes, and which types they can show.
        types: Canonical values, in the order of the predictor's shares.
        lexicon: Says of which category a type is.
    """

    def __init__(self, service: LookService, types: Sequence[str], lexicon: Lexicon) -> None:
        self._service = service
        self._types = tuple(types)
        self._categories = np.array([lexicon.category(each) or each for each in types])
        self._lexicon = lexicon
        self._shows = np.array(
            [[service.shows(label, each) for each in types] for label in service.classes],
            np.float32,
        )  # (C, T)

    def name(self, gallery: Gallery, attributes: Sequence[Attribute], shares: Vector) -> Named:
        """What the product's box shows: its coarse class, and the fine class of each view.

        Args:
            gallery: Of a product.
            attributes: Of it; a type that somebody said holds where a box can show it.
            shares: (T,) of its types.
        """
        if gallery.posterior is None:
            return Named(views=gallery.views, attributes=())
        classes = self._classes(gallery.posterior, shares)
        able = np.any([self._able(each) for each in _said(attributes)] or [False], axis=0)
        if able.any():
            # Posteriors may be 0 where a foreign detector does not know the class.
            classes = np.asarray((gallery.posterior + _LEAST) * able, np.float32)
        place = int(classes.argmax())
        label = self._service.classes[place]
        views = tuple(
            view if box < 0 else self._named(view, held, box, place)
            for view, held, box in zip(gallery.views, gallery.seen, gallery.places, strict=True)
        )
        found = [_guess(Facet.GARMENT, label, float(classes[place] / classes.sum()))]
        fine = max(views, key=lambda view: view.name_confidence)
        if fine.name:
            found.append(_guess(Facet.FINE, fine.name, fine.name_confidence))
        return Named(views=views, attributes=tuple(found))

    def _named(self, view: View, seen: SeenPicture, box: int, place: int) -> View:
        label = self._service.classes[place]
        names = self._service.fine_classes(self._service.names(seen)[box], label)
        name, likely = fine_name(names, float(seen.detections[box].posterior[place]))
        return replace(view, label=label, name=name, name_confidence=round(likely, 4))

    def doubt(
        self, attributes: Sequence[Attribute], gallery: Gallery, shares: Vector
    ) -> tuple[Attribute, str] | None:
        """The type that somebody said and what the pictures show, where these cannot be one.

        A type that no class of the detector can show is not doubted, nor is anything where no box
        was taken for the product.
        """
        said = _said(attributes)
        if gallery.posterior is None or not said or not shares.any():
            return None
        classes = self._classes(gallery.posterior, shares)
        for each in said:
            able = self._able(each)
            category = self._lexicon.category(each.value) or each.value
            likely = float(shares[self._categories == category].sum())
            if not able.any() or max(float(classes[able].sum()), likely) >= _DOUBTFUL_BELOW:
                return None
        best = int(shares.argmax())
        is_sure = float(shares[best]) >= _SURELY
        return said[0], self._types[best] if is_sure else self._service.classes[classes.argmax()]

    def _able(self, said: Attribute) -> NDArray[np.bool_]:
        """(C,), whether a box of each coarse class can show a type."""
        return np.array([self._service.shows(each, said.value) for each in self._service.classes])

    def _classes(self, posterior: Vector, shares: Vector) -> Vector:
        """(C,), how probable each coarse class is to both; the detector's word where they clash."""
        both = np.asarray(posterior * (self._shows @ shares), np.float32)
        total = both.sum()
        return np.asarray(both / total, np.float32) if total > 0 else posterior


def _guess(facet: Facet, value: str, confidence: float) -> Attribute:
    sure = min(1.0, max(_LEAST, round(confidence, 4)))
    return Attribute(name=facet, value=value, provenance=Provenance.MODEL, confidence=sure)


def _said(attributes: Sequence[Attribute]) -> list[Attribute]:
    return [
        each
        for each in attributes
        if each.name is Facet.TYPE and each.provenance is not Provenance.MODEL
    ]


def _fractions(seen: SeenPicture, place: int) -> BoxFractions:
    x0, y0, x1, y1 = seen.detections[place].box_xyxy_px
    wide, high = seen.width_px, seen.height_px
    return (round(x0 / wide, 4), round(y0 / high, 4), round(x1 / wide, 4), round(y1 / high, 4))
