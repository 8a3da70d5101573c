"""What is fitted to fine labels: two numbers a class; the heads that RelDetect is held against."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra [models]")

from detectors.calibrations import Calibration
from detectors.knowledge import Clause, Definition
from detectors.reldetect import fine_scores
from detectors.training.calibration import fit_calibrations
from detectors.training.fine_heads import Annotations, HeadConfig, choose_head, fit_head
from detectors.training.simulated import Noise, simulate
from engine.boxes import iou_matrix

pytestmark = pytest.mark.models
CLASSES = ("bag", "footwear")
SAID = (Clause(relation="touches", partners=("bag",)),)
PAIR = (
    Definition(name="boots", coarse="footwear", clauses=SAID),
    Definition(name="shoes", coarse="footwear", clauses=SAID),
)
SIBLINGS = {"footwear": ("boots", "shoes", "sandals"), "bag": ("bag", "purse")}


def likelihood(scores: np.ndarray, labels: list[str], fitted: dict[str, Calibration]) -> float:
    posteriors = np.tile([0.0, 1.0], (len(labels), 1))
    fine = fine_scores(scores, posteriors, PAIR, CLASSES, fitted)
    every = np.column_stack([fine, 1 - fine.sum(axis=1)])
    names = [each.name for each in PAIR]
    places = [names.index(label) if label in names else 2 for label in labels]
    return float(np.log(np.maximum(every[np.arange(len(labels)), places], 1e-9)).sum())


def test_calibrations_make_the_labels_more_probable() -> None:
    rng = np.random.default_rng(0)
    labels = rng.choice(["boots", "shoes", "flats"], 200, p=[0.2, 0.7, 0.1]).tolist()
    # The first definition is far too shy, the second says the opposite of what is so.
    first = np.where(np.array(labels) == "boots", 0.2, 0.02)
    second = np.where(np.array(labels) == "shoes", 0.3, 0.6)
    scores = np.stack([first, second], axis=1)
    fitted = fit_calibrations(scores, labels, ["footwear"] * 200, PAIR)
    assert set(fitted) == {"boots", "shoes"}
    assert fitted["boots"].shift > 0
    assert fitted["shoes"].slope < 0
    before = likelihood(scores, labels, {})
    after = likelihood(scores, labels, fitted)
    assert after > before
    for name, each in fitted.items():
        for shift in (-0.3, 0.3):
            moved = Calibration(slope=each.slope, shift=each.shift + shift)
            assert likelihood(scores, labels, fitted | {name: moved}) < after + 0.5


def test_few_labels_move_little_and_none_not_at_all() -> None:
    scores = np.array([[0.2, 0.6]])
    few = fit_calibrations(scores, ["boots"], ["footwear"], PAIR)
    many = fit_calibrations(np.repeat(scores, 50, axis=0), ["boots"] * 50, ["footwear"] * 50, PAIR)
    assert 0 < few["boots"].shift < many["boots"].shift
    assert fit_calibrations(scores, ["bag"], ["bag"], PAIR) == {}


def blobs(count: int, seed: int) -> Annotations:
    rng = np.random.default_rng(seed)
    labels = rng.choice(["boots", "shoes", "bag", "purse"], count).tolist()
    middles = {"boots": (2, 0), "shoes": (-2, 0), "bag": (0, 2), "purse": (0, -2)}
    features = np.array([middles[label] for label in labels]) + rng.normal(0, 0.7, (count, 2))
    return Annotations(
        features=features.astype(np.float32),
        labels=tuple(labels),
        coarse=tuple("footwear" if label in ("boots", "shoes") else "bag" for label in labels),
    )


@pytest.mark.parametrize("hidden", [0, 16])
def test_heads_learn_and_share_a_coarse_class_out(hidden: int) -> None:
    head = fit_head(blobs(200, 0), SIBLINGS, HeadConfig(hidden=hidden, decay=0.1))
    unseen = blobs(200, 1)
    right = 0
    for row, (label, coarse) in enumerate(zip(unseen.labels, unseen.coarse, strict=True)):
        shares = head.probabilities(unseen.features[row : row + 1], coarse)
        assert sum(float(each[0]) for each in shares.values()) == pytest.approx(1)
        right += max(shares, key=lambda name: float(shares[name][0])) == label
    assert right > 190


def test_a_head_without_labels_knows_nothing() -> None:
    none = Annotations(features=np.zeros((0, 2), np.float32), labels=(), coarse=())
    head = fit_head(none, SIBLINGS, HeadConfig(hidden=0, decay=0.1))
    shares = head.probabilities(np.ones((1, 2), np.float32), "footwear")
    assert [float(each[0]) for each in shares.values()] == pytest.approx([1 / 3] * 3)


def test_the_form_that_fits_held_out_labels_is_chosen() -> None:
    configs = [HeadConfig(hidden=0, decay=1e5), HeadConfig(hidden=0, decay=0.1)]
    assert choose_head(blobs(100, 0), blobs(100, 1), SIBLINGS, configs) == configs[1]


def test_a_simulated_detector_is_mostly_right_and_never_outside() -> None:
    classes = ("top", "outerwear", "bag")
    rng = np.random.default_rng(0)
    known = [(0, (20.0, 20.0, 120.0, 160.0)), (2, (150.0, 100.0, 199.0, 180.0))]
    right = found = ghosts = 0
    for _ in range(200):
        seen = simulate(known, classes, width_px=200, height_px=200, noise=Noise(), rng=rng)
        scores = [each.detection.score for each in seen]
        assert scores == sorted(scores, reverse=True)
        for each in seen:
            x0, y0, x1, y1 = each.detection.box_xyxy_px
            assert 0 <= x0 < x1 <= 200
            assert 0 <= y0 < y1 <= 200
            assert ((each.detection.posterior >= 0) & (each.detection.posterior <= 1)).all()
            if each.source is None:
                ghosts += 1
                continue
            place, box = known[each.source]
            found += 1
            right += each.detection.place == place
            assert iou_matrix(np.array([each.detection.box_xyxy_px]), np.array([box]))[0, 0] > 0.3
    assert 0.8 * 400 < found < 400
    assert right > 0.75 * found
    assert 0 < ghosts < 300
