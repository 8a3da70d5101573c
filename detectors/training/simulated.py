"""A detector that is wrong at random: what the relation network learns on and is tried on.

Its boxes are known ones, moved a little; it misses some, sees some that are not there, and is not
sure of the class. Garments that are taken for one another are those of one region of the body.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from engine.detections import Detection
from engine.types import BoxPx

__all__ = ["Noise", "Simulated", "simulate"]

_ALIKE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "top": ("outerwear", "dress"), "outerwear": ("top", "dress"),
        "dress": ("top", "outerwear", "bottom"), "bottom": ("dress", "legwear"),
        "footwear": ("legwear", "bag"), "bag": ("outerwear", "footwear"),
        "headwear": ("neckwear",), "eyewear": ("headwear",), "legwear": ("footwear", "bottom"),
        "belt": ("bag", "jewellery"), "neckwear": ("top", "jewellery"),
        "jewellery": ("belt", "neckwear"),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """How wrong it is.

    Attributes:
        shift: Standard deviation of each edge, over the box's side.
        missed: Share of boxes that are not found; those of less than `small` of the picture's
            area thrice as often.
        ghosts: False boxes a picture, in the mean.
        sure: Mean probability of the right class; the rest goes to what is alike, and to nothing.
        spread: The larger, the less the probabilities differ from box to box.
    """

    shift: float = 0.06
    missed: float = 0.1
    small: float = 0.002
    ghosts: float = 0.8
    sure: float = 0.7
    spread: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Simulated:
    """A box, and which of the known ones it is; `source` is ``None`` for a false one."""

    detection: Detection
    source: int | None


def simulate(
    boxes: Sequence[tuple[int, BoxPx]],
    classes: Sequence[str],
    *,
    width_px: int,
    height_px: int,
    noise: Noise,
    rng: np.random.Generator,
) -> list[Simulated]:
    """What such a detector finds in one picture, the surest first.

    Args:
        boxes: Class and box of all that is there.
        classes: Names of the coarse classes.
        width_px: Of the picture.
        height_px: Of the picture.
        noise: How wrong it is.
        rng: Decides everything.
    """
    found: list[Simulated] = []
    size = np.array([width_px, height_px, width_px, height_px], float)
    for source, (place, box) in enumerate(boxes):
        known = np.array(box, float)
        sides = known[2:] - known[:2]
        small = sides.prod() < noise.small * width_px * height_px
        if rng.random() < noise.missed * (3 if small else 1):
            continue
        moved = np.clip(known + rng.normal(0, noise.shift, 4) * np.tile(sides, 2), 0, size)
        if (moved[2:] - moved[:2]).min() < 2:
            continue
        found.append(
            Simulated(
                detection=_detection(moved, _posterior(place, classes, noise, rng)), source=source
            )
        )
    for _ in range(rng.poisson(noise.ghosts)):
        middle, sides = rng.random(2) * size[:2], size[:2] * rng.uniform(0.04, 0.3, 2)
        false = np.clip(np.concatenate([middle - sides / 2, middle + sides / 2]), 0, size)
        weak = 0.5 * _posterior(int(rng.integers(len(classes))), classes, noise, rng)
        found.append(Simulated(detection=_detection(false, weak), source=None))
    return sorted(found, key=lambda each: -each.detection.score)


def _posterior(
    place: int, classes: Sequence[str], noise: Noise, rng: np.random.Generator
) -> NDArray[np.float32]:
    found = rng.beta(0.3, 20, len(classes))
    right = rng.beta(noise.sure * noise.spread, (1 - noise.sure) * noise.spread)
    alike = [other for other, name in enumerate(classes) if name in _ALIKE.get(classes[place], ())]
    found[place] = right
    if alike:
        wrong = int(rng.choice(alike))
        found[wrong] = max(found[wrong], (1 - right) * rng.random())
    return np.clip(found, 0, 1).astype(np.float32)


def _detection(box: NDArray[np.float64], posterior: NDArray[np.float32]) -> Detection:
    x0, y0, x1, y1 = box.tolist()
    return Detection(box_xyxy_px=(x0, y0, x1, y1), posterior=posterior)
