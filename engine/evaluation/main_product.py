"""Which boxes of a gallery show the product: metrics, and the plain rules to be beaten.

A rule takes the pictures of one gallery and gives each box a score, higher for the product. The
metrics know of ties: boxes of one score are ranked together, so that their order is no luck.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.detections import SeenPicture
from engine.errors import InvalidInput

__all__ = ["average_precision", "confident", "largest", "repeat_vote", "top_one"]

Scores = list[NDArray[np.float32]]
"""For each picture (N,), a score a box."""


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
