"""High-heeled shoes: stiletto and block, with straps and bows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_samples.draw.cloth import Cloth, Folds
from data_samples.draw.curves import (
    closed_curve,
    ellipse,
    limb,
    rectangle,
    symmetric,
)
from data_samples.draw.garments.footwear import (
    FLOOR_Y,
    FOOT_X,
    STILL,
    TAN,
    rubber,
)
from data_samples.draw.garments.piece import Fabric, between, pick
from data_samples.draw.painter import Painter


@dataclass(frozen=True, slots=True, kw_only=True)
class Heels:
    """High-heeled shoes: stiletto, block, slingback, peep-toe, with a strap or a bow."""

    style: str
    heel: float
    block: bool
    platform: float

    @classmethod
    def sample(cls, rng: np.random.Generator, cut: str) -> Heels:
        """One design; always for women."""
        del cut
        style = pick(rng, "pump", "slingback", "ankle-strap", "bow", "peep-toe")
        return cls(
            style=style,
            heel=between(rng, 0.62, 1.0),
            block=bool(rng.random() < 0.4),
            platform=0.14 if rng.random() < 0.25 else 0.0,
        )

    @property
    def words(self) -> tuple[str, ...]:
        """Heel and style."""
        style = {
            "pump": "",
            "slingback": "Slingback",
            "ankle-strap": "Ankle Strap",
            "bow": "Bow",
            "peep-toe": "Peep Toe",
        }[self.style]
        return tuple(word for word in ("Block" if self.block else "Stiletto", style) if word)

    @property
    def focus(self) -> tuple[float, float, float]:
        """Vamp."""
        return (0.4, -0.3, 0.5)

    def draw_side(self, p: Painter, fabric: Fabric) -> None:
        """One shoe from its outer side."""
        cloth = fabric.main.folded(Folds(depth=0.006))
        lift, base = -self.heel, -self.platform - 0.05
        self._draw_heel(p, cloth, lift)
        lining = closed_curve(
            [
                (-0.90, lift - 0.40, 1),
                (-0.55, lift - 0.28),
                (0.0, 0.5 * lift - 0.18),
                (0.42, base - 0.36, 1),
                (0.3, base - 0.08),
                (-0.3, 0.62 * lift),
                (-0.8, lift - 0.05, 1),
            ]
        )
        p.part(
            lining,
            Cloth(rgb=(0.86, 0.74, 0.62), folds=Folds(depth=0)),
            tone=0.78,
            dome=0.1,
            shadow=0,
        )
        open_toe = self.style == "peep-toe"
        upper = closed_curve([
            (-0.93, lift - 0.44, 1), (-0.72, lift - 0.28), (-0.36, 0.74 * lift - 0.14),
            (0.02, 0.36 * lift + base - 0.06), (0.22, base - 0.20), (0.46, base - 0.36, 1),
            (0.74, base - 0.24), (0.98 if not open_toe else 0.84, base - 0.10),
            (1.06 if not open_toe else 0.80, base - 0.01, 1), (0.6, base + 0.02),
            (0.3, base + 0.0), (-0.05, 0.42 * lift), (-0.45, 0.86 * lift),
            (-0.82, lift + 0.02, 1), (-0.98, lift - 0.12),
        ])  # fmt: skip
        if self.style == "slingback":
            front = closed_curve([
                (-0.05, 0.44 * lift - 0.20, 1), (0.16, base - 0.22), (0.46, base - 0.36, 1),
                (0.74, base - 0.24), (0.98, base - 0.10), (1.06, base - 0.01, 1),
                (0.6, base + 0.02), (0.3, base), (-0.12, 0.46 * lift, 1),
            ])  # fmt: skip
            p.part(
                limb(
                    [(0.0, 0.40 * lift - 0.16), (-0.5, lift - 0.18), (-0.93, lift - 0.34)],
                    [0.04, 0.05],
                ),
                cloth,
                dome=0.04,
                shadow=0.2,
            )
            p.part(
                limb([(-0.93, lift - 0.36), (-0.97, lift - 0.16), (-0.86, lift)], [0.04, 0.04]),
                cloth,
                dome=0.04,
                shadow=0.2,
            )
            p.part(front, cloth, dome=0.16, bulge=0.14, shadow=0.3)
            p.button(-0.55, lift - 0.18, 0.035, fabric.metal)
        else:
            p.part(upper, cloth, axis=((0.0, 0.0), (0.2, 1.0)), dome=0.16, bulge=0.14, shadow=0.3)
        self._draw_sole(p, lift, base)
        p.patch(
            limb(
                [(0.5, base - 0.25), (0.72, base - 0.19), (0.92, base - 0.09)], [0.02, 0.035, 0.01]
            ),
            tone=0.35,
            soft=0.025,
        )
        if self.style == "ankle-strap":
            p.part(
                limb([(-0.94, lift - 0.40), (-0.90, lift - 0.72)], [0.06, 0.045]),
                cloth,
                dome=0.05,
                shadow=0.2,
            )
            ring = ellipse(-0.66, lift - 0.75, 0.30, 0.085)
            p.part(
                limb([(float(x), float(y)) for x, y in ring[20:]], [0.035, 0.035]),
                cloth,
                tone=0.6,
                dome=0.04,
            )
            p.part(
                limb([(float(x), float(y)) for x, y in ring[:22]], [0.045, 0.045]),
                cloth,
                dome=0.04,
                shadow=0.2,
            )
            p.button(-0.52, lift - 0.675, 0.035, fabric.metal)
        elif self.style == "bow":
            for turn in (1.0, -1.0):
                loop = closed_curve(
                    [
                        (0.46, base - 0.36, 1),
                        (0.46 + 0.14 * turn, base - 0.52),
                        (0.46 + 0.28 * turn, base - 0.42 + 0.05 * turn),
                        (0.46 + 0.16 * turn, base - 0.32),
                    ]
                )
                p.part(loop, cloth.plain(), dome=0.07, bulge=0.08, shadow=0.3)
            p.part(ellipse(0.46, base - 0.38, 0.05, 0.06), cloth.plain(), dome=0.05, shadow=0.4)

    def _draw_heel(self, p: Painter, cloth: Cloth, lift: float) -> None:
        if self.block:
            heel = closed_curve(
                [
                    (-0.98, lift - 0.15, 1),
                    (-0.38, 0.86 * lift, 1),
                    (-0.50, 0.4 * lift),
                    (-0.52, 0.0, 1),
                    (-0.92, 0.0, 1),
                    (-0.95, 0.5 * lift),
                ]
            )
        else:
            heel = closed_curve(
                [
                    (-0.98, lift - 0.15, 1),
                    (-0.42, 0.86 * lift, 1),
                    (-0.70, 0.66 * lift),
                    (-0.78, 0.0, 1),
                    (-0.88, 0.0, 1),
                    (-0.90, 0.5 * lift),
                ]
            )
        p.part(heel, cloth.plain(), tone=0.86, dome=0.10, bulge=0.1, shadow=0.2)
        p.patch(
            rectangle(-0.95 if self.block else -0.89, -0.03, -0.5 if self.block else -0.76, 0.01),
            rgb=(0.1, 0.1, 0.1),
            tone=0.9,
        )

    def _draw_sole(self, p: Painter, lift: float, base: float) -> None:
        sole = closed_curve([
            (1.07, base - 0.02, 1), (0.6, base + 0.01), (0.3, base - 0.01),
            (-0.05, 0.42 * lift - 0.01), (-0.45, 0.86 * lift - 0.01), (-0.82, lift + 0.01, 1),
            (-0.80, lift + 0.06, 1), (-0.42, 0.86 * lift + 0.06), (0.0, 0.36 * lift + 0.08),
            (0.32, 0.0), (0.8, 0.0), (1.04, -0.03 - 0.5 * self.platform),
        ])  # fmt: skip
        p.part(
            sole, rubber(TAN if self.platform == 0 else (0.25, 0.2, 0.18)), dome=0.04, shadow=0.25
        )

    def draw_front(self, p: Painter, fabric: Fabric, side: float) -> None:
        """One worn shoe from the front."""
        cloth = fabric.main.folded(STILL)
        x = FOOT_X * side
        outline = symmetric(
            [
                (0.0, 6.56),
                (0.12, 6.42),
                (0.165, 6.34, 1),
                (0.175, 6.55),
                (0.11, FLOOR_Y - 0.08),
                (0.0, FLOOR_Y),
            ]
        ) + np.array([x, 0.0])
        p.part(outline, cloth, dome=0.08, bulge=0.1)
        if self.style == "ankle-strap":
            p.part(
                limb([(x - 0.13, 6.20), (x, 6.24), (x + 0.13, 6.20)], [0.03, 0.03]),
                cloth,
                dome=0.04,
            )
