"""Budgets, matching and ratings of fine names."""

from __future__ import annotations

import numpy as np
import pytest

from engine.evaluation.detection import average_precision, map_over
from engine.evaluation.fine import (
    FinePhoto,
    annotated,
    counted_classes,
    draw_budget,
    mean_interval,
    rate_fine,
    rate_pictures,
    resampled_precisions,
)


def photo(truth: list[list[float]], labels: tuple[str, ...], found: list[list[float]]) -> FinePhoto:
    return FinePhoto(
        width_px=100,
        height_px=100,
        boxes=np.array(found, float).reshape(-1, 4),
        posteriors=np.full((len(found), 2), 0.5),
        vectors={},
        truth=np.array(truth, float).reshape(-1, 4),
        labels=labels,
        places=np.zeros(len(labels), np.int64),
    )


TWO = photo(
    [[0, 0, 10, 10], [20, 20, 40, 40]], ("boots", "bag"), [[21, 20, 40, 40], [60, 60, 70, 70]]
)
NONE = photo([[0, 0, 10, 10]], ("boots",), [])


def test_known_boxes_find_theirs() -> None:
    assert annotated(TWO).tolist() == [-1, 0]
    assert annotated(NONE).tolist() == [-1]
    assert annotated(photo([], (), [[0, 0, 1, 1]])).tolist() == []


def test_budgets_are_shares_of_all_boxes() -> None:
    photos = [TWO] * 100
    assert len(draw_budget(photos, 1.0, seed=0)) == 200
    few = draw_budget(photos, 0.05, seed=0)
    assert len(few) == len(set(few)) == 10
    assert few == draw_budget(photos, 0.05, seed=0) != draw_budget(photos, 0.05, seed=1)
    assert len(draw_budget(photos, 1e-6, seed=0)) == 1


def test_classes_with_too_few_boxes_are_left_out() -> None:
    photos = [TWO, NONE, NONE]
    assert counted_classes(photos, ("bag", "boots", "hat"), least=2) == ("boots",)
    assert counted_classes(photos, ("bag", "boots"), least=1) == ("bag", "boots")


def test_ratings_are_by_fine_class_over_all_photos() -> None:
    scores = [
        {"boots": np.array([0.2, 0.1]), "bag": np.array([0.9, 0.0])},
        {"boots": np.zeros(0), "bag": np.zeros(0)},
    ]
    boots, bag = rate_fine([TWO, NONE], scores, ("boots", "bag"))
    assert boots.truths.tolist() == [1, 1]
    assert not boots.right.any()
    assert average_precision(bag).tolist() == [1.0]
    assert bag.right.tolist() == [[True]]


def test_pictures_are_rated_by_their_likeliest_box() -> None:
    scores = [{"bag": np.array([0.2, 0.6])}, {"bag": np.zeros(0)}, {"bag": np.array([0.7, 0.1])}]
    photos = [TWO, NONE, photo([[0, 0, 9, 9]], ("boots",), [[0, 0, 1, 1], [5, 5, 9, 9]])]
    (bag,) = rate_pictures(photos, scores, ("bag",))
    assert bag.truths.tolist() == [1, 0, 0]
    # The third picture shows no bag and comes first: one of two is right where the bag is reached.
    assert bag.photos.tolist() == [2, 0]
    assert bag.right.tolist() == [[False, True]]
    assert average_precision(bag).tolist() == [0.5]


@pytest.mark.parametrize("draws", [1, 3])
def test_differences_are_of_the_same_photos(draws: int) -> None:
    photos = [TWO, NONE] * 10
    right = [
        {"bag": np.full(len(each.boxes), 0.5) * [1, 0.5][: len(each.boxes)]} for each in photos
    ]
    wrong = [
        {"bag": np.full(len(each.boxes), 0.5) * [0.5, 1][: len(each.boxes)]} for each in photos
    ]
    better, worse = (rate_fine(photos, each, ("bag",)) * draws for each in (right, wrong))
    first, second = (resampled_precisions(each, resamples=60) for each in (better, worse))
    gain = mean_interval(first - second, n=20)
    assert gain.value == pytest.approx(
        average_precision(better[0])[0] - average_precision(worse[0])[0]
    )
    assert gain.low > 0
    assert mean_interval(first - first, n=20).high == 0


@pytest.mark.parametrize("seed", range(3))
def test_resamples_are_rated_as_one_by_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    photos = [TWO, NONE, TWO] * 4
    scores = [{"bag": rng.random(len(each.boxes)), "boots": rng.random(len(each.boxes)),
               "hat": rng.random(len(each.boxes))} for each in photos]  # fmt: skip
    ratings = rate_fine(photos, scores, ("bag", "boots", "hat"))
    found = resampled_precisions(ratings, resamples=20, seed=seed)
    drawn = np.random.default_rng(seed)
    weights = [np.ones(12)] + [
        np.bincount(drawn.integers(0, 12, 12), minlength=12).astype(float) for _ in range(20)
    ]
    expected = [[average_precision(each, held)[0] for each in ratings] for held in weights]
    np.testing.assert_allclose(found, expected)
    assert np.isnan(found[:, 2]).all()


def test_intervals_are_those_of_the_detectors_figures() -> None:
    rng = np.random.default_rng(0)
    photos = [TWO, NONE] * 15
    scores = [{"bag": rng.random(len(each.boxes)), "boots": rng.random(len(each.boxes))}
              for each in photos]  # fmt: skip
    ratings = rate_fine(photos, scores, ("bag", "boots"))
    ours = mean_interval(resampled_precisions(ratings, resamples=600), n=30)
    theirs = map_over(ratings, resamples=600)
    assert ours.value == pytest.approx(theirs.value)
    assert ours.low == pytest.approx(theirs.low, abs=0.05)
    assert ours.high == pytest.approx(theirs.high, abs=0.05)


def test_what_a_resample_has_nothing_of_is_left_out() -> None:
    precisions = np.array([[0.5, 0.7], [0.5, np.nan], [0.1, 0.3], [np.nan, np.nan]])
    found = mean_interval(precisions, n=4)
    assert (found.value, found.n) == (pytest.approx(0.6), 4)
    assert 0 <= found.low <= 0.6
