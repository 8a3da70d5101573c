"""Sneakers: low, high, running and slip-on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_samples.draw.cloth import Cloth, Folds
from data_samples.draw.curves import (
    Knot,
    closed_curve,
    ellipse,
    limb,
    open_curve,
    rectangle,
    symmetric,
)
from data_samples.draw.garments.footwear import (
    DARK_RUBBER,
    FLOOR_Y,
    FOOT_X,
    STILL,
    WHITE_RUBBER,
    rubber,
)
from data_samples.draw.garments.piece import Fabric, between, pick
from data_samples.draw.painter import Painter


def draw_front_foot(
    p: Painter, cloth: Cloth, side: float, top: float, half: float, toe: float
) -> None:
    """A shoe seen from the front, from its opening at `top` down to the toe."""
    x = FOOT_X * side
    outline = symmetric(
        [
            (0.0, top),
            (0.12, top, 1),
            (0.14, top + 0.2),
            (half, FLOOR_Y - 0.16),
            (toe, FLOOR_Y - 0.03),
            (0.0, FLOOR_Y),
        ]
    ) + np.array([x, 0.0])
    p.part(outline, cloth, dome=0.12, bulge=0.14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sneakers:
    """Sports shoes: low, high, running, or slip-on."""

    style: str
    sole: float
    stripes: int
    white_sole: bool
    two_tone: bool

    @classmethod
    def sample(cls, rng: np.random.Generator, cut: str) -> Sneakers:
        """One design."""
        del cut
        style = pick(rng, "low", "low", "high", "running", "slip-on")
        return cls(
            style=style,
            sole=between(rng, 0.16, 0.24) + (0.06 if style == "running" else 0.0),
            stripes=int(rng.integers(0, 4)),
            white_sole=bool(rng.random() < 0.8),
            two_tone=bool(rng.random() < 0.4),
        )

    @property
    def words(self) -> tuple[str, ...]:
        """Style."""
        return (
            {"low": "Low-Top", "high": "High-Top", "running": "Running", "slip-on": "Slip-On"}[
                self.style
            ],
        )

    @property
    def focus(self) -> tuple[float, float, float]:
        """Laces and side."""
        return (0.15, -0.5, 0.55)

    def draw_side(self, p: Painter, fabric: Fabric) -> None:
        """One shoe from its outer side."""
        cloth = fabric.main.folded(STILL)
        top = -1.32 if self.style == "high" else -0.84
        sole = -self.sole
        lip = rectangle(-0.78, top + 0.02, -0.2, top + 0.3, 0.1)
        p.part(lip, cloth.plain(), tone=0.42, dome=0.1, shadow=0)
        tongue = limb([(-0.05, -0.62), (-0.17, top - 0.16)], [0.16, 0.13])
        if self.style != "slip-on":
            p.part(
                tongue,
                fabric.trim.plain() if self.two_tone else cloth.plain(),
                dome=0.08,
                shadow=0.1,
                tone=0.92,
            )
        slope: list[Knot] = [(-0.28, top - 0.04, 1), (0.02, -0.78), (0.44, -0.54), (0.74, -0.46)]
        if self.style == "high":
            slope = [
                (-0.26, top - 0.05, 1),
                (-0.12, -0.98),
                (0.12, -0.76),
                (0.46, -0.54),
                (0.74, -0.46),
            ]
        upper = closed_curve([
            (-0.95, sole + 0.04, 1), (-1.0, -0.5), (-0.94, 0.6 * top - 0.2),
            (-0.90, top - 0.06, 1), (-0.72, top + 0.03), (-0.48, top + 0.06), *slope,
            (0.93, -0.36), (1.0, sole - 0.02), (0.98, sole + 0.04, 1),
        ])  # fmt: skip
        p.part(upper, cloth, axis=((0.0, 0.0), (0.3, 1.0)), dome=0.24, bulge=0.16, shadow=0.3)
        self._draw_upper_details(p, fabric, cloth, top, sole)
        self._draw_sole(p, sole)

    def _draw_upper_details(
        self, p: Painter, fabric: Fabric, cloth: Cloth, top: float, sole: float
    ) -> None:
        trim = fabric.trim.plain() if self.two_tone else cloth.plain()
        heel = closed_curve(
            [(-1.02, sole, 1), (-1.03, top, 1), (-0.86, top, 1), (-0.76, -0.5), (-0.62, sole, 1)]
        )
        p.part(heel, trim, inside=True, dome=0.1, bulge=0.06, shadow=0.25)
        p.stitch(open_curve([(-0.83, top + 0.05), (-0.73, -0.5), (-0.59, sole)]), tone=-0.3)
        cap = closed_curve(
            [
                (0.56, sole + 0.05, 1),
                (0.60, -0.34),
                (0.72, -0.52, 1),
                (1.1, -0.5, 1),
                (1.1, sole, 1),
            ]
        )
        if self.style != "running":
            p.part(
                cap,
                rubber(WHITE_RUBBER) if self.style == "high" and self.white_sole else trim,
                inside=True,
                dome=0.12,
                bulge=0.10,
                shadow=0.25,
            )
        p.stitch(open_curve([(0.52, sole), (0.56, -0.34), (0.68, -0.50)]), tone=-0.3)
        p.line(
            open_curve([(-0.86, top + 0.12), (-0.7, top + 0.20), (-0.4, top + 0.2)]),
            0.016,
            tone=-0.3,
        )
        if self.style == "slip-on":
            gore = closed_curve(
                [
                    (-0.30, top + 0.02, 1),
                    (-0.06, -0.74, 1),
                    (-0.06, -0.52),
                    (-0.14, -0.42, 1),
                    (-0.30, -0.56),
                ]
            )
            p.part(
                gore,
                cloth.plain().woven_as("rib").folded(Folds(depth=0)),
                inside=True,
                tone=0.62,
                dome=0.03,
                bulge=0.02,
                shadow=0.15,
            )
            p.stitch(
                open_curve(
                    [
                        (-0.33, top + 0.06),
                        (-0.33, -0.54),
                        (-0.14, -0.38),
                        (-0.02, -0.52),
                        (-0.02, -0.7),
                    ]
                ),
                tone=-0.25,
            )
        else:
            stay = closed_curve(
                [
                    (-0.30, top - 0.1, 1),
                    (0.05, -0.80),
                    (0.52, -0.55, 1),
                    (0.46, -0.40),
                    (0.02, -0.54),
                    (-0.26, top + 0.24),
                ]
            )
            p.part(stay, trim, inside=True, dome=0.06, bulge=0.04, shadow=0.3)
            self._draw_laces(p, top)
        for i in range(self.stripes if self.style != "slip-on" else 0):
            x = -0.22 + 0.17 * i
            stripe = limb([(x - 0.16, sole + 0.02), (x + 0.04, -0.62 + 0.07 * i)], [0.045, 0.04])
            p.patch(stripe, rgb=fabric.trim.rgb, tone=0.95)
        if self.style == "running":
            for i in range(4):
                wave = open_curve(
                    [(-0.62, -0.30 - 0.07 * i), (-0.1, -0.36 - 0.05 * i), (0.5, -0.28 - 0.03 * i)]
                )
                p.line(wave, 0.022, tone=-0.16)
            p.patch(
                limb([(-0.55, -0.34), (-0.05, -0.40), (0.34, -0.56)], [0.03, 0.10, 0.02]),
                rgb=fabric.trim.rgb,
                tone=0.95,
            )

    def _draw_laces(self, p: Painter, top: float) -> None:
        low, high = np.array([0.36, -0.54]), np.array([-0.02, -0.78])
        ends = (
            [low, high]
            if self.style != "high"
            else [low, np.array([0.05, -0.75]), np.array([-0.16, top + 0.06])]
        )
        line = open_curve([(float(x), float(y)) for x, y in ends])
        count = 5 if self.style != "high" else 8
        lace = rubber(WHITE_RUBBER if self.white_sole else (0.2, 0.2, 0.2))
        for i in np.linspace(0, len(line) - 1, count):
            x, y = line[round(i)]
            p.part(
                limb([(x - 0.02, y + 0.11), (x + 0.13, y - 0.05)], [0.034, 0.034]),
                lace,
                dome=0.04,
                bulge=0.05,
                shadow=0.35,
            )
            p.button(float(x) - 0.03, float(y) + 0.13, 0.02, (0.8, 0.8, 0.8))
        x, y = line[-1]
        for dx, dy in ((-0.16, 0.06), (0.12, 0.08)):
            loop = ellipse(x + 0.06 + dx, y + dy, 0.10, 0.05)
            p.line(np.vstack([loop, loop[:1]]), 0.035, rgb=lace.rgb, tone=1.0)

    def _draw_sole(self, p: Painter, sole: float) -> None:
        rgb = WHITE_RUBBER if self.white_sole else DARK_RUBBER
        shape = closed_curve([
            (-1.02, sole + 0.01, 1), (-0.4, sole + 0.05), (0.3, sole + 0.05), (0.8, sole + 0.0),
            (1.05, sole - 0.06, 1), (1.08, -0.14), (0.92, -0.03), (0.3, 0.0), (-0.6, 0.0),
            (-0.98, -0.02), (-1.06, -0.12),
        ])  # fmt: skip
        p.part(shape, rubber(rgb), dome=0.09, bulge=0.08, shadow=0.4)
        p.line(
            open_curve([(-1.03, -0.10), (-0.3, -0.07), (0.5, -0.07), (1.06, -0.17)]),
            0.022,
            tone=-0.25,
        )
        p.line(
            open_curve([(-1.0, -0.02), (0.0, 0.0), (0.95, -0.04)]),
            0.05,
            tone=-0.5 if self.white_sole else -0.3,
        )

    def draw_front(self, p: Painter, fabric: Fabric, side: float) -> None:
        """One worn shoe from the front."""
        top = 6.0 if self.style == "high" else 6.28
        cloth = fabric.main.folded(STILL)
        sole = rectangle(-0.21, FLOOR_Y - 0.13, 0.21, FLOOR_Y + 0.02, 0.05) + np.array(
            [FOOT_X * side, 0]
        )
        p.part(sole, rubber(WHITE_RUBBER if self.white_sole else DARK_RUBBER), dome=0.05)
        draw_front_foot(p, cloth, side, top, 0.205, 0.17)
        x = FOOT_X * side
        p.part(
            ellipse(x, FLOOR_Y - 0.10, 0.17, 0.10),
            rubber(WHITE_RUBBER) if self.style == "high" else fabric.trim.plain(),
            inside=True,
            dome=0.05,
            shadow=0.2,
        )
        if self.style != "slip-on":
            for y in np.linspace(top + 0.06, FLOOR_Y - 0.22, 4):
                p.line(
                    np.array([[x - 0.085, y], [x + 0.085, y + 0.02]]),
                    0.026,
                    rgb=WHITE_RUBBER,
                    tone=0.95,
                )
