"""Boots: Chelsea, lace-up, hiking, heeled ankle and knee-high."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_samples.draw.cloth import Folds
from data_samples.draw.curves import (
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
    TAN,
    rubber,
)
from data_samples.draw.garments.piece import Fabric, between, pick
from data_samples.draw.painter import Painter


@dataclass(frozen=True, slots=True, kw_only=True)
class Boots:
    """Boots: Chelsea, lace-up, hiking, or knee-high."""

    style: str
    shaft: float
    heel: float
    light_sole: bool

    @classmethod
    def sample(cls, rng: np.random.Generator, cut: str) -> Boots:
        """One design."""
        styles = (
            ("chelsea", "lace-up", "knee-high", "ankle")
            if cut == "women"
            else ("chelsea", "lace-up", "hiking")
        )
        style = pick(rng, *styles)
        shaft = {"knee-high": 2.75, "ankle": 1.25}.get(style, between(rng, 1.45, 1.75))
        heel = {"knee-high": between(rng, 0.18, 0.55), "ankle": between(rng, 0.35, 0.6)}.get(
            style, 0.2
        )
        return cls(style=style, shaft=shaft + heel, heel=heel, light_sole=bool(rng.random() < 0.25))

    @property
    def words(self) -> tuple[str, ...]:
        """Style."""
        return (
            {
                "chelsea": "Chelsea",
                "lace-up": "Lace-Up",
                "knee-high": "Knee High",
                "ankle": "Heeled Ankle",
                "hiking": "Hiking",
            }[self.style],
        )

    @property
    def focus(self) -> tuple[float, float, float]:
        """Instep and shaft."""
        return (-0.15, -0.75, 0.65)

    def draw_side(self, p: Painter, fabric: Fabric) -> None:
        """One boot from its outer side."""
        cloth = fabric.main.folded(Folds(depth=0.03, across=1.3, along=1.0))
        top, lift = -self.shaft, -self.heel
        calf = 0.12 if self.style == "knee-high" else 0.0
        p.part(
            ellipse(-0.46, top + 0.02, 0.42 + calf, 0.09),
            cloth.plain(),
            tone=0.4,
            dome=0.06,
            shadow=0,
        )
        upper = closed_curve([
            (-0.92, lift + 0.10, 1), (-0.95, lift - 0.35),
            (-0.86 - 0.4 * calf, 0.5 * (top + lift)), (-0.90 - calf, top + 0.02, 1),
            (-0.48, top + 0.06), (-0.06 + calf, top - 0.02, 1),
            (-0.08 + 0.6 * calf, 0.6 * top + 0.1), (-0.06, -0.92 + 0.45 * lift),
            (0.16, -0.66 + 0.3 * lift), (0.60, -0.50), (0.92, -0.34), (0.98, -0.14),
            (0.90, -0.08, 1), (0.4, -0.05), (-0.2, 0.55 * lift + 0.02),
        ])  # fmt: skip
        p.part(upper, cloth, dome=0.28, bulge=0.2, shadow=0.3)
        self._draw_sole(p, lift)
        for dy in (0.0, 0.10, 0.2):
            p.crease(
                open_curve(
                    [
                        (-0.2, -0.62 + 0.5 * lift - dy),
                        (-0.02, -0.70 + 0.45 * lift - dy),
                        (0.12, -0.66 + 0.4 * lift - dy),
                    ]
                ),
                0.03,
                0.2,
            )
        if self.style == "chelsea":
            gore = closed_curve(
                [
                    (-0.66, top + 0.06, 1),
                    (-0.28, top + 0.06, 1),
                    (-0.34, -0.95),
                    (-0.46, -0.62, 1),
                    (-0.58, -0.95),
                ]
            )
            p.part(
                gore,
                cloth.plain().woven_as("rib").folded(Folds(depth=0)),
                inside=True,
                tone=0.6,
                dome=0.06,
                shadow=0.3,
            )
            tab = rectangle(-0.93, top - 0.12, -0.81, top + 0.10, 0.04)
            p.part(tab, cloth, dome=0.04, shadow=0.2)
        elif self.style in ("lace-up", "hiking"):
            self._draw_laces(p, fabric, top)
        elif self.style == "knee-high":
            p.line(
                open_curve([(-0.70, top + 0.1), (-0.72, -1.2), (-0.60, lift - 0.1)]),
                0.022,
                rgb=fabric.metal,
                tone=0.8,
            )
            p.line(
                open_curve([(-1.0, top + 0.16), (-0.48, top + 0.2), (0.1, top + 0.14)]),
                0.016,
                tone=-0.35,
            )
        else:
            strap = limb(
                [(-0.98, -0.75 + lift), (-0.5, -0.70 + lift), (-0.02, -0.80 + lift)], [0.06, 0.06]
            )
            p.part(strap, cloth, inside=True, dome=0.05, shadow=0.4)
            buckle = rectangle(-0.62, -0.80 + lift, -0.44, -0.62 + lift, 0.02)
            p.line(np.vstack([buckle, buckle[:1]]), 0.035, rgb=fabric.metal, tone=1.0)

    def _draw_laces(self, p: Painter, fabric: Fabric, top: float) -> None:
        front = open_curve([(-0.08, top + 0.12), (-0.09, -1.05), (0.02, -0.80), (0.26, -0.66)])
        stay = np.vstack([front + np.array([-0.02, 0.0]), (front + np.array([-0.17, 0.10]))[::-1]])
        p.part(stay, fabric.main.plain(), inside=True, dome=0.05, shadow=0.3)
        p.stitch(front + np.array([-0.19, 0.11]), fabric.thread, 0.6)
        lace = rubber(fabric.thread if self.style == "hiking" else (0.12, 0.11, 0.10))
        for i in np.linspace(0, len(front) - 1, 7):
            x, y = front[round(i)]
            p.part(
                limb([(x - 0.11, y + 0.06), (x + 0.05, y - 0.02)], [0.026, 0.026]),
                lace,
                dome=0.03,
                shadow=0.35,
            )
            p.button(float(x) - 0.11, float(y) + 0.06, 0.024, fabric.metal)
        if self.style == "hiking":
            p.part(
                limb([(-0.95, top + 0.05), (-0.5, top + 0.12), (-0.02, top + 0.03)], [0.10, 0.10]),
                fabric.trim.plain(),
                dome=0.1,
                bulge=0.1,
                shadow=0.3,
            )
            bumper = closed_curve(
                [(0.5, 0.0, 1), (0.58, -0.30), (0.75, -0.38), (1.1, -0.3, 1), (1.1, 0.0, 1)]
            )
            p.part(bumper, rubber(DARK_RUBBER), inside=True, dome=0.08, shadow=0.3)

    def _draw_sole(self, p: Painter, lift: float) -> None:
        rgb = TAN if self.light_sole else DARK_RUBBER
        thick = 0.16 if self.style in ("lace-up", "hiking", "chelsea") else 0.06
        block = closed_curve(
            [(-0.96, lift + 0.04, 1), (-0.42, lift + 0.10, 1), (-0.50, 0.0, 1), (-0.92, 0.0, 1)]
        )
        p.part(block, rubber(rgb), dome=0.08, shadow=0.2)
        sole = closed_curve([
            (-0.97, lift + 0.02, 1), (-0.40, 0.75 * lift + 0.02), (0.1, -thick + 0.02),
            (0.8, -thick - 0.02), (1.03, -thick - 0.06, 1), (1.02, -0.05), (0.86, 0.0),
            (0.2, 0.0), (-0.1, 0.35 * lift + 0.06),
            (-0.5, lift + 0.10 if self.heel > 0.3 else 0.0),
            (-0.96, lift + 0.11 if self.heel > 0.3 else 0.0, 1),
        ])  # fmt: skip
        p.part(sole, rubber(rgb), dome=0.07, bulge=0.06, shadow=0.4)
        if self.style in ("lace-up", "hiking"):
            p.line(
                open_curve([(-0.94, -0.17), (0.0, -0.15), (1.0, -0.2)]),
                0.02,
                rgb=(0.85, 0.7, 0.3),
                tone=0.8,
                dash=0.04,
            )
            for x in np.arange(-0.9, 0.95, 0.14):
                p.line(np.array([[x, -0.06], [x, 0.02]]), 0.05, tone=-0.5)

    def draw_front(self, p: Painter, fabric: Fabric, side: float) -> None:
        """One worn boot from the front."""
        cloth = fabric.main.folded(Folds(depth=0.03, across=1.5, along=1.2))
        x = FOOT_X * side
        top = {"knee-high": 4.95, "ankle": 5.95}.get(self.style, 5.75)
        sole = rectangle(-0.21, FLOOR_Y - 0.10, 0.21, FLOOR_Y + 0.02, 0.05) + np.array([x, 0])
        p.part(sole, rubber(DARK_RUBBER), dome=0.05)
        wide = 0.23 if self.style == "knee-high" else 0.19
        outline = symmetric(
            [
                (0.0, top),
                (wide, top, 1),
                (0.16, 6.25),
                (0.20, FLOOR_Y - 0.16),
                (0.16, FLOOR_Y - 0.05),
                (0.0, FLOOR_Y - 0.03),
            ]
        ) + np.array([x, 0.0])
        p.part(outline, cloth, dome=0.14, bulge=0.16)
        p.crease(open_curve([(x - 0.14, 6.3), (x, 6.36), (x + 0.14, 6.3)]), 0.03, 0.22)
        if self.style in ("lace-up", "hiking"):
            for y in np.linspace(top + 0.1, FLOOR_Y - 0.3, 6):
                p.line(
                    np.array([[x - 0.08, y], [x + 0.08, y + 0.02]]),
                    0.026,
                    rgb=fabric.thread,
                    tone=0.9,
                )
