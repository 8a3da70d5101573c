"""How well a candidate agrees with what was wished for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

from engine.composition import Wish
from engine.filters import Payload, PayloadValue
from engine.payload import PREDICTED, maybe, probability
from engine.types import Facet

FLOOR = 0.02
"""Chance left to a value that nothing speaks for; sets how steep `agreement` is."""
_CERTAIN = math.log((1 + FLOOR) / FLOOR)
KNOWN = 0.97
"""Probability that what a feed says is right."""


def agreement(payload: Payload, wish: Wish) -> float:
    """Log-scaled chance that the candidate fulfils the wish, in [0, 1].

    Wishes are independent, so their chances multiply and their logarithms add: a hit that is surely
    a t-shirt and perhaps red must not pass one that is likely both. 0 means that nothing speaks
    for it, 1 that it is certain.
    """
    return math.log((chance(payload, wish) + FLOOR) / FLOOR) / _CERTAIN


def chance(payload: Payload, wish: Wish) -> float:
    """Expected credit of a candidate, in [0, 1]: certain values by credit, predicted by both."""
    if is_predicted(payload, wish.facet):
        values = texts(payload.get(maybe(wish.facet)))
        likely = _numbers(payload.get(probability(wish.facet)))
        return min(
            1.0, sum(wish.credits.get(v, 0.0) * p for v, p in zip(values, likely, strict=False))
        )
    held = texts(payload.get(wish.facet.value))
    return KNOWN * max((wish.credits.get(value, 0.0) for value in held), default=0.0)


def fulfils(payload: Payload, wish: Wish) -> bool:
    """The candidate's own (or likeliest) value has been wished for."""
    return any(value in wish.credits for value in texts(payload.get(wish.facet.value)))


def is_predicted(payload: Payload, facet: Facet) -> bool:
    """The values of the facet were read from the picture."""
    return facet.value in texts(payload.get(PREDICTED))


def total(payload: Payload, wishes: Sequence[Wish]) -> float:
    """Weighted sum of `agreement` over all wishes."""
    return sum(wish.weight * agreement(payload, wish) for wish in wishes)


def texts(value: PayloadValue | None) -> Sequence[str]:
    """The values under a keyword key, which holds text (the indexes see to it)."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else cast("Sequence[str]", value)


def _numbers(value: PayloadValue | None) -> Sequence[float]:
    return () if value is None else cast("Sequence[float]", value)
