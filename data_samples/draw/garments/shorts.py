"""Shorts: denim, chino and sports."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_samples.draw.cloth import Folds
from data_samples.draw.curves import ellipse, limb
from data_samples.draw.garments.legs import SIDES, TOP, Legs, turned
from data_samples.draw.garments.piece import Fabric, View, between, pick
from data_samples.draw.painter import Painter


@dataclass(frozen=True, slots=True, kw_only=True)
class Shorts:
    """Shorts: denim, chino or sports."""

    legs: Legs
    style: str

    @classmethod
    def sample(cls, rng: np.random.Generator, cut: str) -> Shorts:
        """One design."""
        style = pick(rng, "denim", "chino", "sports")
        hem_y = between(rng, 3.72, 4.0) if cut == "women" else between(rng, 4.2, 4.6)
        women = cut == "women"
        legs = Legs(
            cut="women" if women else "men",
            thigh=0.38,
            knee=0.40,
            hem=between(rng, 0.38, 0.45),
            hem_y=hem_y,
            spread=0.42 if women else 0.26,
            rise=between(rng, 0.0, 0.15),
        )
        return cls(legs=legs, style=style)

    @property
    def words(self) -> tuple[str, ...]:
        """Style."""
        return ({"denim": "Denim", "chino": "Chino", "sports": "Running"}[self.style],)

    @property
    def focus(self) -> tuple[float, float, float]:
        """Waistband."""
        return (0.1, 2.4, 0.6)

    def draw(self, p: Painter, fabric: Fabric, view: View) -> None:
        """Legs, pockets, band or drawstring."""
        denim = self.style == "denim"
        cloth = fabric.main.folded(Folds(depth=0.045, across=1.9, along=0.8))
        cloth = cloth.woven_as("denim") if denim else cloth
        legs = self.legs
        legs.draw_legs(p, cloth, view)
        top = TOP - legs.rise
        for side in SIDES:
            if denim:
                cuff = np.vstack([legs.hem_line(side, -0.01), legs.hem_line(side, 0.15)[::-1]])
                p.part(cuff, cloth.tinted((0.9, 0.9, 0.92), 0.3), dome=0.05, bulge=0.04, shadow=0.3)
                p.patch(ellipse(side * 0.40, 3.35, 0.18, 0.3), tone=0.25, soft=0.2)
            else:
                p.stitch(legs.hem_line(side, 0.12), tone=-0.3)
            if self.style == "sports":
                x = legs.centre_x(legs.hem_y) + legs.hem
                panel = np.array(
                    [
                        [0.66, 2.2],
                        [0.90, 2.2],
                        [x + 0.1, legs.hem_y + 0.1],
                        [x - 0.10, legs.hem_y + 0.1],
                        [0.70, 3.0],
                    ]
                ) * turned(side)
                p.part(panel, fabric.trim.plain(), inside=True, dome=0.05, bulge=0.03, shadow=0.1)
            if view != "back":
                slit = np.array([[0.40, top + 0.22], [0.66, top + 0.72]]) * turned(side)
                p.line(slit, 0.024, tone=-0.45)
                p.stitch(slit + np.array([-0.04 * side, 0]), fabric.thread, 0.7 if denim else 0.3)
        if view == "back" and self.style != "sports":
            legs.draw_back_pockets(p, cloth, fabric, 0.7 if denim else 0.3)
        band = cloth.plain() if self.style != "sports" else cloth.plain().woven_as("rib")
        legs.draw_waistband(p, band, 0.22)
        if self.style == "sports":
            if view != "back":
                for side in SIDES:
                    cord = limb(
                        [(0.03, top + 0.2), (0.09, top + 0.45), (0.07, top + 0.72)], [0.02, 0.02]
                    ) * turned(side)
                    p.part(cord, fabric.trim.plain(), inside=True, dome=0.03, shadow=0.35)
            return
        legs.draw_loops(p, cloth)
        if view != "back":
            legs.draw_fly(p, fabric, 0.7 if denim else 0.3)
