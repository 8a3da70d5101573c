"""Garment and surroundings told apart by their colours, as GrabCut does, without its graph cut.

Rother, Kolmogorov, Blake, "GrabCut" (SIGGRAPH 2004): two Gaussian mixtures, fitted to what counts
as garment and as ground, say which is likelier; again from there. Smoothness comes from the guided
filter, not from a cut.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.variants.guided import box_mean

__all__ = ["told_apart"]

_PARTS = 5
_ROUNDS = 4
_FLOOR = 4e-4
"""Variance that each part has at least, in squares of 0..1: noise, and banding of JPEG."""
_MOST_PIXELS = 4000


def told_apart(
    colours: NDArray[np.float32],
    prior: NDArray[np.float32],
    *,
    rounds: int = _ROUNDS,
    weight: float = 1.0,
    seed: int = 0,
) -> NDArray[np.float32]:
    """How probable each pixel is the garment's.

    Args:
        colours: float32 (H, W, 3), 0 to 1.
        prior: float32 (H, W), 0 to 1: what is known before any colour is seen. 0 stays 0.
        rounds: How often the mixtures are fitted.
        weight: Of the colours beside the prior.
        seed: Of the pixels that the mixtures are fitted to.

    Returns:
        float32 (H, W).
    """
    rng = np.random.default_rng(seed)
    flat, start = colours.reshape(-1, 3), prior.ravel().clip(1e-4, 1 - 1e-4)
    chosen = rng.permutation(len(flat))[:_MOST_PIXELS]
    bias = np.log(start / (1 - start))
    found = start
    for _ in range(rounds):
        own, others = (
            _density(flat, *_mixture(flat[chosen], share, rng))
            for share in (found[chosen], 1 - found[chosen])
        )
        odds = np.clip(bias + weight * (own - others), -30, 30)
        found = 1 / (1 + np.exp(-odds))
        smooth = box_mean(found.reshape(prior.shape)[..., None].astype(np.float32), 1)
        found = np.where(prior.ravel() <= 0, 0.0, smooth.ravel())
    return found.reshape(prior.shape).astype(np.float32)


def _mixture(
    colours: NDArray[np.float32], shares: NDArray[np.float32], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Centres (K, 3), covariances (K, 3, 3) and weights (K,), by weighted k-means."""
    chance = shares / max(float(shares.sum()), 1e-6)
    count = min(_PARTS, int((chance > 0).sum()))
    centres = colours[rng.choice(len(colours), size=count, replace=False, p=chance)]
    nearest = np.zeros(len(colours), np.int64)
    for _ in range(6):
        nearest = ((colours[:, None] - centres) ** 2).sum(-1).argmin(1)
        held = np.eye(count, dtype=np.float32)[nearest] * shares[:, None]
        sums = held.sum(0)
        centres = np.where(sums[:, None] > 0, held.T @ colours / sums.clip(1e-6)[:, None], centres)
    held = np.eye(count, dtype=np.float32)[nearest] * shares[:, None]
    sums = held.sum(0).clip(1e-6)
    apart = colours[:, None] - centres
    spread = np.einsum("nk,nki,nkj->kij", held, apart, apart) / sums[:, None, None]
    return centres, spread + _FLOOR * np.eye(3, dtype=np.float32), sums / sums.sum()


def _density(
    colours: NDArray[np.float32],
    centres: NDArray[np.float32],
    spreads: NDArray[np.float32],
    weights: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Logarithm of a mixture's density at each colour."""
    parts: list[NDArray[np.float32]] = []
    for centre, spread, weight in zip(centres, spreads, weights, strict=True):
        apart = colours - centre
        inverse = np.asarray(np.linalg.inv(spread), np.float32)
        far = ((apart @ inverse) * apart).sum(axis=1)
        parts.append(np.log(weight) - 0.5 * (far + np.log(np.linalg.det(spread))))
    stacked = np.stack(parts)
    top = stacked.max(0)
    return top + np.log(np.exp(stacked - top).sum(0))
