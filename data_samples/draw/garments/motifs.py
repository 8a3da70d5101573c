"""Prints for the chest: simple emblems and lettering."""

from __future__ import annotations

import numpy as np

from data_samples.draw.curves import Curve, closed_curve, ellipse, limb, rectangle
from data_samples.draw.lettering import letter_outlines
from data_samples.draw.painter import Painter
from data_samples.draw.patterns import Pattern

_WORDS = ("NORTH", "OCEAN", "ATLAS", "WILD", "1984", "LUNA", "DUNE", "PEAK")


def draw_motif(p: Painter, number: int, x: float, y: float, size: float, pattern: Pattern) -> None:
    """One of the emblems, centred on (x, y) with half width `size`, in the pattern's colours."""
    emblems = (_mountains, _sunset, _star, _bolt, _leaf, _badge, _waves, _blocks)
    emblem = emblems[number % len(emblems)]
    for outline, second in emblem():
        rgb = pattern.second_rgb if second else pattern.third_rgb
        p.patch(outline * size + np.array([x, y]), rgb=rgb, tone=0.95)
    if number % 3 != 0:
        word = _WORDS[(number // 8) % len(_WORDS)]
        for outline in letter_outlines(word):
            p.patch(
                outline * (size * 1.7) + np.array([x, y + size * 1.28]),
                rgb=pattern.second_rgb,
                tone=0.95,
            )


def _mountains() -> list[tuple[Curve, bool]]:
    back = np.array([[-0.3, 0.7], [0.35, -0.45], [1.0, 0.7]])
    front = np.array([[-1.0, 0.7], [-0.3, -0.15], [0.45, 0.7]])
    snow = np.array([[0.35, -0.45], [0.55, -0.1], [0.4, -0.02], [0.3, -0.12], [0.16, -0.1]])
    return [(ellipse(-0.45, -0.5, 0.28, 0.28), False), (back, True), (snow, False), (front, False)]


def _sunset() -> list[tuple[Curve, bool]]:
    bars: list[tuple[Curve, bool]] = [(ellipse(0, 0, 0.85, 0.85), True)]
    for i in range(4):
        y = 0.12 + i * 0.19
        bars.append((rectangle(-0.9, y, 0.9, y + 0.045 + 0.022 * i), False))
    return bars


def _star() -> list[tuple[Curve, bool]]:
    angle = np.arange(10) * np.pi / 5 - np.pi / 2
    radius = np.where(np.arange(10) % 2 == 0, 0.95, 0.40)
    star = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return [(star, True), (star * 0.6, False)]


def _bolt() -> list[tuple[Curve, bool]]:
    bolt = np.array(
        [
            [0.2, -0.95],
            [-0.5, 0.15],
            [-0.05, 0.15],
            [-0.25, 0.95],
            [0.55, -0.25],
            [0.08, -0.25],
            [0.4, -0.95],
        ]
    )
    return [(ellipse(0, 0, 0.95, 0.95), False), (bolt * 0.8, True)]


def _leaf() -> list[tuple[Curve, bool]]:
    leaf = closed_curve(
        [(0.0, -0.95, 1), (0.55, -0.3), (0.45, 0.4), (0.0, 0.8, 1), (-0.45, 0.4), (-0.55, -0.3)]
    )
    parts = [(leaf, True), (limb([(0.0, -0.7), (0.0, 0.98)], [0.02, 0.05]), False)]
    for y in (-0.3, 0.0, 0.3):
        veins = [limb([(0.0, y + 0.12), (x, y - 0.12)], [0.03, 0.015]) for x in (-0.34, 0.34)]
        parts += [(vein, False) for vein in veins]
    return parts


def _badge() -> list[tuple[Curve, bool]]:
    return [
        (ellipse(0, 0, 0.95, 0.95), True),
        (ellipse(0, 0, 0.80, 0.80), False),
        (ellipse(0, 0, 0.72, 0.72), True),
        (rectangle(-0.5, -0.12, 0.5, 0.12), False),
        (rectangle(-0.12, -0.5, 0.12, 0.5), False),
    ]


def _waves() -> list[tuple[Curve, bool]]:
    steps = np.linspace(-0.95, 0.95, 30)
    waves: list[tuple[Curve, bool]] = []
    for i, y in enumerate((-0.5, -0.15, 0.2, 0.55)):
        knots = [(float(x), float(y + 0.11 * np.sin(6 * x + i))) for x in steps]
        waves.append((limb(knots, [0.02, 0.09, 0.09, 0.02]), i % 2 == 0))
    return waves


def _blocks() -> list[tuple[Curve, bool]]:
    return [
        (rectangle(-0.9, -0.8, 0.0, 0.1), True),
        (rectangle(0.1, -0.4, 0.9, 0.7), False),
        (ellipse(-0.35, 0.45, 0.35, 0.35), True),
        (ellipse(0.45, -0.62, 0.18, 0.18), True),
    ]
