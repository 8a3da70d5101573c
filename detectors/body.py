"""Parts of the wearer's body, guessed from what is worn: partners of relations beside the boxes.

The detector sees no skin and no hair. What it sees of a standing person still says where the knees
are: the parts are bands of the person's height. They count as partners that are surely there; the
relation network learns from masks how far such a guess is to be trusted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

__all__ = ["BODY_PARTS", "body_bands", "body_boxes", "person_box"]

BODY_PARTS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "person": (0.0, 1.0),
        "head": (0.0, 0.13),
        "neck": (0.13, 0.17),
        "torso": (0.17, 0.40),
        "hips": (0.40, 0.52),
        "thigh": (0.52, 0.68),
        "knee": (0.68, 0.74),
        "calf": (0.74, 0.85),
        "ankle": (0.85, 0.90),
        "foot": (0.90, 1.0),
    }
)
"""Upper and lower end as shares of a standing person's height, from the crown downwards.

As photos show people: seen from chest height, and in shoes, feet take more than they measure.
"""

_CARRIED = ("bag",)
_HEAD_ABOVE = {"headwear": 0.0, "eyewear": 0.06}
"""How much of the height worn clothes and face things leave above them."""
_HEAD_ABOVE_CLOTHES = 0.15
_SURE_FROM = 0.2


def body_bands(top: float, bottom: float) -> NDArray[np.float64]:
    """Upper and lower end of each part of a person from `top` to `bottom`: (parts, 2)."""
    shares = np.array(list(BODY_PARTS.values()))
    return top + shares * (bottom - top)


def person_box(
    boxes: NDArray[np.float64], posteriors: NDArray[np.float64], classes: Sequence[str]
) -> NDArray[np.float64]:
    """Where the wearer is, (4,): around all that is worn, with room for a head that shows nothing.

    Args:
        boxes: (N, 4), at least one, 0 to the picture's size.
        posteriors: (N, C).
        classes: Names of the C coarse classes.
    """
    best = posteriors.argmax(axis=1)
    carried = np.isin(best, [place for place, name in enumerate(classes) if name in _CARRIED])
    sure = posteriors.max(axis=1) >= _SURE_FROM
    for chosen in (sure & ~carried, sure, np.ones(len(boxes), bool)):
        if chosen.any():
            break
    worn, kinds = boxes[chosen], best[chosen]
    x0, y0, x1, y1 = (*worn[:, :2].min(axis=0), *worn[:, 2:].max(axis=0))
    # The highest thing says how much of the head is above it.
    highest = classes[int(kinds[int(worn[:, 1].argmin())])]
    above = _HEAD_ABOVE.get(highest, _HEAD_ABOVE_CLOTHES)
    return np.array([x0, max(0.0, y0 - above / (1 - above) * (y1 - y0)), x1, y1])


def body_boxes(person: NDArray[np.float64]) -> NDArray[np.float64]:
    """Boxes of `BODY_PARTS`, (parts, 4), in their order: bands as wide as the person."""
    bands = body_bands(float(person[1]), float(person[3]))
    return np.column_stack(
        [np.full(len(bands), person[0]), bands[:, 0], np.full(len(bands), person[2]), bands[:, 1]]
    )
