"""In which order a set of labels is taught to a network that emits them one by one.

An image has a set of labels, a recurrent decoder a sequence of steps. Either the order is fixed
beforehand, or the labels are put, image by image, where the network's own predictions would have
them (Yazici et al., "Orderless Recurrent Models for Multi-label Classification", CVPR 2020): by
the least loss (MLA), or by pinning what it has predicted and then by the least loss (PLA).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

__all__ = [
    "IGNORED",
    "Alignment",
    "align_batch",
    "fixed_order",
    "minimal_loss_alignment",
    "predicted_label_alignment",
    "random_order",
]

IGNORED = -1
"""Target of a step that no loss is taken of."""

Scores = NDArray[np.floating]
Labels = NDArray[np.int64]
Alignment = Callable[[Scores, Labels], Labels]
"""(T, C) log-probabilities of the steps, (n,) distinct labels → the labels in their order."""


def minimal_loss_alignment(scores: Scores, labels: Labels) -> Labels:
    """The order of least Σ −log p over the first n steps (MLA).

    Args:
        scores: (T, C) log-probabilities, T ≥ n.
        labels: (n,) distinct classes.

    Returns:
        (n,) the same labels, that of step 1 first.
    """
    if len(labels) < 2:
        return labels.copy()
    steps, chosen = linear_sum_assignment(-scores[: len(labels), labels])
    ordered = np.empty_like(labels)
    ordered[steps] = labels[chosen]
    return ordered


def predicted_label_alignment(scores: Scores, labels: Labels) -> Labels:
    """Labels stay where the network has predicted them; the rest as by MLA (PLA).

    Step by step, the likeliest class is pinned to its step if it is a label that has no step yet.
    Only the first n steps count. The code that the authors released takes labels predicted after
    step n for placed as well, and so leaves them at arbitrary steps; the description is followed
    here.

    Args:
        scores: (T, C) log-probabilities, T ≥ n.
        labels: (n,) distinct classes.
    """
    count = len(labels)
    ordered = np.full(count, IGNORED, np.int64)
    left = set(labels.tolist())
    for step, predicted in enumerate(scores[:count].argmax(axis=1).tolist()):
        if predicted in left:
            ordered[step] = predicted
            left.remove(predicted)
    if left:
        free = np.flatnonzero(ordered == IGNORED)
        rest = np.array([label for label in labels.tolist() if label in left], np.int64)
        ordered[free] = minimal_loss_alignment(scores[free], rest)
    return ordered


def fixed_order(place: NDArray[np.int64]) -> Alignment:
    """The same order for every image.

    Args:
        place: (C,) place of each class, all different; the lowest comes first.
    """

    def order(_scores: Scores, labels: Labels) -> Labels:
        return labels[np.argsort(place[labels])]

    return order


def random_order(rng: np.random.Generator) -> Alignment:
    """Another order each time that an image is seen."""

    def order(_scores: Scores, labels: Labels) -> Labels:
        return rng.permutation(labels)

    return order


def align_batch(
    scores: Scores, labels: Sequence[Labels], *, alignment: Alignment, end: int
) -> NDArray[np.int64]:
    """Targets of every step of a batch.

    Args:
        scores: (B, T, C) log-probabilities, detached.
        labels: Of each image, at most T − 1.
        alignment: Puts the labels of one image in order.
        end: The class that says that there are no more; it stays at step n + 1.

    Returns:
        (B, T) int64: classes, then `end`, then `IGNORED`.
    """
    targets = np.full(scores.shape[:2], IGNORED, np.int64)
    for row, held in enumerate(labels):
        count = len(held)
        targets[row, :count] = alignment(scores[row], held)
        targets[row, count] = end
    return targets
