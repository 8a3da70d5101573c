"""The two numbers of each fine class that are fitted to fine labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from detectors.calibrations import Calibration
from detectors.knowledge import Definition
from detectors.training.one_core import one_core

__all__ = ["fit_calibrations"]

_SLOPE_SPREAD, _SHIFT_SPREAD = 0.5, 2.0
"""Standard deviations of the prior around no calibration: a class without labels stays as it is."""
_EDGE = 1e-4
_ROUNDS = 60


def fit_calibrations(
    scores: NDArray[np.float64],
    labels: Sequence[str],
    coarse: Sequence[str],
    definitions: Sequence[Definition],
) -> dict[str, Calibration]:
    """Fit slope and shift of each class to annotated boxes, siblings together.

    Maximises the probability of the labels given the coarse class, as `fine_scores` computes it
    (a label without a definition counts as "none of these"), times a normal prior around slope 1
    and shift 0.

    Args:
        scores: (N, F) of `definition_scores`, for N annotated boxes.
        labels: N fine labels.
        coarse: N coarse classes.
        definitions: F fine classes.

    Returns:
        Fine class → calibration, for the classes of which a sibling or they themselves have labels.
    """
    found: dict[str, Calibration] = {}
    for name in dict.fromkeys(definition.coarse for definition in definitions):
        siblings = [k for k, definition in enumerate(definitions) if definition.coarse == name]
        rows = [row for row, each in enumerate(coarse) if each == name]
        if not rows or not any(definitions[k].clauses for k in siblings):
            continue
        place = {definitions[k].name: number for number, k in enumerate(siblings)}
        wanted = [place.get(labels[row], len(siblings)) for row in rows]
        slopes, shifts = _fit(scores[np.ix_(rows, siblings)], np.array(wanted))
        for number, k in enumerate(siblings):
            found[definitions[k].name] = Calibration(
                slope=float(slopes[number]), shift=float(shifts[number])
            )
    return found


def _fit(
    scores: NDArray[np.float64], wanted: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    held = np.clip(scores, _EDGE, 1 - _EDGE)
    logits = torch.from_numpy(np.log(held) - np.log1p(-held))
    target = torch.from_numpy(wanted)
    slopes = torch.ones(scores.shape[1], dtype=torch.float64, requires_grad=True)
    shifts = torch.zeros(scores.shape[1], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([slopes, shifts], max_iter=_ROUNDS, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        moved = slopes * logits + shifts
        fits = torch.nn.functional.logsigmoid(moved)
        other = torch.nn.functional.logsigmoid(-moved).sum(dim=1, keepdim=True)
        every = torch.cat([fits, other], dim=1)
        loss = torch.nn.functional.cross_entropy(every, target, reduction="sum")
        loss = loss + ((slopes - 1) ** 2).sum() / (2 * _SLOPE_SPREAD**2)
        loss = loss + (shifts**2).sum() / (2 * _SHIFT_SPREAD**2)
        loss.backward()
        return loss

    with one_core():
        optimiser.step(closure)
    return slopes.detach().numpy(), shifts.detach().numpy()
