"""Orders of labels: against all permutations, and by what each of them promises."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

pytest.importorskip("scipy", reason="needs the extra [models]")

from models.training.alignment import (
    IGNORED,
    align_batch,
    fixed_order,
    minimal_loss_alignment,
    predicted_label_alignment,
    random_order,
)

CLASSES = 8


@st.composite
def cases(draw: st.DrawFn) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Log-probabilities of some steps, and labels that fit in them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    steps = draw(st.integers(1, 7))
    logits = rng.normal(size=(steps, CLASSES)) * draw(st.sampled_from([0.1, 1.0, 5.0]))
    count = draw(st.integers(0, min(steps, 5)))
    scores = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return scores, rng.permutation(CLASSES)[:count].astype(np.int64)


def loss(scores: NDArray[np.float64], ordered: NDArray[np.int64]) -> float:
    return float(-scores[np.arange(len(ordered)), ordered].sum())


def pinned(scores: NDArray[np.float64], labels: NDArray[np.int64]) -> dict[int, int]:
    """Step → label that PLA must leave where it was predicted, found the slow way."""
    found: dict[int, int] = {}
    for step in range(len(labels)):
        best = int(np.argmax(scores[step]))
        if best in labels and best not in found.values():
            found[step] = best
    return found


@given(cases())
def test_minimal_loss_is_the_minimum_over_all_permutations(
    case: tuple[NDArray[np.float64], NDArray[np.int64]],
) -> None:
    scores, labels = case
    ordered = minimal_loss_alignment(scores, labels)
    assert sorted(ordered) == sorted(labels)
    least = min(loss(scores, np.array(each, np.int64)) for each in permutations(labels))
    assert loss(scores, ordered) == pytest.approx(least)


@given(cases())
def test_predicted_labels_stay_and_the_rest_is_the_best_that_is_left(
    case: tuple[NDArray[np.float64], NDArray[np.int64]],
) -> None:
    scores, labels = case
    ordered = predicted_label_alignment(scores, labels)
    assert sorted(ordered) == sorted(labels)
    kept = pinned(scores, labels)
    assert all(ordered[step] == label for step, label in kept.items())
    allowed = (
        each
        for each in permutations(labels)
        if all(each[step] == label for step, label in kept.items())
    )
    least = min(loss(scores, np.array(each, np.int64)) for each in allowed)
    assert loss(scores, ordered) == pytest.approx(least)
    assert loss(scores, ordered) >= loss(scores, minimal_loss_alignment(scores, labels)) - 1e-9


def test_a_label_predicted_twice_is_pinned_once() -> None:
    scores = np.log(np.array([[0.9, 0.05, 0.05], [0.8, 0.1, 0.1]]))
    ordered = predicted_label_alignment(scores, np.array([1, 0]))
    assert ordered.tolist() == [0, 1]


def test_a_label_predicted_after_the_last_label_is_not_pinned() -> None:
    """The released code would leave it unplaced (papers, §4.3)."""
    scores = np.log(np.array([[0.1, 0.2, 0.7], [0.3, 0.1, 0.6], [0.9, 0.05, 0.05]]))
    ordered = predicted_label_alignment(scores, np.array([0, 1]))
    assert ordered.tolist() == [1, 0]


def test_fixed_order_follows_the_places() -> None:
    rare_first = fixed_order(np.array([3, 0, 2, 1]))
    assert rare_first(np.zeros((4, 4)), np.array([0, 1, 3])).tolist() == [1, 3, 0]


def test_random_order_takes_every_order_and_loses_no_label() -> None:
    order = random_order(np.random.default_rng(0))
    labels = np.array([4, 2, 7])
    seen = {tuple(order(np.zeros((3, 8)), labels).tolist()) for _ in range(200)}
    assert seen == set(permutations((4, 2, 7)))


def test_the_end_stands_behind_the_labels_and_nothing_counts_after_it() -> None:
    scores = np.log(np.full((3, 4, 5), 0.2))
    labels = [np.array([3, 1]), np.array([], np.int64), np.array([0, 1, 2])]
    targets = align_batch(scores, labels, alignment=fixed_order(np.arange(5)), end=4)
    assert targets.tolist() == [
        [1, 3, 4, IGNORED],
        [4, IGNORED, IGNORED, IGNORED],
        [0, 1, 2, 4],
    ]
