"""The drawn shop as a third domain: its galleries as they are, with exact boxes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np

from data_samples.draw.gallery import GalleryPicture, draw_product
from data_samples.draw.gallery import ViewKind as DrawnKind
from data_samples.draw.spec import iter_specs
from data_samples.draw.wording import title
from detectors.galleries import GalleryPlan, ProductRef, View, ViewKind
from detectors.taxonomy import Taxonomy
from detectors.training.gallery_cases import GalleryDomain
from detectors.training.gallery_pictures import LabelledPicture, Truth
from detectors.training.gallery_seen import Sight

__all__ = ["drawn_domain"]

_SEED = 5003
"""Neither the shop's own products nor those that the detector learns from."""
_KINDS: dict[DrawnKind, tuple[ViewKind, int]] = {
    "packshot": (ViewKind.CUTOUT, 0),
    "back": (ViewKind.CUTOUT, 1),
    "detail": (ViewKind.DETAIL, 0),
    "worn": (ViewKind.WHOLE, 0),
}
_PRODUCT, _OTHER = "product", "other"


def drawn_domain(taxonomy: Taxonomy, sight: Sight, *, most: int = 100) -> GalleryDomain:
    """Products that are worn in some picture; elsewhere nothing else is to be seen.

    Args:
        taxonomy: Of the detector.
        sight: What looks at the pictures.
        most: Products drawn.
    """
    specs = {f"drawn-{number}": spec for number, spec in enumerate(islice(iter_specs(_SEED), most))}
    places = {name: taxonomy.place("drawn", spec.product_type) for name, spec in specs.items()}

    def render_all() -> Iterator[tuple[View, LabelledPicture]]:
        for number, (name, spec) in enumerate(specs.items()):
            pictures = draw_product(spec, _SEED + number).pictures
            if places[name] is None or all(each.kind != "worn" for each in pictures):
                continue
            for each in pictures:
                yield _view(name, each.kind), _labelled(each, taxonomy)

    views = sight.views("drawn", render_all, detail=f"{_SEED}|{most}")
    plans: list[GalleryPlan] = []
    for name, place in places.items():
        own = tuple(each for each in views if each.photo == name)
        if own and place is not None:
            product = ProductRef(photo=name, label=_PRODUCT, place=place)
            plans.append(GalleryPlan(product=product, views=own))

    def title_of(product: ProductRef, _: np.random.Generator) -> str:
        return title(specs[product.photo])

    return GalleryDomain(
        products=tuple(each.product for each in plans),
        views=views,
        title_of=title_of,
        plans=tuple(plans),
    )


def _view(name: str, drawn: DrawnKind) -> View:
    kind, variant = _KINDS[drawn]
    label = "" if kind is ViewKind.WHOLE else _PRODUCT
    return View(photo=name, label=label, kind=kind, variant=variant)


def _labelled(picture: GalleryPicture, taxonomy: Taxonomy) -> LabelledPicture:
    truths: list[Truth] = []
    for garment in picture.garments:
        place = taxonomy.place("drawn", garment.label)
        if place is not None:
            x0, y0, x1, y1 = map(float, garment.box_xyxy_px)
            label = _PRODUCT if garment.is_product else _OTHER
            truths.append(Truth(label=label, place=place, box_xyxy_px=(x0, y0, x1, y1)))
    return LabelledPicture(rgb=picture.rgb, truths=tuple(truths))
