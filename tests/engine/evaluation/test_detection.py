from __future__ import annotations

import numpy as np
import pytest

from engine.boxes import iou_matrix, suppress
from engine.evaluation.detection import (
    PhotoBoxes,
    average_precision,
    map_over,
    rate_boxes,
)


def drawn_photos(count: int, seed: int) -> list[PhotoBoxes]:
    """Boxes near the true ones and boxes anywhere, with scores that know a little."""
    rng = np.random.default_rng(seed)
    photos: list[PhotoBoxes] = []
    for _ in range(count):
        corner = rng.uniform(0, 80, (rng.integers(0, 5), 2))
        truth = np.concatenate([corner, corner + rng.uniform(8, 40, corner.shape)], axis=1)
        near = truth[rng.random(len(truth)) < 0.8] + rng.normal(0, 2.5, (1, 4))
        low = rng.uniform(0, 80, (rng.integers(0, 4), 2))
        far = np.concatenate([low, low + rng.uniform(8, 40, low.shape)], axis=1)
        found = np.concatenate([near, far])
        scores = np.concatenate([rng.uniform(0.3, 1, len(near)), rng.uniform(0, 0.8, len(far))])
        photos.append(PhotoBoxes(truth=truth, found=found, scores=scores))
    return photos


def test_everything_found_is_one_and_nothing_found_is_zero() -> None:
    truth = np.array([[0.0, 0, 10, 10], [20, 20, 40, 50]])
    whole = PhotoBoxes(truth=truth, found=truth, scores=np.array([0.9, 0.8]))
    none = PhotoBoxes(truth=truth, found=np.empty((0, 4)), scores=np.empty(0))
    assert average_precision(rate_boxes([whole])) == pytest.approx(np.ones(10))
    assert average_precision(rate_boxes([none])) == pytest.approx(np.zeros(10))
    assert np.isnan(average_precision(rate_boxes([]))).all()


def test_a_box_is_taken_once() -> None:
    truth = np.array([[0.0, 0, 10, 10]])
    twice = PhotoBoxes(truth=truth, found=np.repeat(truth, 2, axis=0), scores=np.array([0.9, 0.8]))
    assert rate_boxes([twice], thresholds=[0.5]).right.tolist() == [[True, False]]


@pytest.mark.parametrize("seed", range(5))
def test_it_is_what_supervision_counts(seed: int) -> None:
    sv = pytest.importorskip("supervision")
    from supervision.metrics import MeanAveragePrecision

    photos = drawn_photos(12, seed)
    metric = MeanAveragePrecision()
    for each in photos:
        nothing = np.zeros(len(each.found), int)
        metric.update(
            sv.Detections(xyxy=each.found, confidence=each.scores, class_id=nothing),
            sv.Detections(xyxy=each.truth, class_id=np.zeros(len(each.truth), int)),
        )
    theirs = metric.compute()
    ours = average_precision(rate_boxes(photos))
    assert ours[0] == pytest.approx(theirs.map50, abs=5e-3)
    assert ours.mean() == pytest.approx(theirs.map50_95, abs=5e-3)


def test_a_photo_that_counts_twice_is_a_photo_given_twice() -> None:
    photos = drawn_photos(6, 3)
    rating = rate_boxes(photos)
    weights = np.array([2.0, 1, 0, 1, 3, 1])
    repeated = [
        each for each, times in zip(photos, weights, strict=True) for _ in range(int(times))
    ]
    assert average_precision(rating, weights) == pytest.approx(
        average_precision(rate_boxes(repeated)), abs=0.02
    )


def test_the_interval_holds_the_value_and_narrows_with_photos() -> None:
    few, many = (map_over([rate_boxes(drawn_photos(count, 0))]) for count in (10, 80))
    assert few.low <= few.value <= few.high
    assert many.high - many.low < few.high - few.low


def test_overlap_of_boxes() -> None:
    a = np.array([[0.0, 0, 10, 10], [0, 0, 0, 0]])
    b = np.array([[5.0, 0, 15, 10], [0, 0, 10, 10], [50, 50, 60, 60]])
    assert iou_matrix(a, b) == pytest.approx(np.array([[1 / 3, 1, 0], [0, 0, 0]]))


def test_suppression_within_and_across_classes() -> None:
    boxes = np.array(
        [[0.0, 0, 10, 10], [0, 0, 10, 9], [0, 0, 10, 7], [0, 0, 10, 7.2], [30, 30, 40, 40]]
    )
    classes = np.array([0, 1, 0, 1, 0])
    kept = suppress(boxes, classes, same_class_iou=0.6, any_class_iou=0.85, most=10)
    # 1 nearly coincides with 0; 2 overlaps 0 of the same class by 0.7; 3 overlaps 0 by 0.72.
    assert kept == [0, 3, 4]
    assert suppress(boxes, classes, same_class_iou=1, any_class_iou=1, most=2) == [0, 1]
    assert suppress(boxes[:0], classes[:0], same_class_iou=1, any_class_iou=1, most=2) == []
