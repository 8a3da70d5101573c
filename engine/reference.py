"""What a query starts from: a shopper's picture, or products of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.composition import Reference
from engine.ports import AttributePredictor
from engine.types import Attribute, Facet, Product, Provenance

_DERIVED = (Facet.COLOUR_FAMILY, Facet.CATEGORY, Facet.GARMENT, Facet.FINE)
SHOWN_FROM = 0.3
"""Least probability at which a predicted attribute of the reference is shown."""


def from_picture(
    vector: NDArray[np.float32],
    predictor: AttributePredictor | None,
    *,
    shows: Callable[[str], bool] | None = None,
) -> Reference:
    """Reference for an uploaded picture; its attributes are predicted from its vector (D,).

    Args:
        vector: Of the picture.
        predictor: Reads attributes.
        shows: Whether a type can be in the picture, where a detector has said what is: the others
            are not believed, see `able_to_show`.
    """
    beliefs = _predict(vector, predictor, known=(), shows=shows)
    return Reference(picture=vector, beliefs=beliefs, attributes=_shown(beliefs, Provenance.MODEL))


def able_to_show(
    shares: NDArray[np.float32], values: Sequence[str], shows: Callable[[str], bool]
) -> NDArray[np.float32]:
    """Probabilities of types in a box whose coarse class is known.

    Args:
        shares: (C,) of all types, by a model that knows nothing of the class.
        values: The types.
        shows: Whether the class can show one.

    Returns:
        (C,), those of other types 0. The rest get the square root of what they had together, half
        way on a logarithmic scale between believing the model and believing the class: a model that
        is sure of something else has not become sure of one of these.
    """
    mask = np.array([shows(value) for value in values], np.float32)
    able = np.asarray(shares * mask, np.float32)
    together = float(able.sum())
    return np.asarray(able / np.sqrt(together), np.float32) if together else able


def from_product(
    product: Product,
    vector: NDArray[np.float32] | None,
    predictor: AttributePredictor | None,
) -> Reference:
    """Reference for a product: what is known of it is certain, the rest is predicted."""
    known: dict[Facet, dict[str, float]] = {}
    for attribute in product.attributes:
        known.setdefault(attribute.name, {})[attribute.value] = attribute.confidence
    predicted = _predict(vector, predictor, known=tuple(known)) if vector is not None else {}
    return Reference(
        picture=vector,
        beliefs={**predicted, **known},
        attributes=(
            *(each for each in product.attributes if each.name not in _DERIVED),
            *_shown(predicted, Provenance.MODEL),
        ),
        price_minor=product.price_minor,
        currency=product.currency,
    )


def nearby(
    vector: NDArray[np.float32] | None,
    positives: Sequence[NDArray[np.float32]],
    negatives: Sequence[NDArray[np.float32]],
    negative_weight: float,
) -> NDArray[np.float32] | None:
    """Mean of the reference and the positives, moved away from the negatives (Rocchio).

    Returns:
        (D,) unit vector, or ``None`` when nothing positive is given.
    """
    towards = [each for each in (vector, *positives) if each is not None]
    if not towards:
        return None
    mean = np.mean(towards, axis=0)
    if negatives:
        mean = mean - negative_weight * np.mean(negatives, axis=0)
    norm = float(np.linalg.norm(mean))
    return (mean / norm).astype(np.float32) if norm > 1e-6 else towards[0]


def _predict(
    vector: NDArray[np.float32],
    predictor: AttributePredictor | None,
    *,
    known: Sequence[Facet],
    shows: Callable[[str], bool] | None = None,
) -> dict[Facet, dict[str, float]]:
    if predictor is None or set(known).issuperset(predictor.labels):
        return {}
    found: dict[Facet, dict[str, float]] = {}
    for facet, rows in predictor.predict(vector[None]).items():
        if facet in known or (facet is Facet.CATEGORY and shows is not None):
            continue
        values, shares = predictor.labels[facet], rows[0]
        if facet is Facet.TYPE and shows is not None:
            shares = able_to_show(shares, values, shows)
        found[facet] = {
            values[place]: float(shares[place])
            # The long tail of improbable values only costs time.
            for place in np.flatnonzero(shares >= 0.02)
        }
    return found


def _shown(
    beliefs: Mapping[Facet, Mapping[str, float]], provenance: Provenance
) -> tuple[Attribute, ...]:
    likeliest = (
        (facet, max(held, key=lambda v: held[v]), held) for facet, held in beliefs.items() if held
    )
    return tuple(
        Attribute(name=facet, value=value, provenance=provenance, confidence=min(1.0, held[value]))
        for facet, value, held in likeliest
        if held[value] >= SHOWN_FROM
    )
