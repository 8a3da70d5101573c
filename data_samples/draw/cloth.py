"""What a part is made of: colour, pattern, weave, folds and gloss."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from data_samples.draw.noise import Field, NoiseTable
from data_samples.draw.palette import Rgb, mix
from data_samples.draw.patterns import Pattern

Weave = Literal["smooth", "jersey", "knit", "rib", "denim", "leather", "satin", "woven", "suede"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Folds:
    """Relief of the cloth in body units: waves `across` and `along` the drape per unit."""

    depth: float = 0.030
    across: float = 2.2
    along: float = 0.55


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloth:
    """The material of a part. Colours are sRGB in [0, 1]; gloss is the height of highlights."""

    rgb: Rgb
    pattern: Pattern | None = None
    weave: Weave = "smooth"
    gloss: float = 0.05
    folds: Folds = Folds()

    def plain(self) -> Cloth:
        """The same material without its pattern."""
        return replace(self, pattern=None)

    def tinted(self, other: Rgb, share: float) -> Cloth:
        """The same plain material, `share` of the way to another colour."""
        return replace(self, rgb=mix(self.rgb, other, share), pattern=None)

    def folded(self, folds: Folds) -> Cloth:
        """The same material with another drape."""
        return replace(self, folds=folds)

    def woven_as(self, weave: Weave) -> Cloth:
        """The same colours in another weave."""
        return replace(self, weave=weave)


def weave_tone(weave: Weave, u: Field, v: Field, pixel: float, table: NoiseTable) -> Field | None:
    """Brightness change of the fine structure, about [-0.2, 0.2]; None where there is none.

    Threads thinner than two pixels fade away in place of turning into moiré.
    """
    if weave in ("knit", "rib"):
        period = 0.075 if weave == "knit" else 0.11
        fade = _fade(period, pixel)
        if fade <= 0:
            return None
        column = u / period
        ribs = np.cos(2 * np.pi * column)
        if weave == "rib":
            return (0.13 * fade * ribs).astype(np.float32)
        slant = np.abs(column - np.floor(column) - 0.5) * 1.6
        stitch = np.cos(2 * np.pi * (v / 0.062 + slant))
        return (fade * (0.055 * ribs + 0.06 * stitch)).astype(np.float32)
    if weave == "denim":
        fade = _fade(0.034, pixel)
        speckle = 0.045 * table.at(u * 9, v * 30) + 0.03 * table.at(u * 40, v * 40)
        if fade <= 0:
            return speckle
        return (speckle + 0.07 * fade * np.cos(2 * np.pi * (u + v) / 0.034)).astype(np.float32)
    if weave == "woven":
        return 0.035 * table.at(u * 26, v * 26) + 0.03 * table.at(u * 60, v * 9)
    if weave in ("leather", "suede"):
        return 0.022 * table.at(u * 30, v * 30) + 0.02 * table.at(u * 13, v * 13)
    if weave == "jersey":
        fade = _fade(0.03, pixel)
        return (
            None if fade <= 0 else (0.03 * fade * np.cos(2 * np.pi * u / 0.03)).astype(np.float32)
        )
    return None


def _fade(period: float, pixel: float) -> float:
    return float(np.clip((period / pixel - 2.2) / 2.5, 0.0, 1.0))
