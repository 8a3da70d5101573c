"""Intervals of measured figures: the percentile bootstrap over queries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidInput

__all__ = ["Interval", "bootstrap", "bootstrap_clusters"]

RESAMPLES = 1000
CONFIDENCE = 0.95
_CHUNK_CELLS = 4_000_000
"""Cells of one block of resamples: bounds the memory to 32 MB."""

Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""(R, N) resampled values → (R,) statistics."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A statistic of `n` values with its 95% interval."""

    value: float
    low: float
    high: float
    n: int


def row_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of each row."""
    return values.mean(axis=1)


def row_percentile(percent: float) -> Statistic:
    """A statistic: percentile of each row, `percent` in 0 to 100."""
    return lambda values: np.percentile(values, percent, axis=1)


def bootstrap(
    values: Sequence[float] | NDArray[np.float64],
    *,
    statistic: Statistic = row_mean,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """Percentile bootstrap: the statistic over resamples of the values, with replacement.

    Args:
        values: One value a query (or a timing a run), at least one.
        statistic: What is estimated; the mean by default.
        resamples: How many resamples are drawn.
        seed: Same seed, same interval.

    Raises:
        InvalidInput: No values, or one that is not finite.
    """
    held = np.asarray(values, dtype=np.float64)
    if held.ndim != 1 or not len(held) or not np.isfinite(held).all():
        raise InvalidInput(
            f"got {held.size} values of shape {held.shape}, expected at least one finite number a "
            "query"
        )
    generator = np.random.default_rng(seed)
    rows = max(1, _CHUNK_CELLS // len(held))
    drawn = [
        statistic(held[generator.integers(0, len(held), (min(rows, resamples - start), len(held)))])
        for start in range(0, resamples, rows)
    ]
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(np.concatenate(drawn), [tail, 100 - tail])
    value = float(statistic(held[None])[0])
    # Rounding of sums in another order must not push the value out of its own interval.
    return Interval(
        value=value, low=min(float(low), value), high=max(float(high), value), n=len(held)
    )


def bootstrap_clusters(
    values: Sequence[float] | NDArray[np.float64],
    clusters: Sequence[str],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """Percentile bootstrap of a mean whose values hang together: whole clusters are resampled.

    Args:
        values: One a case, at least one.
        clusters: The cluster of each, such as the photo that several cases are made of.
        resamples: How many resamples are drawn.
        seed: Same seed and same clusters, same resamples: two arms of the same cases are paired.

    Returns:
        The interval; `n` counts values, not clusters.

    Raises:
        InvalidInput: No values, one that is not finite, or not a cluster each.
    """
    held = np.asarray(values, dtype=np.float64)
    if held.ndim != 1 or not len(held) or not np.isfinite(held).all() or len(clusters) != len(held):
        raise InvalidInput(
            f"got {held.size} values and {len(clusters)} clusters, expected as many finite "
            "numbers as clusters, at least one"
        )
    _, member = np.unique(np.asarray(clusters), return_inverse=True)
    count = int(member.max()) + 1
    sums, sizes = (np.bincount(member, weights, count) for weights in (held, np.ones(len(held))))
    generator = np.random.default_rng(seed)
    drawn = generator.integers(0, count, (resamples, count))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(means, [tail, 100 - tail])
    value = float(held.mean())
    return Interval(
        value=value, low=min(float(low), value), high=max(float(high), value), n=len(held)
    )
