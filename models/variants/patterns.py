"""Stripes, checks and dots as they could lie on a garment: a sketch, no rendering of a cloth.

The pattern lies flat in the picture and is only pushed aside a little where folds bend the light;
it knows nothing of the body below, of seams, or of sleeves that point another way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidInput
from engine.query.lexicon import Lexicon
from models.variants.guided import box_mean
from models.variants.shades import shade_of

__all__ = ["PATTERNS", "contrasts", "pattern_field"]

Plane = NDArray[np.float32]
_REPEATS = 14
"""How often a pattern repeats over the shorter side of a garment."""
_BEND = 1.6
"""How far a fold pushes a pattern, in repeats for a whole step from black to white."""
_LIGHT_FROM = 0.62
"""Cloth of this lightness and above gets dark patterns, darker cloth light ones."""
_ON_DARK = ("white", "cream", "grey", "yellow")
_ON_LIGHT = ("navy blue", "black", "red", "green")


def _line(place: Plane, width: float, soft: float) -> Plane:
    """Lines once a repeat: 1 inside, 0 outside, soft at the edges."""
    off = np.abs(place - np.round(place))
    return np.asarray(np.clip((width / 2 - off) / soft + 0.5, 0, 1), np.float32)


def _stripes(x: Plane, y: Plane, soft: float) -> Plane:
    return _line(y, 0.5, soft)


def _upright(x: Plane, y: Plane, soft: float) -> Plane:
    return _line(x, 0.35, soft)


def _checks(x: Plane, y: Plane, soft: float) -> Plane:
    # Where bands cross the dye lies twice, as in gingham.
    return 0.5 * (_line(x, 0.5, soft) + _line(y, 0.5, soft))


def _dots(x: Plane, y: Plane, soft: float) -> Plane:
    found = np.zeros_like(x)
    for shift in (0.0, 0.5):
        far = np.hypot(x + shift - np.round(x + shift), y + shift - np.round(y + shift))
        found = np.maximum(found, np.clip((0.2 - far) / soft + 0.5, 0, 1))
    return found


PATTERNS: Mapping[str, Callable[[Plane, Plane, float], Plane]] = {
    "striped": _stripes,
    "pinstriped": _upright,
    "checked": _checks,
    "polka dot": _dots,
}
"""Canonical patterns of the vocabulary that can be drawn, and upright stripes."""


def contrasts(ground_oklab: Plane, lexicon: Lexicon) -> list[Plane]:
    """Second colours that a pattern can be seen in, the most usual one first.

    Args:
        ground_oklab: float32 (3,): the cloth below.
        lexicon: Shades of colours.

    Returns:
        Each float32 (3,), Oklab.
    """
    names = _ON_LIGHT if ground_oklab[0] >= _LIGHT_FROM else _ON_DARK
    return [shade_of(name, lexicon) for name in names]


def pattern_field(pattern: str, mask: Plane, lightness: Plane) -> Plane:
    """Where the second colour of a pattern lies.

    Args:
        pattern: One of `PATTERNS`.
        mask: float32 (H, W), 0 to 1: the garment.
        lightness: float32 (H, W), 0 to 1, of the picture.

    Returns:
        float32 (H, W), 0 to 1; 0 outside the mask.

    Raises:
        InvalidInput: The pattern is not known, or the mask is empty.
    """
    drawn = PATTERNS.get(pattern)
    if drawn is None:
        raise InvalidInput(
            f"{pattern!r} cannot be drawn", where="pattern", hint=f"One of: {', '.join(PATTERNS)}."
        )
    rows, columns = (np.flatnonzero((mask > 0.5).any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        raise InvalidInput("got an empty mask, expected one with a garment", where="mask")
    tall, wide = int(rows[-1] - rows[0] + 1), int(columns[-1] - columns[0] + 1)
    repeat_px = max(4.0, min(tall, wide) / _REPEATS)
    held = (mask > 0.5).astype(np.float32)
    radius = max(1, round(repeat_px / 3))
    sums = box_mean(np.dstack([lightness * held, held]), radius)
    light = np.where(sums[..., 1] > 0.05, sums[..., 0] / np.maximum(sums[..., 1], 0.05), 0.0)
    bend = _BEND * (light - np.median(light[mask > 0.5]))
    y, x = np.indices(mask.shape, dtype=np.float32)
    across = (x - columns[0]) / repeat_px + bend
    down = (y - rows[0]) / repeat_px + bend
    return drawn(across, down, 1.2 / repeat_px) * mask
