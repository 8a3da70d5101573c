"""Retrieval by the crop of the main product against the whole picture, on the galleries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from api.evaluation.main_product import Finder, Shops
from detectors.galleries import ProductRef, View
from detectors.gallery_titles import TitleKind
from detectors.training.gallery_cases import GalleryCase, GalleryDomain, draw_cases
from engine.catalogue.vectors import normalised
from engine.evaluation.figures import Figure, measured
from engine.evaluation.intervals import bootstrap_clusters
from engine.evaluation.main_product import OURS, largest
from engine.look import SURE_FROM
from engine.ports import TextEncoder
from engine.types import BoxPx, Vectors
from engine.views import CROP_WEIGHT

__all__ = ["Pictured", "measure_crop_retrieval", "recall_of_product"]

_SEED = 32
_DEPTH = 10
_WHOLE, _CROP, _VIEW = "whole", "gcn-crop", "gcn-view"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictured:
    """One picture in one gallery.

    Attributes:
        gallery: Number of the gallery.
        product: That the gallery sells.
        view: Which picture; another gallery may hold it too.
    """

    gallery: int
    product: ProductRef
    view: View

    @property
    def is_own(self) -> bool:
        """Whether it shows the product of its gallery."""
        return self.shows(self.product)

    def shows(self, product: ProductRef) -> bool:
        """Whether it is made of the product's photo, to show it or all that the photo shows."""
        return self.view.photo == product.photo and self.view.label in ("", product.label)


def measure_crop_retrieval(
    shops: Shops, arms: Mapping[str, Finder], encoder: TextEncoder
) -> list[Figure]:
    """recall@10 of the other pictures of a product, by crop and by whole picture.

    Every picture of one gallery a product is a query and, for all others, a document; so a whole
    photo is there once for each product that is sold by it. All are seen in one way: ``whole``, or
    by a crop: of the box that the graph is sure of, of the largest box, or of the largest part of
    the product that is known to be there; the whole picture where there is none. ``gcn-view`` is
    what ingestion makes of crop and whole picture. Some arms ask in another way than they index.
    """
    figures: list[Figure] = []
    for name, parts in (("same", [shops.street]), ("unseen", [shops.composed, shops.worn])):
        drawn = [(case, shop) for shop in parts for case in draw_cases(shop, each=1, seed=_SEED)]
        cases = [case for case, _ in drawn]
        titles = encoder.embed_texts([case.title for case in cases])
        whole = [_whole(case, shop) for case, shop in drawn]
        known = [_known(case, shop) for case, shop in drawn]
        areas = [largest(case.pictures) for case in cases]
        for kind in (TitleKind.RIGHT, TitleKind.MISSING):
            scores = [
                arms[OURS](case, None if kind is TitleKind.MISSING else title)
                for case, title in zip(cases, titles, strict=True)
            ]
            ways = {_WHOLE: np.concatenate(whole), "true-crop": np.concatenate(known)}
            for way, held, least in ((_CROP, scores, SURE_FROM), ("largest-crop", areas, 0.0)):
                ways[way] = np.concatenate(
                    [
                        _crops(case, each, vectors, least)
                        for case, each, vectors in zip(cases, held, whole, strict=True)
                    ]
                )
            mixed = np.asarray(ways[_WHOLE] + CROP_WEIGHT * ways[_CROP], np.float32)
            ways[_VIEW] = normalised(mixed)
            figures += _figures(_pictured(cases), ways, f"retrieval/{kind.value}/{name}")
    return figures


def _whole(case: GalleryCase, shop: GalleryDomain) -> Vectors:
    return np.stack([shop.views[view].whole for view in case.views])


