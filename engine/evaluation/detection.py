"""Mean average precision of boxes, as COCO counts it, with intervals over photos.

COCO (Lin et al. 2014): a box is right if it overlaps a box of its class, that no surer one has
taken, by at least the threshold; precision is read at 101 recalls; ap50 is at an overlap of 0.5,
ap50-95 the mean over ten thresholds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.boxes import iou_matrix
from engine.evaluation.intervals import Interval, bootstrap

__all__ = [
    "RECALLS",
    "THRESHOLDS",
    "ClassRating",
    "PhotoBoxes",
    "average_precision",
    "map_over",
    "rate_boxes",
]

THRESHOLDS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
RECALLS = np.linspace(0, 1, 101)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PhotoBoxes:
    """What is in a photo and what was found there, for one class.

    Attributes:
        truth: float (M, 4), x0, y0, x1, y1.
        found: float (N, 4).
        scores: (N,), higher is surer.
    """

    truth: NDArray[np.float64]
    found: NDArray[np.float64]
    scores: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClassRating:
    """Every box found of one class, the surest first.

    Attributes:
        photos: (N,) place of each box's photo.
        right: bool (T, N), by threshold.
        truths: (P,) boxes that each photo has.
    """

    photos: NDArray[np.int64]
    right: NDArray[np.bool_]
    truths: NDArray[np.int64]


def rate_boxes(
    photos: Sequence[PhotoBoxes], *, thresholds: Sequence[float] = THRESHOLDS
) -> ClassRating:
    """Tell right from wrong boxes of one class."""
    places = [np.full(len(each.scores), place) for place, each in enumerate(photos)]
    scores = np.concatenate([np.empty(0), *(each.scores for each in photos)])
    right = [_matched(each, thresholds) for each in photos]
    order = np.argsort(-scores, kind="stable")
    return ClassRating(
        photos=np.concatenate([np.empty(0, np.int64), *places]).astype(np.int64)[order],
        right=np.concatenate([np.empty((len(thresholds), 0), bool), *right], axis=1)[:, order],
        truths=np.array([len(each.truth) for each in photos], np.int64),
    )


def average_precision(
    rating: ClassRating, weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Average precision at each threshold, (T,); NaN where there is nothing to find.

    Args:
        rating: Of one class.
        weights: (P,) how often each photo counts; once where ``None``.
    """
    held = np.ones(len(rating.truths)) if weights is None else weights
    wanted = float(held @ rating.truths)
    if not wanted:
        return np.full(len(rating.right), np.nan)
    counts = held[rating.photos]
    hits = np.cumsum(counts * rating.right, axis=1)
    seen = np.maximum(np.cumsum(counts), 1e-12)
    precision = np.maximum.accumulate((hits / seen)[:, ::-1], axis=1)[:, ::-1]
    found: list[float] = []
    for recall, best in zip(hits / wanted, precision, strict=True):
        places = np.searchsorted(recall, RECALLS - 1e-9, side="left")
        reached = places < len(best)
        found.append(float(best[places[reached]].sum() / len(RECALLS)))
    return np.array(found)


def map_over(
    ratings: Sequence[ClassRating], *, thresholds: slice = slice(None), resamples: int = 1000
) -> Interval:
    """Mean of the classes' average precisions, with its interval over photos; `n` counts photos.

    Args:
        ratings: Of the classes, over the same photos; each with something to find.
        thresholds: Which of the ratings' thresholds count.
        resamples: Of the bootstrap. A class that a resample has nothing of is left out of it.
    """

    def over(weights: NDArray[np.float64]) -> float:
        each = [average_precision(rating, weights)[thresholds].mean() for rating in ratings]
        return float(np.nanmean(each)) if not np.isnan(each).all() else 0.0

    photos = len(ratings[0].truths)

    def statistic(drawn: NDArray[np.float64]) -> NDArray[np.float64]:
        rows = drawn.astype(np.int64)
        return np.array([over(np.bincount(row, minlength=photos).astype(float)) for row in rows])

    return bootstrap(np.arange(photos, dtype=np.float64), statistic=statistic, resamples=resamples)


def _matched(photo: PhotoBoxes, thresholds: Sequence[float]) -> NDArray[np.bool_]:
    right = np.zeros((len(thresholds), len(photo.scores)), bool)
    if not len(photo.truth) or not len(photo.scores):
        return right
    overlaps = iou_matrix(photo.found, photo.truth)
    for row, threshold in zip(right, thresholds, strict=True):
        free = np.ones(len(photo.truth), bool)
        for place in np.argsort(-photo.scores, kind="stable"):
            overlap = np.where(free, overlaps[place], -1.0)
            best = int(overlap.argmax())
            if overlap[best] >= threshold:
                row[place], free[best] = True, False
    return right
