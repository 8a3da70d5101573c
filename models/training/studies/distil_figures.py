"""Figures of the distillation study: recall over seeds, cost of the two networks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from engine.evaluation.figures import Figure, measured
from engine.evaluation.intervals import bootstrap
from models.onnx_session import open_session
from models.training.network import ImageTower
from models.training.studies.distil_networks import (
    FRAME_HW,
    TEACHER_HW,
    StudentNet,
    count_multiply_adds,
    count_parameters,
    export_network,
)
from models.training.studies.distil_students import RECALL_AT, Found

__all__ = ["cost_figures", "gain_figure", "recall_figures", "seed_interval"]

T_975 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
"""97.5% points of Student's t for 1 to 9 degrees of freedom; more seeds take the last."""


def seed_interval(values: Sequence[float]) -> tuple[float, float | None, float | None]:
    """Mean over seeds and its 95% interval by Student's t; no interval for a single seed."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return mean, None, None
    spread = float(np.std(values, ddof=1)) / len(values) ** 0.5
    half = T_975[min(len(values) - 1, len(T_975)) - 1] * spread
    return mean, mean - half, mean + half


def recall_figures(arm: str, condition: str, found: Sequence[Found]) -> list[Figure]:
    """Recall@1, @4 and @8 of an arm; `found` has one result a seed."""
    figures: list[Figure] = []
    for place, k in enumerate(RECALL_AT):
        value, low, high = seed_interval([each.recall[place] for each in found])
        figures.append(
            Figure(
                metric=f"recall@{k}",
                arm=arm,
                condition=condition,
                value=value,
                low=None if low is None else max(0.0, low),
                high=None if high is None else min(1.0, high),
                n=len(found),
            )
        )
    return figures


def gain_figure(
    arm: str, condition: str, found: Sequence[Found], without: Sequence[Found]
) -> Figure:
    """Recall@1 above that of the student without a teacher, seed by seed."""
    value, low, high = seed_interval(
        [ours.recall[0] - theirs.recall[0] for ours, theirs in zip(found, without, strict=True)]
    )
    return Figure(
        metric="recall@1-gain",
        arm=arm,
        condition=condition,
        value=value,
        low=low,
        high=high,
        n=len(found),
    )


def cost_figures(
    teacher: ImageTower, student: StudentNet, folder: Path, *, pictures: int, rounds: int
) -> list[Figure]:
    """Parameters, multiply-adds and pictures a second of both, and what share the student has.

    Both are exported and run by ONNX Runtime on one thread, in turn, from uint8 pictures of their
    own size to unit vectors; decoding and resizing are no part of it.
    """
    networks = {"teacher": (teacher, TEACHER_HW), "student": (student, FRAME_HW)}
    figures: list[Figure] = []
    parameters = {name: count_parameters(each) for name, (each, _) in networks.items()}
    adds = {name: count_multiply_adds(each, *size) for name, (each, size) in networks.items()}
    for metric, counts in (("parameters", parameters), ("multiply-adds", adds)):
        figures += [
            Figure(metric=metric, arm=name, condition="cost", value=count, unit="1")
            for name, count in counts.items()
        ]
        share = counts["student"] / counts["teacher"]
        figures.append(_ratio(metric, share))
    work: dict[str, Callable[[], object]] = {}
    for name, (network, size_hw) in networks.items():
        path = export_network(network, folder / f"{name}.onnx", size_hw, outputs=("vectors",))
        session = open_session(path, threads=1)
        batch = np.random.default_rng(0).integers(0, 256, (pictures, *size_hw, 3), dtype=np.uint8)
        work[name] = lambda session=session, batch=batch: session.run(
            ["vectors"], {"pictures": batch}
        )
    seconds = _seconds_in_turn(work, rounds)
    figures += [
        measured(bootstrap(pictures / taken), metric="rate", arm=name, condition="cost", unit="1/s")
        for name, taken in seconds.items()
    ]
    ratio = bootstrap(seconds["teacher"] / seconds["student"])
    figures.append(
        measured(ratio, metric="ratio", arm="student/teacher", condition="rate", unit="ratio")
    )
    return figures


def _ratio(condition: str, value: float) -> Figure:
    return Figure(
        metric="ratio", arm="student/teacher", condition=condition, value=value, unit="ratio"
    )


def _seconds_in_turn(
    work: Mapping[str, Callable[[], object]], rounds: int
) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    taken: dict[str, list[float]] = {name: [] for name in work}
    for step in range(rounds + 1):
        for name, run in work.items():
            began = time.perf_counter()
            run()
            if step:  # the first round warms up
                taken[name].append(time.perf_counter() - began)
    return {name: np.array(each) for name, each in taken.items()}
