"""Close-fitting leggings with a high waistband."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_samples.draw.cloth import Folds
from data_samples.draw.curves import ellipse, open_curve
from data_samples.draw.garments.legs import SIDES, TOP, Legs, turned
from data_samples.draw.garments.piece import Fabric, View, between
from data_samples.draw.painter import Painter


@dataclass(frozen=True, slots=True, kw_only=True)
class Leggings:
    """Close-fitting sports leggings with a high waistband and panels."""

    legs: Legs
    panel: bool
    cropped: bool

    @classmethod
    def sample(cls, rng: np.random.Generator, cut: str) -> Leggings:
        """One design; always cut for women."""
        del cut
        cropped = bool(rng.random() < 0.3)
        legs = Legs(
            cut="women",
            thigh=0.325,
            knee=0.205,
            hem=0.155 if cropped else 0.125,
            hem_y=5.5 if cropped else between(rng, 6.2, 6.4),
            rise=between(rng, 0.2, 0.4),
        )
        return cls(legs=legs, panel=bool(rng.random() < 0.6), cropped=cropped)

    @property
    def words(self) -> tuple[str, ...]:
        """Length and waist."""
        return ("Cropped", "High Waist") if self.cropped else ("High Waist",)

    @property
    def focus(self) -> tuple[float, float, float]:
        """Waistband."""
        return (0.0, 2.3, 0.62)

    def draw(self, p: Painter, fabric: Fabric, view: View) -> None:
        """Legs, side panels, seams, wide elastic band."""
        cloth = fabric.main.folded(Folds(depth=0.018, across=1.5, along=0.6))
        legs = self.legs
        legs.draw_legs(p, cloth, view)
        for side in SIDES:
            if self.panel:
                stripe = open_curve(
                    [
                        (0.64, 2.3),
                        (legs.centre_x(3.6) + legs.thigh - 0.10, 3.5),
                        (legs.centre_x(4.75) + legs.knee - 0.06, 4.75),
                        (legs.centre_x(5.6) + 0.12, 5.6),
                        (legs.centre_x(6.3) + 0.06, 6.4),
                    ]
                ) * turned(side)
                p.line(stripe, 0.09, rgb=fabric.trim.rgb, tone=0.9)
            p.line(
                open_curve(
                    [(0.10, 3.3), (legs.centre_x(4.6) - 0.1, 4.6), (legs.centre_x(5.9) - 0.06, 5.9)]
                )
                * turned(side),
                0.012,
                tone=-0.2,
            )
            p.patch(
                ellipse(side * (legs.centre_x(3.8) - 0.03), 3.8, 0.07, 0.6), tone=0.16, soft=0.10
            )
            p.patch(
                ellipse(side * (legs.centre_x(5.3) - 0.02), 5.3, 0.045, 0.5), tone=0.13, soft=0.07
            )
            p.stitch(legs.hem_line(side, 0.06), tone=-0.3)
        legs.draw_waistband(p, cloth, 0.42)
        top = TOP - legs.rise
        p.stitch(
            open_curve([(-0.62, top + 0.38), (0.0, top + 0.45), (0.62, top + 0.38)]), tone=-0.3
        )
        if view != "back":
            p.patch(ellipse(0.34, top + 0.24, 0.06, 0.035), rgb=fabric.trim.rgb, tone=0.9)
