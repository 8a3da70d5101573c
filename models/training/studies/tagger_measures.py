"""Measures of label sets: C-F1, O-F1, duplicates, and the threshold of sigmoids.

A label counts in a row only where it is known whether the row has it. A column says so for its
whole facet; a title that names no pattern says nothing of patterns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "SetScores",
    "best_threshold",
    "duplicate_rate",
    "emitted_sets",
    "epochs_to_share",
    "score_sets",
]

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetScores:
    """Precision and recall of sets, each in [0, 1].

    Attributes:
        c_f1: 2·P·R/(P + R) of the mean precision and the mean recall over labels, which is not the
            mean of the labels' F1 (the papers' convention since March 2020).
        o_f1: F1 of all label decisions together.
        recall: Share of all true labels that were found.
        precision: Share of all labels found that are true.
    """

    c_f1: float
    o_f1: float
    precision: float
    recall: float


def score_sets(found: Bools, true: Bools, counted: Bools) -> SetScores:
    """Compare label sets.

    Args:
        found: (N, C) the labels that a tagger gives.
        true: (N, C) the labels that there are.
        counted: (N, C) where `true` is known. Labels that no counted row has do not take part in
            the means; one that is never given has precision 0.
    """
    right = (found & true & counted).sum(0).astype(float)
    given = (found & counted).sum(0)
    there = (true & counted).sum(0)
    kept = there > 0
    precision = float((right / np.maximum(given, 1))[kept].mean()) if kept.any() else 0.0
    recall = float((right / np.maximum(there, 1))[kept].mean()) if kept.any() else 0.0
    overall_precision = float(right.sum() / max(1, given.sum()))
    overall_recall = float(right.sum() / max(1, there.sum()))
    return SetScores(
        c_f1=_f1(precision, recall),
        o_f1=_f1(overall_precision, overall_recall),
        precision=overall_precision,
        recall=overall_recall,
    )


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def emitted_sets(chosen: NDArray[np.int64], classes: int) -> Bools:
    """Sets (N, classes) of what was emitted before the end.

    Args:
        chosen: (N, T) classes; `classes` itself is the end.
        classes: Number of labels.
    """
    found = np.zeros((len(chosen), classes + 1), bool)
    before = np.logical_and.accumulate(chosen != classes, axis=1)
    rows, steps = np.nonzero(before)
    found[rows, chosen[rows, steps]] = True
    return found[:, :classes]


def duplicate_rate(chosen: NDArray[np.int64], classes: int) -> float:
    """Share of the labels emitted before the end that repeat an earlier one of their row."""
    emitted = int(np.logical_and.accumulate(chosen != classes, axis=1).sum())
    return 1 - int(emitted_sets(chosen, classes).sum()) / emitted if emitted else 0.0


def best_threshold(probabilities: NDArray[np.float32], true: Bools, counted: Bools) -> float:
    """The one threshold of all labels with the highest C-F1 + O-F1, in steps of 0.02."""
    tried = np.arange(0.06, 0.92, 0.02)
    scores = [score_sets(probabilities >= each, true, counted) for each in tried]
    return float(tried[int(np.argmax([each.c_f1 + each.o_f1 for each in scores]))])


def epochs_to_share(course: Sequence[float], share: float = 0.95) -> int:
    """The first epoch, from 1, that reaches a share of the best."""
    reached = np.flatnonzero(np.asarray(course) >= share * max(course))
    return int(reached[0]) + 1
