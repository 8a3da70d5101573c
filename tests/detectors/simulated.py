"""A detector that errs on purpose, for tests and for work without a trained one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detectors.training.gallery_pictures import LabelledPicture
from detectors.training.gallery_seen import BoxSource, shaken
from engine.detections import Detection
from engine.types import BoxPx

__all__ = ["simulated_detector"]

_MISSED, _FALSE = 0.12, 0.4
"""Share of things without a box, and boxes of nothing a picture."""
_CONFUSED = 0.15


def simulated_detector(classes: int, *, seed: int) -> BoxSource:
    """Boxes near the truths, some missed, some of nothing, with posteriors that are seldom sure.

    Args:
        classes: Length of the posteriors.
        seed: Same seed and same order of pictures, same boxes.
    """
    rng = np.random.default_rng(seed)

    def find(pictures: Sequence[LabelledPicture]) -> list[tuple[Detection, ...]]:
        return [_find(each, classes, rng) for each in pictures]

    return find


def _find(
    picture: LabelledPicture, classes: int, rng: np.random.Generator
) -> tuple[Detection, ...]:
    high, wide = picture.rgb.shape[:2]
    found = [
        _detection(truth.box_xyxy_px, truth.place, classes, rng, surest=0.95)
        for truth in picture.truths
        if rng.random() >= _MISSED
    ]
    for _ in range(int(rng.poisson(_FALSE))):
        x, y = rng.uniform(0, 0.8, size=2) * (wide, high)
        w, h = rng.uniform(0.1, 0.4, size=2) * (wide, high)
        box = (float(x), float(y), float(min(x + w, wide)), float(min(y + h, high)))
        found.append(_detection(box, int(rng.integers(classes)), classes, rng, surest=0.5))
    moved = shaken(found, picture.rgb.shape, rng)
    return tuple(sorted(moved, key=lambda each: -each.score))


def _detection(
    box: BoxPx, place: int, classes: int, rng: np.random.Generator, *, surest: float
) -> Detection:
    posterior = rng.beta(0.3, 8, size=classes).astype(np.float32)
    seen_as = int(rng.integers(classes)) if rng.random() < _CONFUSED else place
    posterior[seen_as] = surest * rng.beta(3, 1.2)
    return Detection(box_xyxy_px=box, posterior=posterior)
