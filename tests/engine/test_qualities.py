"""Comparatives in attributes."""

from __future__ import annotations

import math

import pytest

from engine.qualities import LIGHTNESS_STEP, quality_wish
from engine.query.lexicon import default_lexicon
from engine.query.parse import parse_modification
from engine.types import Facet


@pytest.mark.parametrize(
    ("words", "sign", "own", "nearest"),
    [("darker", -1, "white", "light grey"), ("lighter", 1, "navy blue", "charcoal")],
)
def test_the_nearest_shade_comes_first_whatever_the_order_of_hashes(
    words: str, sign: int, own: str, nearest: str
) -> None:
    lexicon = default_lexicon()
    edit = parse_modification(words, lexicon=lexicon).edits[0]
    found = quality_wish(edit, colours={own: 1.0}, lexicon=lexicon).credits[Facet.COLOUR]
    here = lexicon.lab(own)
    far = [math.dist(here, lexicon.lab(value)) for value in found]
    assert far == sorted(far)
    assert all(sign * (lexicon.lab(value)[0] - here[0]) >= LIGHTNESS_STEP for value in found)
    assert next(iter(found)) == nearest
