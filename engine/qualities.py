"""What "more formal", "longer" or "darker" asks for, in words and in attributes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.query.lexicon import Lexicon
from engine.types import Edit, Facet, Operation

LIGHTNESS_STEP = 8.0
"""Difference of CIE L* from which a colour counts as darker or lighter."""
OTHER_FAMILY = 0.4
"""What a lighter colour of another family is worth where "lighter" was asked for."""

Credits = Mapping[Facet, Mapping[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityWish:
    """Words for the text tower, and credits for products that carry the attribute."""

    words: str
    credits: Credits = field(default_factory=dict[Facet, Mapping[str, float]])


_MORE, _LESS = Operation.MORE, Operation.LESS
_CREDITS: Mapping[tuple[str, Operation], Credits] = {
    ("formality", _MORE): {Facet.OCCASION: {"formal": 1.0, "work": 1.0, "smart casual": 0.5}},
    ("formality", _LESS): {Facet.OCCASION: {"casual": 1.0, "sports": 0.5}},
    ("length", _MORE): {Facet.LENGTH: {"maxi": 1.0, "long": 1.0, "midi": 0.5}},
    ("length", _LESS): {
        Facet.LENGTH: {"mini": 1.0, "short": 1.0, "cropped": 1.0, "knee length": 0.5}
    },
    ("sleeve", _MORE): {Facet.SLEEVE: {"long sleeves": 1.0, "three-quarter sleeves": 0.6}},
    ("sleeve", _LESS): {
        Facet.SLEEVE: {"short sleeves": 1.0, "cap sleeves": 0.9, "sleeveless": 0.7}
    },
    ("busyness", _LESS): {Facet.PATTERN: {"plain": 1.0}},
}


def quality_wish(edit: Edit, *, colours: Mapping[str, float], lexicon: Lexicon) -> QualityWish:
    """What a MORE or LESS edit asks for.

    Args:
        edit: Operation MORE or LESS on a quality of the vocabulary, or on ``sleeve``.
        colours: Beliefs about the reference's colour; "darker" is relative to them.
        lexicon: Knows each quality's words and each colour's lightness.
    """
    more = edit.operation is Operation.MORE
    try:
        much, little = lexicon.poles(edit.attribute)
    except KeyError:
        much, little = f"long {edit.attribute}", f"short {edit.attribute}"
    credit = _CREDITS.get((edit.attribute, edit.operation), {})
    if edit.attribute == "darkness":
        credit = _shades(more, colours, lexicon)
    return QualityWish(words=much if more else little, credits=credit)


def _shades(darker: bool, colours: Mapping[str, float], lexicon: Lexicon) -> Credits:
    """Colours darker (or lighter) than the reference's likeliest one, the nearest first."""
    known = lexicon.values(Facet.COLOUR)
    own = max(colours, key=lambda value: colours[value], default="")
    if own not in known:
        return {}
    here, family = lexicon.lab(own), lexicon.family(own)
    credit: dict[str, float] = {}
    # The first of equal credit describes the target: the nearest colour changes least besides.
    for value in sorted(known, key=lambda value: (math.dist(here, lexicon.lab(value)), value)):
        step = lexicon.lab(value)[0] - here[0]
        if (-step if darker else step) >= LIGHTNESS_STEP:
            credit[value] = 1.0 if lexicon.family(value) == family else OTHER_FAMILY
    return {Facet.COLOUR: credit} if credit else {}
