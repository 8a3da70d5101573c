"""Figures of the study of the small generator: every arm, and what one has above another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.figures import Figure, measured
from engine.evaluation.frechet import corrected_distance, leading_axes
from engine.evaluation.intervals import Interval, bootstrap
from models.training.studies.turbo_looks import Look
from models.training.studies.turbo_prompts import Prompts
from models.training.studies.turbo_settings import ANCHORS, ARMS, Mode

__all__ = ["arm_figures", "distance_figures", "gain_figures"]

_EACH = ("attributes", "type", "colour", "colour-family", "change")
"""Measures that are shown of seen and held-out pairs apart."""
_WHOLE = (
    "pattern",
    "marked-pattern",
    "type-served",
    "colour-served",
    "delta-e",
    "cosine",
    "outline-iou",
    "edge-distance",
    "outside-delta-e",
)
_UNITS = {"delta-e": "ΔE", "outside-delta-e": "ΔE", "edge-distance": "px"}
_NO_MEANING = {("changed", "real")}
"""Of a real product's changed twin there is no picture."""
_RIVALS = {
    "slerp": ("one-step",),
    "adapter": ("one-step", "slerp", "adapter-random", "lora-only", "teacher-50"),
    "adapter-k3": ("adapter",),
    "adapter-lambda1": ("adapter",),
    "oracle-w": ("adapter",),
    "teacher-50": ("one-step",),
    "four-step": ("one-step",),
    "lora-only": ("one-step",),
}
_RESAMPLES = 1000

Looks = Mapping[str, Sequence[Look]]
"""Arm → a look a noise seed, the same seeds first in all arms."""


def arm_figures(mode: Mode, prompts: Prompts, looks: Looks) -> Iterator[Figure]:
    """Every measure of every arm: the mean over prompts of the mean over noise seeds.

    Intervals resample prompts.
    """
    for condition, rows in _parts(mode, prompts):
        for metric in _EACH if condition != mode else _WHOLE:
            for arm, held in looks.items():
                values = _of_prompts(held, metric)[rows]
                values = values[~np.isnan(values)]
                if len(values) and (mode, arm) not in _NO_MEANING:
                    yield measured(
                        bootstrap(values), metric=metric, arm=arm, condition=condition,
                        unit=_UNITS.get(metric, "fraction"),
                    )  # fmt: skip


def gain_figures(mode: Mode, prompts: Prompts, looks: Looks) -> Iterator[Figure]:
    """What arms have above others in ``attributes`` and ``change``, paired by prompt and noise.

    And ``of-teacher``: an arm's share of right attributes as a ratio to the teacher's.
    """
    for condition, rows in _parts(mode, prompts):
        if condition == mode:
            continue
        for metric in ("attributes", "change"):
            for arm, rivals in _RIVALS.items():
                for rival in rivals:
                    if arm not in looks or rival not in looks:
                        continue
                    ours, theirs = _paired(looks[arm], looks[rival], metric)
                    apart = (ours - theirs)[rows]
                    apart = apart[~np.isnan(apart)]
                    if len(apart):
                        yield measured(
                            bootstrap(apart), metric=f"{metric}-gain", arm=arm,
                            condition=f"{condition} over {rival}",
                        )  # fmt: skip
        teacher = ANCHORS[1]
        for arm in looks:
            if teacher in looks and arm != teacher and not ARMS[arm].bound:
                ours, theirs = _paired(looks[arm], looks[teacher], "attributes")
                interval = _ratio(ours[rows], theirs[rows])
                if interval is not None:
                    yield measured(
                        interval, metric="of-teacher", arm=arm, condition=condition, unit="ratio"
                    )


def distance_figures(
    mode: Mode, looks: Looks, real: NDArray[np.float32], *, axes: int
) -> Iterator[Figure]:
    """Fréchet distance of each arm's pictures to the prompts' own products.

    Args:
        mode: Of the prompts.
        looks: Arms but ``real``, which is none from itself.
        real: (B, D) vectors of the products' pictures.
        axes: Their leading ones, in which the distance is taken.
    """
    directions = leading_axes(real.astype(np.float64), axes)
    truth = real @ directions
    for arm, held in looks.items():
        if arm == "real":
            continue
        ours = np.concatenate([each.vectors for each in held]) @ directions
        # A prompt's pictures hang together.
        clusters = np.tile(np.arange(len(real)), len(held))
        interval = corrected_distance(100 * ours, 100 * truth, clusters=clusters)
        yield measured(interval, metric="frechet", arm=arm, condition=mode, unit="1")


def _parts(mode: Mode, prompts: Prompts) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    unseen = np.array([each.held_out for each in prompts])
    yield mode, np.ones(len(prompts), np.bool_)
    if (~unseen).any():
        yield f"{mode}/seen", ~unseen
    if unseen.any():
        yield f"{mode}/held-out", unseen


def _of_prompts(looks: Sequence[Look], metric: str) -> NDArray[np.float64]:
    return np.mean([each.values[metric] for each in looks], axis=0)


def _paired(
    ours: Sequence[Look], theirs: Sequence[Look], metric: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Means over the noise seeds that both arms have."""
    both = min(len(ours), len(theirs))
    return _of_prompts(ours[:both], metric), _of_prompts(theirs[:both], metric)


def _ratio(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> Interval | None:
    known = ~np.isnan(ours) & ~np.isnan(theirs)
    held = np.stack([ours[known], theirs[known]])
    if not held.shape[1] or not held[1].sum():
        return None
    drawn = np.random.default_rng(0).integers(0, held.shape[1], (_RESAMPLES, held.shape[1]))
    above, below = held[0][drawn].sum(axis=1), held[1][drawn].sum(axis=1)
    low, high = np.percentile(above[below > 0] / below[below > 0], [2.5, 97.5])
    value = float(held[0].sum() / held[1].sum())
    return Interval(
        value=value, low=min(float(low), value), high=max(float(high), value), n=held.shape[1]
    )
