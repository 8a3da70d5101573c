"""What a point carries: the one place that knows the keys of a payload.

Adapters create an index for each of `KEYWORD_KEYS` and `NUMBER_KEYS` before the first point.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.filters import PayloadValue
from engine.ids import ProductId, point_id
from engine.types import Attribute, Facet, IndexPoint, Product, Provenance, VectorName

TENANT = "tenant"
PRODUCT_ID = "product_id"
GROUP_ID = "group_id"
"""The variants' shared id; the product's own id where it stands alone."""
VERSION = "version"
"""Hash of everything that made the point: row, pictures, encoder."""
PRICE_MINOR = "price_minor"
CURRENCY = "currency"
PREDICTED = "predicted"
"""Facets whose values were predicted from the picture."""

MAYBE_FACETS = (Facet.TYPE, Facet.COLOUR, Facet.GENDER)
"""Facets whose possible values can be filtered by."""
_GUESSED_FACETS = (
    Facet.PATTERN,
    Facet.OCCASION,
    Facet.SEASON,
    Facet.SLEEVE,
    Facet.NECK,
    Facet.LENGTH,
    Facet.MATERIAL,
    Facet.GARMENT,
    Facet.FINE,
)
"""Facets whose possible values count in ranking alone."""
_MAYBE_KEYS = {facet: f"{facet.value}_maybe" for facet in Facet}
_PROBABILITY_KEYS = {facet: f"{facet.value}_p" for facet in Facet}
MAYBE_FLOOR = 0.08
"""Least probability at which a predicted value counts as possible."""


def maybe(facet: Facet) -> str:
    """Key that holds every possible value of a facet, where `facet` itself holds the likeliest."""
    return _MAYBE_KEYS[facet]


def probability(facet: Facet) -> str:
    """Key that holds the probabilities of the values under `maybe`, in the same order."""
    return _PROBABILITY_KEYS[facet]


KEYWORD_KEYS: tuple[str, ...] = (
    *(facet.value for facet in Facet),
    *(maybe(facet) for facet in MAYBE_FACETS),
    TENANT,
    PRODUCT_ID,
    GROUP_ID,
    CURRENCY,
    PREDICTED,
)
NUMBER_KEYS: tuple[str, ...] = (PRICE_MINOR,)


def ranking_keys(facets: Iterable[Facet]) -> tuple[str, ...]:
    """The keys that ranking reads where something is wished for of these facets."""
    keys = [PRODUCT_ID, GROUP_ID, PREDICTED]
    for facet in dict.fromkeys(facets):
        keys.append(facet.value)
        if facet in (*MAYBE_FACETS, *_GUESSED_FACETS):
            keys += [maybe(facet), probability(facet)]
    return tuple(keys)


def build_point(
    product: Product, vectors: Mapping[VectorName, NDArray[np.float32]], *, version: str
) -> IndexPoint:
    """The index point of a product.

    Args:
        product: Attributes below the likeliest one of a predicted facet count as "maybe" only.
        vectors: Unit vectors (D,).
        version: See `VERSION`.
    """
    payload: dict[str, PayloadValue] = {
        TENANT: product.tenant,
        PRODUCT_ID: product.product_id,
        GROUP_ID: product.group_id or product.product_id,
        VERSION: version,
        Facet.AVAILABILITY.value: product.availability,
    }
    if product.brand:
        payload[Facet.BRAND.value] = product.brand.casefold()
    if product.price_minor is not None:
        payload[PRICE_MINOR] = product.price_minor
        payload[CURRENCY] = product.currency
    predicted: list[str] = []
    for facet in Facet:
        held = [each for each in product.attributes if each.name is facet]
        if not held:
            continue
        payload[facet.value] = [each.value for each in trusted(held)]
        guessed = held[0].provenance is Provenance.MODEL
        if guessed:
            predicted.append(facet.value)
        if facet in MAYBE_FACETS or (guessed and facet in _GUESSED_FACETS):
            payload[maybe(facet)] = [each.value for each in held]
            payload[probability(facet)] = [float(each.confidence) for each in held]
    if predicted:
        payload[PREDICTED] = predicted
    return IndexPoint(
        point_id=point_id(product.tenant, ProductId(product.product_id)),
        vectors=vectors,
        words=words_of(product),
        payload=payload,
    )


def trusted(held: Sequence[Attribute]) -> Sequence[Attribute]:
    """Values of one facet that hold without doubt: what was said, or the likeliest prediction."""
    said = [each for each in held if each.provenance is not Provenance.MODEL]
    return said or held[:1]


def words_of(product: Product) -> str:
    """The words that BM25 searches: title, brand and what the feed says of the attributes."""
    said = [each.value for each in product.attributes if each.provenance is Provenance.FEED]
    return " ".join([product.title, product.brand, *said]).strip()
