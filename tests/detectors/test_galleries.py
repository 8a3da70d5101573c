"""Galleries: what they are drawn from, and the rates of what is noisy."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.galleries import FOCUSED, ProductRef, View, ViewKind, draw_gallery, views_of
from detectors.gallery_titles import TitleKind, draw_title_kind, write_title

PRODUCTS = [
    ProductRef(photo=f"p{photo}", label=label, place=place)
    for photo in range(5)
    for place, label in enumerate(("dress", "shoes", "bag"))
]
EVERY_VIEW = frozenset(view for product in PRODUCTS for view in views_of(product))


def drawn(seed: int, count: int, available: frozenset[View] = EVERY_VIEW):
    rng = np.random.default_rng(seed)
    return [draw_gallery(PRODUCTS[0], PRODUCTS, available, rng) for _ in range(count)]


@given(st.integers(0, 10_000))
def test_a_gallery_has_one_to_five_pictures_once_each_and_one_of_its_product(seed: int) -> None:
    plan = draw_gallery(PRODUCTS[0], PRODUCTS, EVERY_VIEW, np.random.default_rng(seed))
    assert plan is not None
    assert 1 <= len(plan.views) <= 5
    assert len(set(plan.views)) == len(plan.views)
    own = set(views_of(PRODUCTS[0]))
    assert own & set(plan.views)
    assert set(plan.views[:2]) <= own
    assert all(view.variant in (0, 1) for view in plan.views)


def test_the_same_seed_draws_the_same_galleries() -> None:
    assert drawn(3, 50) == drawn(3, 50)
    assert drawn(3, 50) != drawn(4, 50)


def test_galleries_differ_in_size_and_most_stand_closer_somewhere() -> None:
    plans = drawn(0, 2000)
    sizes = Counter(len(each.views) for each in plans)
    assert sizes[1] / 2000 == pytest.approx(0.15, abs=0.03)
    assert sizes[3] / 2000 == pytest.approx(0.30, abs=0.03)
    several = [each for each in plans if len(each.views) > 1]
    own = set(views_of(PRODUCTS[0]))
    closer = [any(v.kind in FOCUSED and v in own for v in each.views) for each in several]
    assert np.mean(closer) > 0.85
    others = [view for each in plans for view in each.views if view not in own]
    assert 0.02 < len(others) / sum(len(each.views) for each in plans) < 0.15
    companions = [view for view in others if view.photo == "p0"]
    assert companions
    assert all(view.kind is ViewKind.CUTOUT for view in companions)


def test_only_what_could_be_rendered_is_drawn() -> None:
    whole = frozenset(each for each in EVERY_VIEW if each.kind is ViewKind.WHOLE)
    for plan in drawn(1, 100, whole):
        assert plan is not None
        assert set(plan.views) <= whole
    assert drawn(1, 1, frozenset()) == [None]


def test_titles_are_missing_or_wrong_as_often_as_said() -> None:
    rng = np.random.default_rng(0)
    kinds = Counter(draw_title_kind(rng) for _ in range(20_000))
    assert kinds[TitleKind.WRONG] / 20_000 == pytest.approx(0.05, abs=0.006)
    assert kinds[TitleKind.MISSING] / 20_000 == pytest.approx(0.15, abs=0.01)


def test_titles_name_the_thing_and_often_its_colour_among_noise() -> None:
    rng = np.random.default_rng(1)
    titles = [write_title("skirt", "red", rng) for _ in range(500)]
    assert all("skirt" in each for each in titles)
    assert 0.5 < np.mean(["red" in each.split() for each in titles]) < 0.7
    assert np.mean([each in ("skirt", "red skirt") for each in titles]) < 0.5
    assert len(set(titles)) > 250
