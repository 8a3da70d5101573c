"""The Fréchet distance between two clouds of features, corrected for how few they are.

Dowson and Landau (1982) between Gaussians; of pictures' features it is the FID of Heusel et al.
(2017). Estimated from n pictures it is too large by about a constant over n (Chong and Forsyth
2020), so two arms of different n could not be compared, nor any with zero.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidInput
from engine.evaluation.intervals import CONFIDENCE, Interval

__all__ = ["corrected_distance", "frechet_distance", "leading_axes"]

Features = NDArray[np.float64]


def frechet_distance(ours: Features, theirs: Features) -> float:
    """Squared distance of the Gaussians that two clouds (N, D) and (M, D) look like.

    |m - n|² + tr(C + D - 2 (C D)^½), of means m, n and covariances C, D.
    """
    apart = ours.mean(axis=0) - theirs.mean(axis=0)
    one, other = np.cov(ours, rowvar=False), np.cov(theirs, rowvar=False)
    values, axes = np.linalg.eigh(one)
    root = (axes * np.sqrt(np.maximum(values, 0))) @ axes.T
    # The eigenvalues of C D are those of the symmetric C^½ D C^½.
    shared = np.linalg.eigvalsh(root @ other @ root)
    mixed = np.sqrt(np.maximum(shared, 0)).sum()
    return float(apart @ apart + np.trace(one) + np.trace(other) - 2 * mixed)


def leading_axes(features: Features, count: int) -> Features:
    """The directions (D, count) in which a cloud (N, D) varies most, its principal components."""
    centred = features - features.mean(axis=0)
    return np.linalg.svd(centred, full_matrices=False)[2][:count].T


def corrected_distance(
    ours: Features,
    theirs: Features,
    *,
    clusters: NDArray[np.int64] | None = None,
    resamples: int = 200,
    seed: int = 0,
) -> Interval:
    """The Fréchet distance less what it owes to few pictures, with the basic bootstrap's interval.

    Resamples are as much farther from the sample than the sample is from the truth, in the mean,
    which is taken off: 2 θ - mean θ*. The interval mirrors the resamples' (Davison and Hinkley
    1997, §5.2). So a value can lie below 0, and then says that the clouds are not told apart.

    Args:
        ours: (N, D), N well above D.
        theirs: (M, D), resampled too.
        clusters: (N,) pictures of the same number are drawn together, such as those of a prompt.
        resamples: How many.
        seed: Same seed, same interval.

    Returns:
        The interval; `n` counts our pictures.

    Raises:
        InvalidInput: Shapes do not agree, or there are too few pictures.
    """
    if ours.ndim != 2 or ours.shape[1:] != theirs.shape[1:] or min(len(ours), len(theirs)) < 2:
        raise InvalidInput(
            f"got features of shapes {ours.shape} and {theirs.shape}, expected two or more of one "
            "length each"
        )
    alone = np.arange(len(ours), dtype=np.int64)
    members = _members(alone if clusters is None else clusters)
    generator = np.random.default_rng(seed)
    plain = frechet_distance(ours, theirs)
    drawn: list[float] = []
    for _ in range(resamples):
        chosen = generator.integers(0, len(members), len(members))
        rows = np.concatenate([members[int(place)] for place in chosen])
        others = generator.integers(0, len(theirs), len(theirs))
        drawn.append(frechet_distance(ours[rows], theirs[others]))
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(drawn, [tail, 100 - tail])
    value = 2 * plain - float(np.mean(drawn))
    return Interval(
        value=value,
        low=min(2 * plain - float(high), value),
        high=max(2 * plain - float(low), value),
        n=len(ours),
    )


def _members(clusters: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    return [np.flatnonzero(clusters == each) for each in np.unique(clusters)]
