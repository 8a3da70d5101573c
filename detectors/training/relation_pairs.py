"""Pairs of boxes with their relations, as a detector would see them: the network's training set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.body import BODY_PARTS
from detectors.relations import FEATURES, RELATIONS, normalised, pair_features, see
from detectors.training.simulated import Noise, simulate
from detectors.training.street_relations import RelatedPhoto
from engine.types import BoxPx

__all__ = ["Pairs", "draw_pairs"]

_CROPPED = 0.35
"""Share of views that show a part of the photo, as shops' pictures do."""
_LEAST_LEFT = 0.5
"""Of a box's height: what a crop leaves less of is gone."""
_LEAST_HEIGHT = 0.3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pairs:
    """Ordered pairs.

    Attributes:
        features: float32 (P, 14).
        own: float32 (P, kinds), what the subject is; rows add up to 1.
        other: float32 (P, kinds), what the partner is.
        relations: bool (P, relations), which hold.
        counted: bool (P, relations), where the loss is taken: everything that holds, and three
            times as much that does not.
    """

    features: NDArray[np.float32]
    own: NDArray[np.float32]
    other: NDArray[np.float32]
    relations: NDArray[np.bool_]
    counted: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.features)


def draw_pairs(
    photos: Sequence[RelatedPhoto],
    classes: Sequence[str],
    *,
    views: int,
    noise: Noise,
    negatives: float,
    rng: np.random.Generator,
) -> Pairs:
    """All pairs of some noisy views of each photo.

    Args:
        photos: Annotated.
        classes: Names of the coarse classes.
        views: Of each photo.
        noise: Of the boxes and posteriors.
        negatives: How many that do not hold are counted for each that does, by relation; ``inf``
            for all.
        rng: Decides everything.
    """
    parts: list[tuple[NDArray[np.float32], ...]] = []
    held: list[NDArray[np.bool_]] = []
    for photo in photos:
        for _ in range(views):
            view = _view(photo, classes, noise, rng)
            if view is not None:
                parts.append(view[0])
                held.append(view[1])
    features, own, other = (
        np.concatenate([each[k] for each in parts])
        if parts
        else np.zeros((0, FEATURES if k == 0 else len(classes) + len(BODY_PARTS)), np.float32)
        for k in range(3)
    )
    relations = np.concatenate(held) if held else np.zeros((0, len(RELATIONS)), bool)
    holds = relations.mean(axis=0) if len(relations) else np.zeros(len(RELATIONS))
    share = np.minimum(negatives, (1 - holds) / np.maximum(holds, 1e-9)) * holds
    share /= np.maximum(1 - holds, 1e-9)
    counted = relations | (rng.random(relations.shape) < share)
    return Pairs(features=features, own=own, other=other, relations=relations, counted=counted)


def _view(
    photo: RelatedPhoto, classes: Sequence[str], noise: Noise, rng: np.random.Generator
) -> tuple[tuple[NDArray[np.float32], ...], NDArray[np.bool_]] | None:
    first, last = 0.0, float(photo.height_px)
    if rng.random() < _CROPPED:
        high = rng.uniform(_LEAST_HEIGHT, 0.9) * photo.height_px
        first = rng.uniform(0, photo.height_px - high)
        last = first + high
    sources: list[int] = []
    boxes: list[tuple[int, BoxPx]] = []
    for number, box in enumerate(photo.boxes):
        x0, y0, x1, y1 = box.box_xyxy_px
        top, bottom = max(y0, first), min(y1, last)
        if bottom - top >= _LEAST_LEFT * (y1 - y0):
            sources.append(number)
            boxes.append((box.place, (x0, top - first, x1, bottom - first)))
    height_px = max(1, round(last - first))
    found = [
        each
        for each in simulate(
            boxes, classes, width_px=photo.width_px, height_px=height_px, noise=noise, rng=rng
        )
        if each.source is not None
    ]
    if len(found) < 2:
        return None
    kept = np.array([sources[each.source] for each in found if each.source is not None])
    scene = see(
        np.array([each.detection.box_xyxy_px for each in found]),
        np.stack([each.detection.posterior for each in found]).astype(np.float64),
        classes,
        width_px=photo.width_px,
        height_px=height_px,
    )
    partners = np.concatenate([kept, len(photo.boxes) + np.arange(len(BODY_PARTS))])
    relations = photo.relations[kept][:, partners]
    kinds = normalised(scene.kinds).astype(np.float32)
    pairs = (len(kept), len(partners))
    other = ~np.eye(*pairs, dtype=bool)
    return (
        pair_features(scene)[other],
        np.broadcast_to(kinds[: pairs[0], None], (*pairs, kinds.shape[1]))[other],
        np.broadcast_to(kinds[None], (*pairs, kinds.shape[1]))[other],
    ), relations[other]
