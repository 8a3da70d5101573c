"""Printed and woven patterns as functions of cloth coordinates, with edges softened to a pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from data_samples.draw.noise import Field, NoiseTable
from data_samples.draw.palette import Rgb, mix

PatternName = Literal["plain", "striped", "checked", "polka dot", "floral", "graphic print"]
PATTERNS: tuple[PatternName, ...] = get_args(PatternName)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One pattern on one cloth.

    `period` is the repeat in body units, `angle` turns it (radians), `seed` places the flowers.
    Colours are sRGB in [0, 1]; the cloth's own colour is the ground.
    """

    kind: PatternName
    second_rgb: Rgb
    third_rgb: Rgb
    period: float
    share: float = 0.4
    angle: float = 0.0
    seed: int = 0

    def paint(self, u: Field, v: Field, pixel: float, ground: Rgb) -> Field:
        """Colours (H, W, 3) at cloth coordinates (H, W); `pixel` is the size of a pixel there."""
        cos, sin = np.float32(np.cos(self.angle)), np.float32(np.sin(self.angle))
        turned_u, turned_v = u * cos - v * sin, u * sin + v * cos
        colours = np.empty((*u.shape, 3), dtype=np.float32)
        colours[:] = ground
        soft = max(pixel / self.period, 0.02)
        x, y = turned_u / self.period, turned_v / self.period
        if self.kind == "striped":
            _blend(colours, _band(y, self.share, soft), self.second_rgb)
        elif self.kind == "checked":
            _paint_checks(colours, x, y, soft, self, ground)
        elif self.kind == "polka dot":
            _blend(colours, _dots(x, y, soft, self.share), self.second_rgb)
        elif self.kind == "floral":
            _paint_flowers(colours, x, y, soft, self)
        return colours


def _blend(colours: Field, cover: Field, rgb: Rgb) -> None:
    colours += (np.asarray(rgb, dtype=np.float32) - colours) * cover[..., None]


def _step(distance: Field, soft: float) -> Field:
    """1 where distance is negative, 0 where positive, softened over a pixel."""
    return np.clip(0.5 - distance / soft, 0.0, 1.0)


def _band(x: Field, share: float, soft: float) -> Field:
    """A band `share` wide, once in each unit of x."""
    return _step(np.abs(x - np.floor(x) - 0.5) - share / 2, soft)


def _paint_checks(
    colours: Field, x: Field, y: Field, soft: float, pattern: Pattern, ground: Rgb
) -> None:
    half = mix(ground, pattern.second_rgb, 0.55)
    wide_x, wide_y = _band(x, pattern.share, soft), _band(y, pattern.share, soft)
    _blend(colours, np.maximum(wide_x, wide_y), half)
    _blend(colours, wide_x * wide_y, pattern.second_rgb)
    fine = np.maximum(_band(x + 0.5, 0.06, soft), _band(y + 0.5, 0.06, soft))
    _blend(colours, fine * 0.8, pattern.third_rgb)


def _dots(x: Field, y: Field, soft: float, share: float) -> Field:
    row = np.floor(y)
    shifted = x + 0.5 * (row - 2 * np.floor(row / 2))
    dx = shifted - np.floor(shifted) - 0.5
    dy = y - row - 0.5
    return _step(np.sqrt(dx * dx + dy * dy) - share * 0.62, soft)


def _paint_flowers(colours: Field, x: Field, y: Field, soft: float, pattern: Pattern) -> None:
    table = NoiseTable(pattern.seed)
    leaf = mix(pattern.third_rgb, (0.18, 0.42, 0.22), 0.65)
    for layer in range(2):
        shift = 0.5 * layer
        row = np.floor(y + shift)
        moved = x + shift + 0.5 * (row - 2 * np.floor(row / 2))
        column = np.floor(moved)
        size = 0.36 + 0.10 * table.cell(column, row, 1 + layer)
        dx = moved - column - 0.5 - 0.14 * table.cell(column, row, 3 + layer)
        dy = y + shift - row - 0.5 - 0.14 * table.cell(column, row, 5 + layer)
        radius = np.sqrt(dx * dx + dy * dy)
        angle = np.arctan2(dy, dx) + 3.0 * table.cell(column, row, 7 + layer)
        if layer == 0:
            petal = size * (0.66 + 0.34 * np.cos(5 * angle))
            _blend(colours, _step(radius - petal, soft), pattern.second_rgb)
            _blend(colours, _step(radius - size * 0.30, soft), pattern.third_rgb)
        else:
            blade = size * 0.62 * np.abs(np.cos(angle)) ** 1.5
            _blend(colours, _step(radius - blade, soft) * 0.9, leaf)
