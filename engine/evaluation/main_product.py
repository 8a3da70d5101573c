"""Which boxes of a gallery show the product: metrics, figures, and the plain rules to be beaten.

A rule takes the pictures of one gallery and gives each box a score, higher for the product. The
metrics know of ties: boxes of one score are ranked together, so that their order is no luck.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.detections import SeenPicture
from engine.errors import InvalidInput
from engine.evaluation.figures import Figure, measured
from engine.evaluation.intervals import bootstrap_clusters

__all__ = [
    "BASELINES",
    "OURS",
    "Judged",
    "average_precision",
    "confident",
    "largest",
    "rate_arms",
    "rate_parts",
    "rate_sureness",
    "repeat_vote",
    "top_one",
]

Scores = list[NDArray[np.float32]]
"""For each picture (N,), a score a box."""

OURS = "gcn"
BASELINES = ("repeat-vote", "contrastive", "largest", "confident", "mlp")
"""Arms of which the best is named when `OURS` is compared with it."""
SURE_FROM = (0.5, 0.7, 0.9)
"""Probabilities from which a box may be said to be sure."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """One gallery with the scores of every arm.

    Attributes:
        photo: What its pictures were made of; intervals resample photos.
        shows: For each picture a bool (N,): which boxes show the product.
        scores: Arm → for each picture (N,).
        is_contested: Another box of the product's class lies beside one that shows it.
    """

    photo: str
    shows: Sequence[NDArray[np.bool_]]
    scores: Mapping[str, Scores]
    is_contested: bool


def rate_arms(judged: Sequence[Judged], condition: str) -> list[Figure]:
    """``ap`` and ``top1`` of every arm, and how far `OURS` is ahead of the best baseline.

    Args:
        judged: Galleries under one condition, at least one; in each some box shows the product.
        condition: Its name.
    """
    arms = tuple(judged[0].scores)
    return _ap(judged, arms, condition) + _top_one(judged, arms, condition)


def rate_parts(judged: Sequence[Judged], condition: str) -> list[Figure]:
    """The same of `OURS` and the baselines by number of pictures; ``ap`` where it is contested."""
    arms = tuple(arm for arm in judged[0].scores if arm == OURS or arm in BASELINES)
    counts = {"1 picture": (1, 1), "2 pictures": (2, 2), "3+ pictures": (3, 99)}
    figures: list[Figure] = []
    for name, (low, high) in counts.items():
        some = [each for each in judged if low <= len(each.shows) <= high]
        if some:
            figures += _ap(some, arms, f"{condition}/{name}")
            figures += _top_one(some, arms, f"{condition}/{name}")
    contested = [each for each in judged if each.is_contested]
    return figures + (_ap(contested, arms, f"{condition}/contested") if contested else [])


def _ap(judged: Sequence[Judged], arms: Sequence[str], condition: str) -> list[Figure]:
    photos = [each.photo for each in judged]
    values = {
        arm: np.array(
            [
                average_precision(np.concatenate(each.scores[arm]), np.concatenate(each.shows))
                for each in judged
            ]
        )
        for arm in arms
    }
    figures = [
        measured(bootstrap_clusters(each, photos), metric="ap", arm=arm, condition=condition)
        for arm, each in values.items()
    ]
    known = [arm for arm in BASELINES if arm in values]
    if OURS in values and known:
        best = max(known, key=lambda arm: float(values[arm].mean()))
        lead = bootstrap_clusters(values[OURS] - values[best], photos)
        figures.append(
            measured(lead, metric="ap-lead", arm=f"{OURS} over {best}", condition=condition)
        )
    return figures


def _top_one(judged: Sequence[Judged], arms: Sequence[str], condition: str) -> list[Figure]:
    figures: list[Figure] = []
    for arm in arms:
        photos: list[str] = []
        values: list[float] = []
        for each in judged:
            for scores, shows in zip(each.scores[arm], each.shows, strict=True):
                if shows.any():
                    photos.append(each.photo)
                    values.append(top_one(scores, shows))
        interval = bootstrap_clusters(values, photos)
        figures.append(measured(interval, metric="top1", arm=arm, condition=condition))
    return figures


def rate_sureness(judged: Sequence[Judged], condition: str) -> list[Figure]:
    """How far `OURS` can be trusted when it says how sure it is.

    A box stands for its picture if it is the best there and at least as probable as a threshold.
    ``sure-precision`` is the share of these that do show the product, ``sure-confidence`` what was
    said of them on average: where both are alike, it is calibrated. ``sure-share`` is the share of
    galleries with such a box.

    Args:
        judged: All galleries under one condition, those without a box of the product too.
        condition: Its name; the threshold is added to it.
    """
    figures: list[Figure] = []
    for threshold in SURE_FROM:
        photos: list[str] = []
        right: list[float] = []
        said: list[float] = []
        has_sure: list[float] = []
        for each in judged:
            before = len(right)
            for scores, shows in zip(each.scores[OURS], each.shows, strict=True):
                if len(scores) and scores.max() >= threshold:
                    photos.append(each.photo)
                    right.append(top_one(scores, shows))
                    said.append(float(scores.max()))
            has_sure.append(float(len(right) > before))
        share = bootstrap_clusters(has_sure, [each.photo for each in judged])
        measures = {"sure-share": share}
        if right:
            measures["sure-precision"] = bootstrap_clusters(right, photos)
            measures["sure-confidence"] = bootstrap_clusters(said, photos)
        figures += [
            measured(each, metric=metric, arm=OURS, condition=f"{condition}/p >= {threshold}")
            for metric, each in measures.items()
        ]
    return figures


def average_precision(scores: NDArray[np.float32], labels: NDArray[np.bool_]) -> float:
    """Mean precision at each recall, over the boxes of one gallery.

    Args:
        scores: (N,), higher is better.
        labels: (N,), at least one true.

    Returns:
        0 to 1.

    Raises:
        InvalidInput: Lengths differ or nothing is true.
    """
    if scores.shape != labels.shape or not labels.any():
        raise InvalidInput(
            f"got {scores.shape} scores and {labels.shape} labels, expected as many, one of them "
            "true"
        )
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(labels[order])
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))  # last of each tie
    recall = hits[ends] / hits[-1]
    precision = hits[ends] / (ends + 1)
    return float((np.diff(recall, prepend=0.0) * precision).sum())


def top_one(scores: NDArray[np.float32], labels: NDArray[np.bool_]) -> float:
    """Whether the best box of one picture shows the product; a share where several are best."""
    best = scores == scores.max()
    return float(labels[best].mean())


def largest(gallery: Sequence[SeenPicture]) -> Scores:
    """The larger a box is in its picture, the likelier."""
    found: Scores = []
    for each in gallery:
        boxes = np.array([seen.box_xyxy_px for seen in each.detections]).reshape(-1, 4)
        areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        found.append((areas / (each.width_px * each.height_px)).astype(np.float32))
    return found


def confident(gallery: Sequence[SeenPicture]) -> Scores:
    """The surer the detector, the likelier."""
    return [np.array([seen.score for seen in each.detections], np.float32) for each in gallery]


def repeat_vote(gallery: Sequence[SeenPicture]) -> Scores:
    """What repeats is the product: mean likeness to the best match in each other picture.

    A gallery of one picture with boxes gives every box the same score.
    """
    found: Scores = []
    for number, each in enumerate(gallery):
        others = [
            other.vectors
            for place, other in enumerate(gallery)
            if place != number and len(other.vectors)
        ]
        votes = [(each.vectors @ other.T).max(axis=1) for other in others]
        mean = np.mean(votes, axis=0) if votes else np.zeros(len(each.vectors))
        found.append(np.asarray(mean, np.float32))
    return found