def _known(case: GalleryCase, shop: GalleryDomain) -> Vectors:
    """The vector of the largest part of the product in each picture, else of the picture."""
    found = _whole(case, shop)
    for row, view in enumerate(case.views):
        held, product = shop.views[view], case.product
        if held.known is None or view.photo != product.photo:
            continue
        own = [k for k, truth in enumerate(held.truths) if truth.label == product.label]
        if own:
            found[row] = held.known[max(own, key=lambda k: _area(held.truths[k].box_xyxy_px))]
    return found


def _area(box: BoxPx) -> float:
    x0, y0, x1, y1 = box
    return (x1 - x0) * (y1 - y0)


def _crops(
    case: GalleryCase, scores: Sequence[NDArray[np.float32]], whole: Vectors, least: float
) -> Vectors:
    """The vector of each picture's best box; of the picture where none scores `least`."""
    found = whole.copy()
    for row, (seen, each) in enumerate(zip(case.pictures, scores, strict=True)):
        if len(each) and each.max() >= least:
            found[row] = seen.vectors[int(each.argmax())]
    return found


def _pictured(cases: Sequence[GalleryCase]) -> list[Pictured]:
    return [
        Pictured(gallery=number, product=case.product, view=view)
        for number, case in enumerate(cases)
        for view in case.views
    ]


def _figures(
    pictures: Sequence[Pictured], ways: Mapping[str, Vectors], condition: str
) -> list[Figure]:
    sides = {way: (each, each) for way, each in ways.items()}
    for indexed in (_CROP, _VIEW):
        sides[f"{indexed}, asked whole"] = (ways[_WHOLE], ways[indexed])
    sides[f"{_VIEW}, asked {_CROP}"] = (ways[_CROP], ways[_VIEW])
    figures: list[Figure] = []
    rows: dict[str, NDArray[np.float64]] = {}
    photos: list[str] = []
    for way, (asked, documents) in sides.items():
        rows[way], photos = recall_of_product(pictures, asked, documents)
        figures.append(
            measured(
                bootstrap_clusters(rows[way], photos),
                metric="recall@10",
                arm=way,
                condition=condition,
            )
        )
    leads = {rival: rows[_CROP] - rows[rival] for rival in (_WHOLE, "largest-crop")}
    return figures + [
        measured(
            bootstrap_clusters(lead, photos),
            metric="recall@10-lead",
            arm=f"{_CROP} over {rival}",
            condition=condition,
        )
        for rival, lead in leads.items()
    ]


def recall_of_product(
    pictures: Sequence[Pictured], asked: Vectors, documents: Vectors
) -> tuple[NDArray[np.float64], list[str]]:
    """For each picture of a product, the share of its other pictures among the ten nearest.

    Renderings of one kind are nearly copies of one another: those of the query's kind are neither
    right nor wrong, and left out; so are pictures of it among those of another product. Pictures
    that are equally near share the places.

    Args:
        pictures: All pictures of all galleries.
        asked: (N, D) unit rows, each picture as a query.
        documents: (N, D) unit rows, each picture as it is indexed.

    Returns:
        Recall of each query that has something to find, 0 to 1, and its product's photo.
    """
    found: list[float] = []
    photos: list[str] = []
    gallery = np.array([each.gallery for each in pictures])
    own = np.array([each.is_own for each in pictures])
    kinds = np.array([each.view.kind.value for each in pictures])
    for number in map(int, np.flatnonzero(own)):
        product = pictures[number].product
        siblings = own & (gallery == gallery[number])
        right = siblings & (kinds != kinds[number])
        if not right.any():
            continue
        strays = ~own & np.array([each.shows(product) for each in pictures])
        # Rounded: the same picture in two galleries has to tie.
        near: NDArray[np.float32] = (documents @ asked[number]).round(6)
        near[(siblings & ~right) | strays] = -np.inf
        wanted = near[right][:, None]
        above = (near[None] > wanted).sum(axis=1)
        level = (near[None] == wanted).sum(axis=1)
        found.append(float(np.clip((_DEPTH - above) / level, 0, 1).mean()))
        photos.append(product.photo)
    return np.array(found), photos
