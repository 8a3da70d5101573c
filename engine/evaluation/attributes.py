"""How well attributes are read from pictures, and how far the probabilities can be believed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.figures import Figure, measured
from engine.evaluation.intervals import Interval, bootstrap
from engine.types import Facet

__all__ = ["BINS", "FacetTruth", "calibration_error", "score_facet"]

BINS = 15
"""Of the calibration error, of equal width."""
LEAST_POSITIVES = 5
"""Pictures of a value without which its average precision says little."""
_RESAMPLES = 300
Rows = NDArray[np.int64]
Shares = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FacetTruth:
    """What is known of one facet of N pictures.

    Attributes:
        facet: Which.
        values: (N,) the one value of each, empty where it has none or nothing is known.
        lacks: (N,) bool: things that have no such attribute.
    """

    facet: Facet
    values: NDArray[np.str_]
    lacks: NDArray[np.bool_]


def calibration_error(confidence: NDArray[np.floating], right: NDArray[np.bool_]) -> float:
    """Expected calibration error: mean distance of confidence and share of right answers, by bin.

    Args:
        confidence: (N,) in [0, 1].
        right: (N,).
    """
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = np.bincount(place, confidence - right, minlength=BINS)
    return float(np.abs(gaps).sum() / max(1, len(right)))


def score_facet(
    truth: FacetTruth, shares: Shares, labels: Sequence[str], *, arm: str, condition: str = ""
) -> list[Figure]:
    """Figures of one facet.

    Args:
        truth: What is known.
        shares: (N, C) probabilities; a row of zeros says nothing.
        labels: The C values.
        arm: The method.
        condition: The facet's name by default.

    Returns:
        On pictures with a known value: ``accuracy`` (nothing said is not right), ``ece`` of what is
        said, ``map`` over the values that five pictures have. Where not everything is said:
        ``precision`` of what is said (of things that lack the attribute too), ``coverage`` (share
        of the pictures with a value of which something is said).
    """
    place = {label: number for number, label in enumerate(labels)}
    code = np.array([place.get(str(value), -1) for value in truth.values])
    known = truth.values != ""
    confidence, best = shares.max(axis=1), shares.argmax(axis=1)
    said, right = confidence > 0, best == code

    def figure(metric: str, interval: Interval) -> Figure:
        return measured(interval, metric=metric, arm=arm, condition=condition or truth.facet.value)

    if not known.any():
        return []
    figures = [figure("accuracy", bootstrap((right & said)[known].astype(float)))]
    sure = np.flatnonzero(known & said)
    if len(sure):
        error = _resampled(lambda rows: calibration_error(confidence[rows], right[rows]), sure)
        figures.append(figure("ece", error))
    if (np.bincount(code[known & (code >= 0)]) >= LEAST_POSITIVES).any():
        rows = np.flatnonzero(known)
        figures.append(figure("map", _resampled(lambda held: _map(shares, code, held), rows)))
    if truth.lacks.any() or not said[known].all():
        answered = said & (known | truth.lacks)
        if answered.any():
            figures.append(figure("precision", bootstrap(right[answered].astype(float))))
        figures.append(figure("coverage", bootstrap(said[known].astype(float))))
    return figures


def _map(shares: Shares, code: NDArray[np.int64], rows: Rows) -> float:
    """Mean over values of the average precision of the pictures ranked by the value's share."""
    held, truth = shares[rows], code[rows]
    counts = np.bincount(truth[truth >= 0], minlength=shares.shape[1])
    found: list[float] = []
    for value in np.flatnonzero(counts >= LEAST_POSITIVES):
        order = np.argsort(-held[:, value], kind="stable")
        hits = truth[order] == value
        precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
        found.append(float(precision[hits].mean()))
    return float(np.mean(found)) if found else 0.0


def _resampled(statistic: Callable[[Rows], float], rows: Rows) -> Interval:
    """Percentile bootstrap of a statistic that is no mean over rows."""
    rng = np.random.default_rng(0)
    drawn = [statistic(rng.choice(rows, len(rows))) for _ in range(_RESAMPLES)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    value = statistic(rows)
    return Interval(
        value=value, low=min(float(low), value), high=max(float(high), value), n=len(rows)
    )
