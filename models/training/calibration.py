"""How far probabilities can be believed: temperature, calibration error, a threshold to trust."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

__all__ = ["fit_temperature", "log_likelihood", "threshold_for_precision"]

_LOWEST, _HIGHEST = 0.25, 8.0
_LEAST_SAID = 10
"""So few answers say nothing about their precision."""


def log_likelihood(
    logits: NDArray[np.float32], codes: NDArray[np.int64], temperature: float = 1.0
) -> float:
    """Mean log-probability of the right class.

    Args:
        logits: (N, C).
        codes: (N,) right classes.
        temperature: Logits are divided by it.
    """
    scaled = logits.astype(np.float64) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    right = scaled[np.arange(len(codes)), codes]
    return float((right - np.log(np.exp(scaled).sum(axis=1))).mean())


def fit_temperature(logits: NDArray[np.float32], codes: NDArray[np.int64]) -> float:
    """The temperature of the highest likelihood (Guo et al., ICML 2017); ranks stay as they are.

    Args:
        logits: (N, C) on rows that the network has not learned from.
        codes: (N,) right classes; 1.0 comes back for none.
    """
    if not len(codes):
        return 1.0
    found = minimize_scalar(
        lambda log: -log_likelihood(logits, codes, float(np.exp(log))),
        bounds=(np.log(_LOWEST), np.log(_HIGHEST)),
        method="bounded",
    )
    return float(np.exp(found.x))


def threshold_for_precision(
    shares: NDArray[np.floating], right: NDArray[np.bool_], *, precision: float
) -> float:
    """The lowest threshold from which on answers are right often enough.

    Args:
        shares: (N,) probability of each answer.
        right: (N,) whether it is right.
        precision: Share of the answers at or above the threshold that must be right.

    Returns:
        The threshold; above 1, so that nothing is answered, where no ten answers are that good.
    """
    order = np.argsort(-shares, kind="stable")
    held = shares[order]
    share_right = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    # Answers of one probability stand or fall together.
    last = np.append(held[1:] != held[:-1], True) if len(held) else np.zeros(0, bool)
    enough = np.flatnonzero(last & (share_right >= precision))
    enough = enough[enough + 1 >= _LEAST_SAID]
    return float(held[enough[-1]]) if len(enough) else 1.01
