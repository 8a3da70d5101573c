"""Sandals: straps, slides, wedges and gladiators."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_samples.draw.cloth import Cloth, Folds
from data_samples.draw.curves import (
    closed_curve,
    ellipse,
    limb,
    open_curve,
    rectangle,
)
from data_samples.draw.garments.footwear import (
    FLOOR_Y,
    FOOT_X,
    STILL,
)
from data_samples.draw.garments.piece import Fabric, between, pick
from data_samples.draw.painter import Painter


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandals:
    """Open shoes: straps, slides, wedges or gladiators on a cork or rubber sole."""

    style: str
    sole: float
    cork: bool

    @classmethod
    def sample(cls, rng: np.random.Generator, cut: str) -> Sandals:
        """One design."""
        style = pick(
            rng,
            *(
                ("strappy", "slide", "wedge", "gladiator")
                if cut == "women"
                else ("slide", "strappy", "buckle")
            ),
        )
        return cls(style=style, sole=between(rng, 0.13, 0.24), cork=bool(rng.random() < 0.35))

    @property
    def words(self) -> tuple[str, ...]:
        """Style."""
        return (
            {
                "strappy": "Ankle Strap",
                "slide": "Slide",
                "wedge": "Wedge",
                "gladiator": "Gladiator",
                "buckle": "Buckle",
            }[self.style],
        )

    @property
    def focus(self) -> tuple[float, float, float]:
        """Straps."""
        return (0.35, -0.3, 0.55)

    def _sole_cloth(self, cloth: Cloth) -> Cloth:
        if self.cork:
            return Cloth(rgb=(0.74, 0.56, 0.38), weave="suede", folds=Folds(depth=0))
        return cloth.tinted((0.06, 0.05, 0.05), 0.3).folded(Folds(depth=0))

    def draw_side(self, p: Painter, fabric: Fabric) -> None:
        """One sandal from its outer side."""
        cloth = fabric.main.folded(STILL)
        lift = -(self.sole + (0.55 if self.style == "wedge" else 0.06))
        flat = -self.sole
        foot = closed_curve(
            [
                (-0.98, lift - 0.02, 1),
                (-0.5, lift + 0.0),
                (0.1, 0.5 * (lift + flat) + 0.02),
                (0.6, flat + 0.0),
                (1.02, flat - 0.03, 1),
                (0.9, flat - 0.09),
                (0.4, flat - 0.09),
                (-0.3, 0.7 * lift + 0.3 * flat - 0.09),
                (-0.9, lift - 0.09),
            ]
        )
        p.part(
            foot,
            cloth.tinted((0.80, 0.64, 0.46), 0.3).woven_as("suede"),
            dome=0.06,
            tone=0.92,
        )
        sole = closed_curve(
            [
                (-1.0, lift - 0.03, 1),
                (-0.4, lift + 0.03),
                (0.2, 0.5 * (lift + flat) + 0.03),
                (0.7, flat + 0.01),
                (1.04, flat - 0.04, 1),
                (1.06, 0.4 * flat),
                (0.94, -0.02),
                (0.3, 0.0),
                (-0.5, 0.0),
                (-0.94, 0.0),
                (-1.02, 0.4 * lift),
            ]
        )
        p.part(sole, self._sole_cloth(cloth), dome=0.08, bulge=0.07, shadow=0.3)
        p.line(
            open_curve([(-1.0, -0.045), (0.0, -0.035), (1.02, -0.06)]),
            0.05,
            rgb=(0.2, 0.17, 0.15),
            tone=0.8,
        )
        p.line(
            open_curve(
                [
                    (-1.0, lift + 0.03),
                    (-0.4, lift + 0.08),
                    (0.2, 0.5 * (lift + flat) + 0.08),
                    (0.7, flat + 0.06),
                    (1.04, flat + 0.02),
                ]
            ),
            0.014,
            tone=-0.35,
        )
        self._draw_straps(p, fabric, cloth, lift, flat)

    def _draw_straps(
        self, p: Painter, fabric: Fabric, cloth: Cloth, lift: float, flat: float
    ) -> None:
        middle = 0.5 * (lift + flat)
        if self.style == "slide":
            self._strap(p, fabric, cloth, (0.02, middle - 0.02), (0.80, flat - 0.06), 0.46)
        elif self.style == "buckle":
            self._strap(p, fabric, cloth, (0.50, flat - 0.03), (0.86, flat - 0.06), 0.30)
            self._strap(p, fabric, cloth, (-0.04, middle - 0.02), (0.36, flat - 0.03), 0.48)
        else:
            self._strap(p, fabric, cloth, (0.50, flat - 0.03), (0.82, flat - 0.06), 0.30)
            if self.style == "gladiator":
                self._strap(p, fabric, cloth, (0.14, middle - 0.02), (0.36, flat - 0.03), 0.42)
            self._draw_ankle(p, fabric, cloth, lift, flat)

    def _strap(
        self,
        p: Painter,
        fabric: Fabric,
        cloth: Cloth,
        back: tuple[float, float],
        front: tuple[float, float],
        high: float,
    ) -> None:
        """A band over the foot, seen from the side: a low hill with its far side behind it."""
        (x0, y0), (x1, y1) = back, front
        width = x1 - x0
        hill = closed_curve([
            (x0, y0 + 0.06, 1), (x0 + 0.02, y0 - 0.45 * high),
            (x0 + 0.16 * width + 0.05, y0 - high), (x0 + 0.45 * width + 0.05, y0 - 0.98 * high),
            (x1 - 0.12 * width, y1 - 0.55 * high), (x1, y1 + 0.06, 1),
            (x0 + 0.5 * width, 0.5 * (y0 + y1) + 0.08),
        ])  # fmt: skip
        p.part(hill + np.array([-0.07, -0.035]), cloth, tone=0.5, dome=0.05, shadow=0.0)
        p.part(hill, cloth, axis=((0.0, 0.0), (0.4, 1.0)), dome=0.16, bulge=0.12, shadow=0.3)
        rim = open_curve(
            [
                (x0 + 0.05, y0),
                (x0 + 0.07, y0 - 0.45 * high),
                (x0 + 0.16 * width + 0.09, y0 - 0.93 * high),
            ]
        )
        p.stitch(rim, tone=-0.3)
        p.stitch(
            open_curve(
                [
                    (x0 + 0.45 * width + 0.06, y0 - 0.9 * high),
                    (x1 - 0.16 * width, y1 - 0.5 * high),
                    (x1 - 0.05, y1),
                ]
            ),
            tone=-0.3,
        )
        if self.style == "buckle":
            x, y = x0 + 0.42 * width, y0 - 0.45 * high
            frame = rectangle(x - 0.075, y - 0.07, x + 0.075, y + 0.07, 0.02)
            p.line(np.vstack([frame, frame[:1]]), 0.03, rgb=fabric.metal, tone=1.0)
            p.line(np.array([[x, y - 0.06], [x, y + 0.06]]), 0.02, rgb=fabric.metal, tone=1.0)

    def _draw_ankle(
        self, p: Painter, fabric: Fabric, cloth: Cloth, lift: float, flat: float
    ) -> None:
        """A heel counter and one ring around the ankle, or three with a spine."""
        rings = 3 if self.style == "gladiator" else 1
        top = lift - 0.60
        for i in range(rings):
            ring = ellipse(-0.57 + 0.02 * i, top - 0.26 * i, 0.33 + 0.01 * i, 0.085)
            p.part(
                limb([(float(x), float(y)) for x, y in ring[19:]], [0.045, 0.045]),
                cloth,
                tone=0.5,
                dome=0.04,
                shadow=0,
            )
        counter = closed_curve(
            [
                (-0.98, lift, 1),
                (-1.0, lift - 0.3),
                (-0.93, top - 0.06, 1),
                (-0.80, top - 0.02, 1),
                (-0.80, lift - 0.3),
                (-0.62, lift - 0.02, 1),
            ]
        )
        p.part(counter, cloth, dome=0.10, bulge=0.08, shadow=0.2)
        p.stitch(open_curve([(-0.84, top), (-0.84, lift - 0.3), (-0.68, lift - 0.05)]), tone=-0.3)
        if rings == 3:
            spine = limb(
                [
                    (0.44, flat - 0.32),
                    (0.10, 0.6 * lift - 0.42),
                    (-0.18, top - 0.05),
                    (-0.24, top - 0.56),
                ],
                [0.05, 0.045],
            )
            p.part(spine, cloth, dome=0.05, shadow=0.25)
            p.part(
                limb([(-0.90, top), (-0.90, top - 0.54)], [0.045, 0.045]),
                cloth,
                dome=0.05,
                shadow=0.2,
            )
        for i in range(rings):
            ring = ellipse(-0.57 + 0.02 * i, top - 0.26 * i, 0.33 + 0.01 * i, 0.085)
            p.part(
                limb([(float(x), float(y)) for x, y in ring[:21]], [0.055, 0.055]),
                cloth,
                dome=0.05,
                shadow=0.3,
            )
            x, y = -0.44 + 0.02 * i, top - 0.26 * i + 0.075
            frame = rectangle(x - 0.06, y - 0.07, x + 0.06, y + 0.06, 0.02)
            p.line(np.vstack([frame, frame[:1]]), 0.026, rgb=fabric.metal, tone=1.0)

    def draw_front(self, p: Painter, fabric: Fabric, side: float) -> None:
        """One worn sandal from the front."""
        cloth = fabric.main.folded(STILL)
        x = FOOT_X * side
        sole = rectangle(-0.20, FLOOR_Y - 0.10, 0.20, FLOOR_Y + 0.02, 0.05) + np.array([x, 0])
        p.part(
            sole,
            self._sole_cloth(cloth),
            dome=0.05,
        )
        rows = (6.58,) if self.style == "slide" else (6.24, 6.58)
        for y in rows:
            half = 0.10 if self.style == "slide" else 0.05
            p.part(
                limb([(x - 0.17, y + 0.02), (x, y - 0.03), (x + 0.17, y + 0.02)], [half, half]),
                cloth,
                dome=0.05,
            )
