"""How well a candidate agrees with a wish."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.composition import Wish
from engine.ids import ProductId
from engine.payload import build_point
from engine.ranking.agreement import agreement, chance, fulfils, is_predicted, scorer
from engine.types import Attribute, Facet, Product, Provenance

RED = Wish(facet=Facet.COLOUR, credits={"red": 1.0, "burgundy": 0.6}, weight=3.0)
MEN = Wish(facet=Facet.GENDER, credits={"men": 1.0, "unisex": 0.7}, weight=2.0)


def payload(*attributes: Attribute):
    product = Product(product_id=ProductId("p"), title="x", attributes=attributes)
    return build_point(product, {}, version="1").payload


def said(value: str, facet: Facet = Facet.COLOUR) -> Attribute:
    return Attribute(name=facet, value=value)


def guessed(value: str, confidence: float, facet: Facet = Facet.COLOUR) -> Attribute:
    return Attribute(name=facet, value=value, provenance=Provenance.MODEL, confidence=confidence)


def test_what_the_feed_says_is_almost_certain():
    assert chance(payload(said("red")), RED) == pytest.approx(0.97)
    assert chance(payload(said("burgundy")), RED) == pytest.approx(0.6 * 0.97)
    assert chance(payload(said("blue")), RED) == 0
    assert chance(payload(), RED) == 0


def test_the_best_of_several_said_values_counts():
    assert chance(payload(said("blue"), said("red")), RED) == pytest.approx(0.97)


def test_predictions_count_by_their_probability():
    predicted = payload(guessed("red", 0.5), guessed("burgundy", 0.3), guessed("pink", 0.1))
    assert is_predicted(predicted, Facet.COLOUR)
    assert chance(predicted, RED) == pytest.approx(0.5 + 0.6 * 0.3)
    assert fulfils(predicted, RED)
    assert not fulfils(payload(guessed("pink", 0.6), guessed("red", 0.3)), RED)


def test_a_pattern_that_was_guessed_lies_between_none_and_one_that_was_said():
    striped = Wish(facet=Facet.PATTERN, credits={"striped": 1.0}, weight=8.0)
    sure, unsure, other, said_so = (
        payload(each)
        for each in (
            guessed("striped", 0.99, Facet.PATTERN),
            guessed("striped", 0.6, Facet.PATTERN),
            guessed("plain", 0.99, Facet.PATTERN),
            said("striped", Facet.PATTERN),
        )
    )
    chances = [chance(each, striped) for each in (payload(), unsure, sure, said_so)]
    assert chances == sorted(set(chances))
    assert chance(other, striped) == 0
    assert scorer([striped])(sure) == pytest.approx(8.0 * agreement(sure, striped))


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_agreement_lies_between_0_and_1_and_grows_with_the_chance(first, second):
    low, high = sorted((first, second))
    worse = agreement(payload(guessed("red", low)), RED)
    better = agreement(payload(guessed("red", high)), RED)
    assert 0 <= worse <= better <= 1


def test_two_likely_wishes_beat_one_certain_one():
    both = payload(guessed("red", 0.6), guessed("men", 0.6, Facet.GENDER))
    one = payload(guessed("red", 0.99), guessed("women", 0.98, Facet.GENDER))
    assert scorer((RED, MEN))(both) > scorer((RED, MEN))(one)
    assert scorer(())(both) == 0


@given(st.lists(st.sampled_from(["red", "burgundy", "blue"]), max_size=3, unique=True))
def test_the_scorer_adds_up_the_agreements(values):
    said_ones = payload(*map(said, values), said("men", Facet.GENDER))
    score = scorer((RED, MEN))
    expected = sum(wish.weight * agreement(said_ones, wish) for wish in (RED, MEN))
    assert score(said_ones) == pytest.approx(expected)
    assert score(said_ones) == score(said_ones)
