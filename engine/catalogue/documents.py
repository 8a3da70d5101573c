"""A product as the text that the catalogue stores, and back."""

from __future__ import annotations

import functools
import json
from operator import attrgetter
from typing import Any

from engine.ids import PictureHash, ProductId, TenantId
from engine.types import Attribute, Facet, Product, Provenance
from engine.views import View

# A call of Facet("…") costs as much as the rest of an attribute.
_FACETS = {each.value: each for each in Facet}
_VIEW = attrgetter("picture", "box", "confidence", "label", "name", "name_confidence")
_PROVENANCES = {each.value: each for each in Provenance}


def to_json(product: Product) -> str:
    """Everything of a product but its tenant and id, which are columns."""
    return json.dumps(
        {
            "title": product.title,
            "description": product.description,
            "brand": product.brand,
            "link": product.link,
            "group_id": product.group_id,
            "price_minor": product.price_minor,
            "currency": product.currency,
            "availability": product.availability,
            "attributes": [
                # String enums are their values; asking for `.value` would be the dearest part.
                [each.name, each.value, each.provenance, each.confidence]
                for each in product.attributes
            ],
            "pictures": product.pictures,
            "views": [_VIEW(each) for each in product.views],
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def from_json(document: str, *, product_id: ProductId, tenant: TenantId) -> Product:
    """The product that `to_json` wrote."""
    held: dict[str, Any] = json.loads(document)
    return Product(
        product_id=product_id,
        tenant=tenant,
        title=held["title"],
        description=held["description"],
        brand=held["brand"],
        link=held["link"],
        group_id=held["group_id"],
        price_minor=held["price_minor"],
        currency=held["currency"],
        availability=held["availability"],
        attributes=tuple(_attribute(*each) for each in held["attributes"]),
        pictures=tuple(PictureHash(each) for each in held["pictures"]),
        # Catalogues of before have none.
        views=tuple(_view(*each) for each in held.get("views", ())),
    )


def _view(
    picture: str,
    box: list[float] | None,
    confidence: float,
    label: str,
    name: str,
    name_confidence: float,
) -> View:
    return View(
        picture=PictureHash(picture),
        box=None if box is None else (box[0], box[1], box[2], box[3]),
        confidence=confidence,
        label=label,
        name=name,
        name_confidence=name_confidence,
    )


@functools.lru_cache(maxsize=4096)
def _attribute(name: str, value: str, provenance: str, confidence: float) -> Attribute:
    """Most products share their attributes, which never change, with others."""
    return Attribute(
        name=_FACETS[name],
        value=value,
        provenance=_PROVENANCES[provenance],
        confidence=confidence,
    )
