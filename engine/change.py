"""Moving a picture's vector by a change in words."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.types import Parse, Weights


def combine(
    reference: NDArray[np.float32],
    target: NDArray[np.float32],
    source: NDArray[np.float32],
    weights: Weights,
) -> NDArray[np.float32]:
    """Move the reference's picture vector by the change in words, keeping the rest.

    Args:
        reference: (D,) picture vector.
        target: (D,) text vector of `Target.description`.
        source: (D,) text vector of `Target.source`.
        weights: `picture` and `words` count.

    Returns:
        (D,) unit vector; the reference itself where both cancel out.
    """
    return _unit(weights.picture * reference + weights.words * (target - source), reference)


def move(
    reference: NDArray[np.float32], composed: NDArray[np.float32], weights: Weights
) -> NDArray[np.float32]:
    """Go from the reference's picture vector towards the vector of a composer.

    Args:
        reference: (D,) picture vector.
        composed: (D,) what the composer made of it.
        weights: `picture` and `words` count, as in `combine`; at 1 each it is the composer's own.

    Returns:
        (D,) unit vector; the reference itself where both cancel out.
    """
    return _unit(weights.picture * reference + weights.words * (composed - reference), reference)


def away_from(
    vector: NDArray[np.float32], avoid: NDArray[np.float32], weight: float
) -> NDArray[np.float32]:
    """Take out a share of the direction that is not wanted; (D,) unit vector."""
    return _unit(vector - weight * max(0.0, float(vector @ avoid)) * avoid, vector)


def said(parse: Parse) -> str:
    """The shopper's words without those of edits that were dropped."""
    if not parse.dropped:
        return parse.text
    kept = [edit.text for edit in parse.edits]
    return " ".join([*kept, parse.free_text]).strip()


def _unit(moved: NDArray[np.floating[Any]], otherwise: NDArray[np.float32]) -> NDArray[np.float32]:
    norm = float(np.linalg.norm(moved))
    return (moved / norm).astype(np.float32) if norm > 1e-6 else otherwise
