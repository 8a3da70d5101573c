"""What a garment's pixels are: its cloth, how light falls on it, and what is printed on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cloth", "cloth_of"]

_LIGHTNESS = 0.45
"""Weight of lightness beside colour where shades are grouped: folds are no other cloth."""
_GROUPS = 5
_SAMPLE = 6000
_SAME = 0.075
"""Distance up to which two groups are one cloth."""
_ACCENT_FROM, _ACCENT_TO = 0.07, 0.13
"""Distance from the cloth at which a pixel begins to be, and is, something else on it."""
_GREY_CHROMA = 0.035
_GREY_STRICT = 1.4
"""Cloth without colour has none anywhere: a tint is something else, such as skin."""
_MOST_FOLD_DARK, _MOST_FOLD_LIGHT = 0.34, 0.26
"""How much darker and lighter than the cloth folds and sheen make it, in Oklab's L."""
_LEAST_SHARE = 0.5
"""Of the garment that the cloth has to be, for the rest to count as a print on it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cloth:
    """The cloth of a garment.

    Attributes:
        colour: float32 (3,), Oklab: the middle of the cloth's own pixels.
        lightness: float32 (101,): percentiles of L of these pixels.
        share: Of the garment that is of this cloth, 0 to 1; the rest is print, trim or lining.
        patterned: The cloth is not most of the garment: no one colour is *the* colour.
    """

    colour: NDArray[np.float32]
    lightness: NDArray[np.float32]
    share: float
    patterned: bool

    def accents(self, colours: NDArray[np.float32]) -> NDArray[np.float32]:
        """How much each colour (N, 3) is something other than the cloth, 0 to 1."""
        if self.patterned:
            return np.zeros(len(colours), np.float32)
        return _accents(colours, self.colour)


def cloth_of(colours: NDArray[np.float32], weights: NDArray[np.float32], *, seed: int = 0) -> Cloth:
    """The commonest cloth among a garment's pixels.

    Args:
        colours: float32 (N, 3), Oklab, at least one.
        weights: float32 (N,), how surely each is the garment's.
        seed: Of the pixels that are looked at.
    """
    rng = np.random.default_rng(seed)
    sure = np.flatnonzero(weights >= min(0.9, float(weights.max())))
    sample = colours[rng.choice(sure, min(_SAMPLE, len(sure)), replace=False)]
    centres, sizes = _groups(sample, rng)
    # The cloth is the group around which most pixels lie, counted with what is nearly the same.
    scale = np.array([_LIGHTNESS, 1, 1], np.float32)
    apart = np.linalg.norm((centres[:, None] - centres) * scale, axis=-1)
    best = int((np.where(apart < _SAME, sizes, 0).sum(1) + 0.01 * sizes).argmax())
    colour = centres[best]
    for _ in range(2):
        own = sample[_accents(sample, colour) < 0.5]
        if len(own):
            colour = np.median(own, axis=0).astype(np.float32)
    own = sample[_accents(sample, colour) < 0.5]
    share = len(own) / len(sample)
    patterned = share < _LEAST_SHARE
    held = sample if patterned or not len(own) else own
    return Cloth(
        colour=np.median(held, axis=0).astype(np.float32),
        lightness=np.percentile(held[:, 0], np.arange(101)).astype(np.float32),
        share=share,
        patterned=patterned,
    )


def _accents(colours: NDArray[np.float32], cloth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distance in colour, chroma of the cloth falling with its light, and in light beyond folds."""
    light = colours[:, 0] / max(float(cloth[0]), 0.05)
    # Sheen is as white as the lamp; shadow loses chroma with light.
    expected = cloth[1:] * np.clip(light, 0.0, 1.0)[:, None]
    off = colours[:, 1:] - expected
    chroma = float(np.hypot(*cloth[1:]))
    far = np.hypot(off[:, 0], off[:, 1])
    if chroma > _GREY_CHROMA:
        # Paler, darker and more vivid of the same hue is light, or dye that lies twice as in
        # checks, not print; only a part of it counts.
        along = (off @ cloth[1:]) / chroma
        across = np.sqrt(np.maximum(far**2 - along**2, 0))
        beyond_grey = np.maximum(-along - chroma, 0)
        same = np.where(along < 0, 0.45, 0.3) * np.minimum(np.abs(along), chroma)
        beyond_vivid = 0.8 * np.maximum(along - chroma, 0)
        far = np.hypot(across, same + beyond_grey + beyond_vivid)
    else:
        far = _GREY_STRICT * far
    step = colours[:, 0] - cloth[0]
    beyond = np.maximum(step - _MOST_FOLD_LIGHT, 0) + np.maximum(-step - _MOST_FOLD_DARK, 0)
    distance = np.hypot(far, beyond)
    held = np.clip((distance - _ACCENT_FROM) / (_ACCENT_TO - _ACCENT_FROM), 0, 1)
    return (held * held * (3 - 2 * held)).astype(np.float32)


def _groups(
    sample: NDArray[np.float32], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Centres (K, 3) and shares (K,) of the commonest shades, by k-means."""
    scale = np.array([_LIGHTNESS, 1, 1], np.float32)
    points = sample * scale
    centres = points[rng.choice(len(points), min(_GROUPS, len(points)), replace=False)]
    nearest = np.zeros(len(points), np.int64)
    for _ in range(10):
        nearest = ((points[:, None] - centres) ** 2).sum(-1).argmin(1)
        sizes = np.bincount(nearest, minlength=len(centres))
        sums = np.stack([np.bincount(nearest, points[:, i], len(centres)) for i in range(3)], 1)
        centres = np.where(sizes[:, None] > 0, sums / np.maximum(sizes, 1)[:, None], centres)
    sizes = np.bincount(nearest, minlength=len(centres)) / len(points)
    return (centres / scale).astype(np.float32), sizes.astype(np.float32)
