"""Metrics and plain rules of the main product, against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.detections import Detection, SeenPicture
from engine.errors import InvalidInput
from engine.evaluation.intervals import bootstrap, bootstrap_clusters
from engine.evaluation.main_product import (
    Judged,
    average_precision,
    confident,
    largest,
    rate_arms,
    rate_parts,
    rate_sureness,
    repeat_vote,
    top_one,
)

lists = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=12)


def brute(scores: list[int], labels: list[bool]) -> float:
    """Mean over the true boxes of the precision at the last place of their tie."""
    found = []
    for score, label in zip(scores, labels, strict=True):
        if label:
            above = [truth for each, truth in zip(scores, labels, strict=True) if each >= score]
            found.append(sum(above) / len(above))
    return float(np.mean(found))


@given(lists)
def test_average_precision_is_the_mean_precision_at_each_true_box(rows) -> None:
    scores, labels = [each for each, _ in rows], [each for _, each in rows]
    if not any(labels):
        with pytest.raises(InvalidInput):
            average_precision(np.array(scores, np.float32), np.array(labels))
        return
    found = average_precision(np.array(scores, np.float32), np.array(labels))
    assert found == pytest.approx(brute(scores, labels))
    order = np.random.default_rng(0).permutation(len(rows))
    again = average_precision(np.array(scores, np.float32)[order], np.array(labels)[order])
    assert again == pytest.approx(found)


def test_top_one_shares_ties() -> None:
    labels = np.array([True, False, False])
    assert top_one(np.array([3, 2, 1], np.float32), labels) == 1
    assert top_one(np.array([1, 2, 1], np.float32), labels) == 0
    assert top_one(np.array([2, 2, 1], np.float32), labels) == 0.5


def picture(boxes, vectors, scores) -> SeenPicture:
    return SeenPicture(
        width_px=100,
        height_px=200,
        detections=tuple(
            Detection(box_xyxy_px=box, posterior=np.array([0.1, score], np.float32))
            for box, score in zip(boxes, scores, strict=True)
        ),
        vectors=np.array(vectors, np.float32).reshape(-1, 2),
    )


GALLERY = [
    picture([(0, 0, 50, 50), (0, 0, 10, 10)], [(1, 0), (0, 1)], [0.4, 0.9]),
    picture([], [], []),
    picture([(0, 0, 20, 20)], [(0, 1)], [0.3]),
]


def test_rules_score_what_they_say() -> None:
    np.testing.assert_allclose(np.concatenate(largest(GALLERY)), [0.125, 0.005, 0.02])
    np.testing.assert_allclose(np.concatenate(confident(GALLERY)), [0.4, 0.9, 0.3])
    np.testing.assert_allclose(np.concatenate(repeat_vote(GALLERY)), [0, 1, 1])
    np.testing.assert_allclose(np.concatenate(repeat_vote(GALLERY[:1])), [0, 0])
    assert [len(each) for each in repeat_vote(GALLERY)] == [2, 0, 1]


def test_the_lead_is_over_the_best_baseline_and_paired() -> None:
    shows = [np.array([True, False])]
    right, wrong = [np.array([1, 0], np.float32)], [np.array([0, 1], np.float32)]
    judged = [
        Judged(
            photo=f"p{number // 2}",
            shows=shows,
            scores={"gcn": right, "mlp": right if number % 2 else wrong, "largest": wrong},
            is_contested=number == 0,
        )
        for number in range(8)
    ]
    figures = {
        (each.metric, each.arm, each.condition): each
        for each in rate_arms(judged, "no-title/same") + rate_parts(judged, "no-title/same")
    }
    assert figures["ap", "gcn", "no-title/same"].value == 1
    assert figures["ap", "largest", "no-title/same"].value == 0.5
    lead = figures["ap-lead", "gcn over mlp", "no-title/same"]
    assert (lead.value, lead.low, lead.high) == (0.25, 0.25, 0.25)  # each photo has one of each
    assert figures["top1", "mlp", "no-title/same"].value == 0.5
    assert figures["ap", "mlp", "no-title/same/1 picture"].n == 8
    assert figures["ap", "mlp", "no-title/same/contested"].n == 1
    assert ("ap", "mlp", "no-title/same/2 pictures") not in figures


def test_a_sure_box_is_the_best_of_its_picture_and_counted_in_all_galleries() -> None:
    def gallery(photo: str, *pictures: tuple[list[float], list[bool]]) -> Judged:
        return Judged(
            photo=photo,
            shows=[np.array(shows, np.bool_) for _, shows in pictures],
            scores={"gcn": [np.array(scores, np.float32) for scores, _ in pictures]},
            is_contested=False,
        )

    judged = [
        gallery("a", ([0.6, 0.95], [True, False]), ([0.8], [True])),
        gallery("b", ([], []), ([0.2, 0.3], [True, False])),
        gallery("c", ([0.75], [False])),
        gallery("d", ([0.5], [True])),
    ]
    found = {
        (each.metric, each.condition): each for each in rate_sureness(judged, "title/same")
    }  # fmt: skip
    half, high = (f"title/same/p >= {each}" for each in (0.5, 0.9))
    assert found["sure-precision", half].value == 0.5  # of 0.95, 0.8, 0.75 and 0.5
    assert found["sure-precision", half].n == 4
    assert found["sure-confidence", half].value == pytest.approx(0.75)
    assert found["sure-share", half].value == 0.75
    assert found["sure-precision", high].value == 0
    assert found["sure-share", high].value == 0.25
    unsure = rate_sureness(judged[1:2], "title/same")
    assert {each.metric for each in unsure} == {"sure-share"}


def test_clusters_that_hang_together_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    values = np.repeat(rng.random(20), 10)
    names = [f"c{number // 10}" for number in range(200)]
    plain, clustered = bootstrap(values), bootstrap_clusters(values, names)
    assert clustered.value == pytest.approx(plain.value)
    assert clustered.n == 200
    assert clustered.high - clustered.low > 2 * (plain.high - plain.low)
    alone = bootstrap_clusters(values, [str(number) for number in range(200)])
    assert alone.high - alone.low == pytest.approx(plain.high - plain.low, rel=0.25)
    with pytest.raises(InvalidInput):
        bootstrap_clusters(values, names[:-1])
