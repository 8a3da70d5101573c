"""Timing several ways in turn, so that a disturbance of the machine meets them all."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.figures import Figure, measured
from engine.evaluation.intervals import bootstrap

__all__ = ["rate_figures", "ratio_figure", "seconds_in_turn"]

Seconds = NDArray[np.float64]


def seconds_in_turn(
    work: Mapping[str, Callable[[], object]], *, rounds: int, warm_up: bool = True
) -> dict[str, Seconds]:
    """Run each piece of work once a round, in turn.

    Returns:
        Name → (rounds,) seconds.
    """
    if warm_up:
        for run in work.values():
            run()
    taken: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, run in work.items():
            start = time.perf_counter()
            run()
            taken[name].append(time.perf_counter() - start)
    return {name: np.array(each) for name, each in taken.items()}


def rate_figures(seconds: Mapping[str, Seconds], *, items: int, condition: str) -> list[Figure]:
    """Items a second of each arm, over the rounds."""
    return [
        measured(bootstrap(items / taken), metric="rate", arm=arm, condition=condition, unit="1/s")
        for arm, taken in seconds.items()
    ]


def ratio_figure(
    seconds: Mapping[str, Seconds], *, arm: str, anchor: str, condition: str
) -> Figure:
    """How many times the anchor's rate an arm has, round by round."""
    return measured(
        bootstrap(seconds[anchor] / seconds[arm]),
        metric="ratio",
        arm=f"{arm}/{anchor}",
        condition=condition,
        unit="ratio",
    )
