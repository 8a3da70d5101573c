"""Attributes that the feed leaves open: from the words of the title, then from the picture."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.payload import MAYBE_FLOOR
from engine.query.lexicon import Lexicon, Mention
from engine.types import Attribute, Facet, Provenance

__all__ = ["TITLE_CONFIDENCE", "Prediction", "enrich", "predictions_of"]

TITLE_CONFIDENCE = 0.9
"""A title that says "red dress" is right more often than a picture's reading, but not always."""

_DERIVED = (Facet.COLOUR_FAMILY, Facet.CATEGORY)
_NOT_IN_TITLES = frozenset((*_DERIVED, Facet.BRAND, Facet.AVAILABILITY, Facet.GARMENT, Facet.FINE))
_ONE_VALUE = frozenset((Facet.TYPE, Facet.GENDER, Facet.SLEEVE, Facet.LENGTH, Facet.NECK))
_ORDER = tuple(Facet)
_MAX_VALUES = 3
_MOST_POSSIBLE = int(1 / MAYBE_FLOOR)
"""So many probabilities can reach the floor."""
# What follows tells of another thing: "shirt with tie", "case for glasses", "dress - belt incl."
_NEXT_THING = re.compile(r"\s(?:with|for|in|and|inc\.?|including)\s|[,(&+|]|\s[-–—/]\s", re.I)

Prediction = Mapping[Facet, tuple[Attribute, ...]]
"""What the model reads from one picture: possible values, the likeliest first."""


@dataclass(frozen=True, slots=True)
class _Labels:
    facet: Facet
    values: tuple[str, ...]


def predictions_of(
    probabilities: Mapping[Facet, NDArray[np.float32]],
    labels: Mapping[Facet, tuple[str, ...]],
) -> list[Prediction]:
    """The likeliest value of each facet and every other one that is possible, per picture.

    Args:
        probabilities: Facet → (N, C), as `AttributePredictor.predict` gives them.
        labels: Facet → the values of the columns.

    Returns:
        N predictions.
    """
    count = len(next(iter(probabilities.values()), ()))
    predictions: list[dict[Facet, tuple[Attribute, ...]]] = [{} for _ in range(count)]
    for facet, rows in probabilities.items():
        known = _Labels(facet, labels[facet])
        places = np.argsort(-rows, axis=1, kind="stable")[:, :_MOST_POSSIBLE]
        shares = np.take_along_axis(rows, places, axis=1)
        for prediction, best, likely in zip(
            predictions, places.tolist(), shares.tolist(), strict=True
        ):
            possible = _possible(known, best, likely)
            if possible:
                prediction[facet] = possible
    return list(predictions)


def enrich(
    said: Sequence[Attribute], *, title: str, lexicon: Lexicon, prediction: Prediction | None = None
) -> tuple[Attribute, ...]:
    """All attributes of a product: what the feed says, else the title, else the picture.

    The family of a colour and the category of a type follow from those.
    """
    by_facet: dict[Facet, list[Attribute]] = {}
    for each in said:
        by_facet.setdefault(each.name, []).append(each)
    for facet, values in _read_title(title, lexicon).items():
        by_facet.setdefault(facet, values)
    for facet, values in (prediction or {}).items():
        if facet not in _DERIVED:
            by_facet.setdefault(facet, list(values))
    _derive(by_facet, Facet.COLOUR, Facet.COLOUR_FAMILY, lexicon.family)
    _derive(by_facet, Facet.TYPE, Facet.CATEGORY, lexicon.category)
    for facet in _DERIVED:
        if prediction and prediction.get(facet):
            by_facet.setdefault(facet, list(prediction[facet][:1]))
    return tuple(each for facet in _ORDER if facet in by_facet for each in by_facet[facet])


def _possible(
    labels: _Labels, best: Sequence[int], likely: Sequence[float]
) -> tuple[Attribute, ...]:
    """The values at `best`, the likeliest first, as far as they reach the floor.

    One at least, unless all are 0: nothing is said then.
    """
    return tuple(
        Attribute(
            name=labels.facet,
            value=labels.values[place],
            provenance=Provenance.MODEL,
            confidence=min(1.0, max(1e-6, round(share, 4))),
        )
        for rank, (place, share) in enumerate(zip(best, likely, strict=True))
        if share >= MAYBE_FLOOR or (rank == 0 and share > 0)
    )


def _read_title(title: str, lexicon: Lexicon) -> dict[Facet, list[Attribute]]:
    found: dict[Facet, list[Mention]] = {}
    for mention in lexicon.mentions(title):
        if mention.facet not in _NOT_IN_TITLES:
            found.setdefault(mention.facet, []).append(mention)
    if Facet.TYPE in found:
        found[Facet.TYPE] = [_head(title, found[Facet.TYPE])]
    attributes: dict[Facet, list[Attribute]] = {}
    for facet, mentions in found.items():
        values = dict.fromkeys(mention.value for mention in mentions)
        limit = 1 if facet in _ONE_VALUE else _MAX_VALUES
        attributes[facet] = [
            Attribute(
                name=facet,
                value=value,
                provenance=Provenance.TITLE,
                confidence=TITLE_CONFIDENCE,
            )
            for value in list(values)[:limit]
        ]
    return attributes


def _head(title: str, types: Sequence[Mention]) -> Mention:
    """The type that the title is about: the last one named before another thing is told of.

    English puts the head last: a "shirt dress" is a dress.
    """
    first = types[0]
    boundary = _NEXT_THING.search(title, first.end)
    end = boundary.start() if boundary else len(title)
    return [mention for mention in types if mention.start < end][-1]


def _derive(
    by_facet: dict[Facet, list[Attribute]],
    source: Facet,
    target: Facet,
    derive: Callable[[str], str],
) -> None:
    held = by_facet.get(source, [])
    # Of a prediction only the likeliest value counts as true, so only it has a family.
    certain = held[:1] if held and held[0].provenance is Provenance.MODEL else held
    derived = {derive(each.value): each for each in reversed(certain)}
    derived.pop("", None)
    if derived:
        by_facet[target] = [
            Attribute(name=target, value=value, provenance=of.provenance, confidence=of.confidence)
            for value, of in reversed(derived.items())
        ]
