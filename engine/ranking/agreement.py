"""How well a candidate agrees with what was wished for."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import cast

from engine.composition import Wish
from engine.filters import Payload, PayloadValue
from engine.payload import MAYBE_FACETS, PREDICTED, maybe, probability
from engine.types import Facet

FLOOR = 0.02
"""Chance left to a value that nothing speaks for; sets how steep `agreement` is."""
_CERTAIN = math.log((1 + FLOOR) / FLOOR)
KNOWN = 0.97
"""Probability that what a feed says is right."""
GUESSED = 0.3
"""Factor on the chance of a guessed pattern, occasion or season. As `agreement` is a logarithm, a
sure guess still counts seven tenths of what a feed says, and an unsure one less.

Chosen on val: with 1, guesses of "plain" pass what titles say (patterns with known attributes,
precision@10 0.996 to 0.812); 0.3 and 0.1 leave those alone, and take patterns in a catalogue
without attributes from 0.575 to 0.586, by plain arithmetic from 0.345 to 0.432."""


def agreement(payload: Payload, wish: Wish) -> float:
    """Log-scaled chance that the candidate fulfils the wish, in [0, 1].

    Wishes are independent, so their chances multiply and their logarithms add: a hit that is surely
    a t-shirt and perhaps red must not pass one that is likely both. 0 means that nothing speaks
    for it, 1 that it is certain.
    """
    return math.log((chance(payload, wish) + FLOOR) / FLOOR) / _CERTAIN


def chance(payload: Payload, wish: Wish) -> float:
    """Expected credit of a candidate, in [0, 1]: certain values by credit, predicted by both."""
    credits = wish.credits
    if is_predicted(payload, wish.facet):
        values = texts(payload.get(maybe(wish.facet)))
        likely = _numbers(payload.get(probability(wish.facet)))
        found = zip(values, likely, strict=False)
        share = min(1.0, sum([credits[value] * p for value, p in found if value in credits]))
        return share if wish.facet in MAYBE_FACETS else GUESSED * share
    held = texts(payload.get(wish.facet))
    return KNOWN * max([credits[value] for value in held if value in credits], default=0.0)


def fulfils(payload: Payload, wish: Wish) -> bool:
    """The candidate's own (or likeliest) value has been wished for."""
    return not wish.credits.keys().isdisjoint(texts(payload.get(wish.facet)))


def is_predicted(payload: Payload, facet: Facet) -> bool:
    """The values of the facet were read from the picture."""
    return facet in texts(payload.get(PREDICTED))


def scorer(wishes: Sequence[Wish]) -> Callable[[Payload], float]:
    """The weighted sum of `agreement` over all wishes, for many candidates of one query.

    Most candidates share the values that a feed says, so their agreement is worked out once.
    """
    # Hashing or formatting an enum costs more than the rest, so keys are plain strings here.
    prepared = [(str(wish.facet.value), wish, dict[object, float]()) for wish in wishes]

    def score(payload: Payload) -> float:
        total = 0.0
        predicted = texts(payload.get(PREDICTED))
        for key, wish, said in prepared:
            if key in predicted:
                total += wish.weight * agreement(payload, wish)
                continue
            held = payload.get(key)
            values = tuple(held) if isinstance(held, list) else held
            found = said.get(values)
            if found is None:
                found = said[values] = wish.weight * agreement(payload, wish)
            total += found
        return total

    return score


def texts(value: PayloadValue | None) -> Sequence[str]:
    """The values under a keyword key, which holds text (the indexes see to it)."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else cast("Sequence[str]", value)


def _numbers(value: PayloadValue | None) -> Sequence[float]:
    return () if value is None else cast("Sequence[float]", value)
