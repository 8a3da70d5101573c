"""Woven trousers: suit, chino, cargo and wide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_samples.draw.cloth import Folds
from data_samples.draw.curves import limb, open_curve, rectangle
from data_samples.draw.garments.legs import SIDES, TOP, Legs, sample_legs, turned
from data_samples.draw.garments.piece import Fabric, View, between, pick
from data_samples.draw.painter import Painter


@dataclass(frozen=True, slots=True, kw_only=True)
class Trousers:
    """Woven trousers: pleated suit trousers, chinos, cargos, wide legs."""

    legs: Legs
    style: str
    form: str

    @classmethod
    def sample(cls, rng: np.random.Generator, cut: str) -> Trousers:
        """One design."""
        style = pick(rng, "suit", "chino", "cargo", "wide" if cut == "women" else "suit")
        form = {"suit": "straight", "chino": "slim", "cargo": "tapered", "wide": "wide"}[style]
        rise = 0.22 if style == "wide" else between(rng, 0.0, 0.1)
        return cls(legs=sample_legs(rng, cut, form, 6.3, rise), style=style, form=form)

    @property
    def words(self) -> tuple[str, ...]:
        """Style."""
        return (
            {"suit": "Tailored", "chino": "Slim Chino", "cargo": "Cargo", "wide": "Wide Leg"}[
                self.style
            ],
        )

    @property
    def focus(self) -> tuple[float, float, float]:
        """Waistband and pockets."""
        return (0.1, 2.45, 0.62)

    def draw(self, p: Painter, fabric: Fabric, view: View) -> None:
        """Legs, creases, pockets, band."""
        cloth = fabric.main.folded(Folds(depth=0.04, across=2.0, along=0.7))
        legs = self.legs
        legs.draw_legs(p, cloth, view)
        top = TOP - legs.rise
        for side in SIDES:
            x0, x1 = legs.centre_x(3.0), legs.centre_x(legs.hem_y)
            if self.style in ("suit", "wide"):
                press = open_curve(
                    [
                        (x0 - 0.06, top + 0.3),
                        (x0, 3.4),
                        (legs.centre_x(4.8), 4.8),
                        (x1, legs.hem_y + 0.03),
                    ]
                )
                p.line(press * turned(side) + np.array([0.025, 0]), 0.04, tone=-0.22, soft=0.025)
                p.line(press * turned(side), 0.02, tone=0.22)
            p.stitch(legs.hem_line(side, 0.12), tone=-0.25)
            if view == "back":
                p.line(np.array([[0.20, 2.5], [0.50, 2.48]]) * turned(side), 0.03, tone=-0.45)
                p.button(0.35 * side, 2.58, 0.03, fabric.thread)
            else:
                slit = np.array([[0.40, top + 0.22], [0.64, top + 0.75]]) * turned(side)
                p.line(slit, 0.022, tone=-0.45)
                p.stitch(slit + np.array([-0.035 * side, 0.0]), tone=-0.2)
            if self.style == "cargo":
                x = (legs.centre_x(4.0) + 0.16) * side
                pocket = rectangle(x - 0.19, 3.75, x + 0.19, 4.35, 0.03)
                p.part(pocket, cloth, inside=True, dome=0.06, bulge=0.06, shadow=0.45)
                p.part(
                    rectangle(x - 0.21, 3.70, x + 0.21, 3.92, 0.03),
                    cloth,
                    inside=True,
                    dome=0.04,
                    shadow=0.45,
                )
                p.button(x, 3.85, 0.035, fabric.metal)
        legs.draw_waistband(p, cloth, 0.20)
        if self.style != "wide":
            legs.draw_loops(p, cloth)
        if view != "back":
            legs.draw_fly(p, fabric, 0.35)
        if self.style == "wide" and view != "back":
            p.part(
                limb([(-0.6, top + 0.10), (0.0, top + 0.17), (0.6, top + 0.10)], [0.06, 0.06]),
                cloth.plain(),
                inside=True,
                dome=0.05,
                bulge=0.05,
                shadow=0.4,
            )
            for dx, long in ((0.10, 0.75), (-0.08, 0.6)):
                p.part(
                    limb(
                        [(0.0, top + 0.18), (dx, top + 0.5), (dx * 1.6, top + long)],
                        [0.03, 0.05, 0.055],
                    ),
                    cloth.plain(),
                    inside=True,
                    dome=0.05,
                    shadow=0.4,
                )
