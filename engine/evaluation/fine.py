"""Fine names of detected boxes: photos with their truth, budgets of annotations, ratings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.boxes import iou_matrix
from engine.evaluation.detection import RECALLS, ClassRating, PhotoBoxes, rate_boxes
from engine.evaluation.intervals import CONFIDENCE, Interval
from engine.types import Vectors

__all__ = [
    "FinePhoto",
    "annotated",
    "counted_classes",
    "draw_budget",
    "mean_interval",
    "rate_fine",
    "rate_pictures",
    "resampled_precisions",
]  # fmt: skip

_HIT_IOU = 0.5
_LEAST_SCORE = 1e-3
"""What no arm takes for a class is left out: it would come last anyway."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FinePhoto:
    """A photo: what a detector found and what is there.

    Attributes:
        width_px: Of the picture.
        height_px: Of the picture.
        boxes: float64 (N, 4) in pixels, what was found.
        posteriors: float64 (N, C) over the coarse classes.
        vectors: By the arm that reads them: float32 (N, D), an encoder's view of each box.
        truth: float64 (K, 4), what is there.
        labels: K fine labels.
        places: int64 (K,), their coarse classes.
    """

    width_px: int
    height_px: int
    boxes: NDArray[np.float64]
    posteriors: NDArray[np.float64]
    vectors: Mapping[str, Vectors]
    truth: NDArray[np.float64]
    labels: tuple[str, ...]
    places: NDArray[np.int64]


def annotated(photo: FinePhoto) -> NDArray[np.int64]:
    """For each known box the found one that overlaps it most, (K,); -1 where none does enough."""
    if not len(photo.boxes) or not len(photo.truth):
        return np.full(len(photo.truth), -1)
    iou = iou_matrix(photo.truth, photo.boxes)
    best = iou.argmax(axis=1)
    return np.where(iou[np.arange(len(best)), best] >= _HIT_IOU, best, -1)


def draw_budget(photos: Sequence[FinePhoto], share: float, *, seed: int) -> list[tuple[int, int]]:
    """So many of all known boxes, drawn blindly, as (photo, box); all for a share of 1."""
    every = [
        (number, box) for number, photo in enumerate(photos) for box in range(len(photo.labels))
    ]
    count = max(1, round(share * len(every)))
    chosen = np.random.default_rng((seed, count)).permutation(len(every))[:count]
    return [every[place] for place in sorted(chosen.tolist())]


def counted_classes(
    photos: Sequence[FinePhoto], classes: Sequence[str], *, least: int
) -> tuple[str, ...]:
    """Those of the fine classes that have enough boxes to be tested, in their order."""
    count: dict[str, int] = dict.fromkeys(classes, 0)
    for photo in photos:
        for label in photo.labels:
            if label in count:
                count[label] += 1
    return tuple(name for name in classes if count[name] >= least)


def rate_fine(
    photos: Sequence[FinePhoto],
    scores: Sequence[Mapping[str, NDArray[np.float64]]],
    classes: Sequence[str],
) -> list[ClassRating]:
    """Tell right from wrong boxes of each fine class at an overlap of 0.5.

    Args:
        photos: What was found and what is there.
        scores: For each photo: fine class → (N,) scores of its boxes.
        classes: Fine classes.
    """
    return [
        rate_boxes(
            [
                PhotoBoxes(
                    truth=photo.truth[[label == name for label in photo.labels]].reshape(-1, 4),
                    found=photo.boxes[given[name] >= _LEAST_SCORE],
                    scores=given[name][given[name] >= _LEAST_SCORE],
                )
                for photo, given in zip(photos, scores, strict=True)
            ],
            thresholds=(_HIT_IOU,),
        )
        for name in classes
    ]


def rate_pictures(
    photos: Sequence[FinePhoto],
    scores: Sequence[Mapping[str, NDArray[np.float64]]],
    classes: Sequence[str],
) -> list[ClassRating]:
    """As `rate_fine`, for pictures whose boxes nobody drew: by the likeliest box of each."""
    whole = np.array([[0.0, 0.0, 1.0, 1.0]])
    return [
        rate_boxes(
            [
                PhotoBoxes(
                    truth=whole[: name in photo.labels],
                    found=whole[: len(given[name])],
                    scores=given[name].max(keepdims=True) if len(given[name]) else given[name],
                )
                for photo, given in zip(photos, scores, strict=True)
            ],
            thresholds=(_HIT_IOU,),
        )
        for name in classes
    ]


def resampled_precisions(
    ratings: Sequence[ClassRating], *, resamples: int, seed: int = 0
) -> NDArray[np.float64]:
    """Average precision of each rating over all photos and over resamples of them.

    Ratings over equally many photos get the same resamples, so that differences are paired.

    Args:
        ratings: K of them, over the same photos.
        resamples: With replacement.
        seed: Same seed, same resamples.

    Returns:
        (1 + resamples, K), first of the photos as they are; NaN where there is nothing to find.
    """
    photos = len(ratings[0].truths)
    generator = np.random.default_rng(seed)
    weights = [np.ones(photos)] + [
        np.bincount(generator.integers(0, photos, photos), minlength=photos).astype(float)
        for _ in range(resamples)
    ]
    return np.stack([_precisions(each, np.stack(weights)) for each in ratings], axis=1)


def _precisions(rating: ClassRating, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """`average_precision` at the first threshold for every row of weights (R, photos): (R,)."""
    wanted = weights @ rating.truths
    counts = weights[:, rating.photos]
    hits = np.cumsum(counts * rating.right[0], axis=1)
    precision = hits / np.maximum(np.cumsum(counts, axis=1), 1e-12)
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    found = np.full(len(weights), np.nan)
    for row in np.flatnonzero(wanted):
        places = np.searchsorted(hits[row] / wanted[row], RECALLS - 1e-9, side="left")
        found[row] = best[row, places[places < best.shape[1]]].sum() / len(RECALLS)
    return found


def mean_interval(precisions: NDArray[np.float64], *, n: int) -> Interval:
    """Mean over ratings, with the 95% interval of the resamples.

    Args:
        precisions: (1 + resamples, K), or differences of two such. What a resample has nothing of
            is left out of its mean.
        n: What it stands on.
    """
    counted = ~np.isnan(precisions)
    sums = np.where(counted, precisions, 0.0).sum(axis=1)
    means = sums / np.maximum(counted.sum(axis=1), 1)
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(means[1:], [tail, 100 - tail])
    value = float(means[0])
    return Interval(value=value, low=min(float(low), value), high=max(float(high), value), n=n)
