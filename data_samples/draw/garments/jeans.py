"""Jeans: denim with five pockets, contrast stitching and fading."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_samples.draw.cloth import Cloth, Folds
from data_samples.draw.curves import ellipse, open_curve
from data_samples.draw.garments.legs import SIDES, TOP, Legs, sample_legs, turned
from data_samples.draw.garments.piece import Fabric, View, between, pick
from data_samples.draw.painter import Painter


@dataclass(frozen=True, slots=True, kw_only=True)
class Jeans:
    """Denim trousers with five pockets, contrast stitching, fading, sometimes rips."""

    legs: Legs
    form: str
    faded: float
    ripped: bool
    turned_up: bool

    @classmethod
    def sample(cls, rng: np.random.Generator, cut: str) -> Jeans:
        """One design."""
        forms = (
            ("skinny", "straight", "flared", "wide")
            if cut == "women"
            else ("slim", "straight", "tapered")
        )
        form = pick(rng, *forms)
        turned_up = bool(rng.random() < 0.25) and form in ("slim", "straight", "tapered")
        legs = sample_legs(
            rng, cut, form, 6.3 - (0.3 if turned_up else 0.0), between(rng, 0.0, 0.15)
        )
        return cls(
            legs=legs,
            form=form,
            faded=between(rng, 0.05, 0.4),
            ripped=bool(rng.random() < 0.2),
            turned_up=turned_up,
        )

    @property
    def words(self) -> tuple[str, ...]:
        """Fit."""
        fit = {
            "skinny": "Skinny",
            "slim": "Slim Fit",
            "straight": "Straight Fit",
            "wide": "Wide Leg",
            "flared": "Flared",
            "tapered": "Tapered",
        }[self.form]
        return (*(("Ripped",) if self.ripped else ()), fit)

    @property
    def focus(self) -> tuple[float, float, float]:
        """Pockets and fly."""
        return (0.15, 2.5, 0.62)

    def draw(self, p: Painter, fabric: Fabric, view: View) -> None:
        """Legs, fading, seams, pockets, band."""
        cloth = (
            fabric.main.plain().woven_as("denim").folded(Folds(depth=0.045, across=2.0, along=1.3))
        )
        legs = self.legs
        legs.draw_legs(p, cloth, view)
        self._draw_fading(p)
        tone = 0.75
        for side in SIDES:
            for inset in (0.06, 0.09):
                p.stitch(legs.hem_line(side, inset), fabric.thread, tone)
            if self.turned_up:
                self._draw_cuff(p, cloth, side)
        top = TOP - legs.rise
        if view == "back":
            legs.draw_back_pockets(p, cloth, fabric, tone)
        else:
            for side in SIDES:
                pocket = open_curve(
                    [(0.26, top + 0.24), (0.32, 2.46), (0.50, 2.58), (0.72, 2.56)]
                ) * turned(side)
                p.line(pocket, 0.03, tone=-0.35, soft=0.012)
                p.stitch(pocket + np.array([-0.01 * side, 0.03]), fabric.thread, tone)
                p.stitch(pocket + np.array([-0.02 * side, 0.06]), fabric.thread, tone)
                p.button(0.30 * side, top + 0.32, 0.022, fabric.metal)
            if self.ripped:
                self._draw_rips(p)
        legs.draw_waistband(p, cloth, 0.22)
        legs.draw_loops(p, cloth)
        if view != "back":
            legs.draw_fly(p, fabric, tone)

    def _draw_fading(self, p: Painter) -> None:
        legs, body = self.legs, self.legs.body
        for side in SIDES:
            thigh = ellipse(side * (legs.centre_x(3.7) + 0.02), 3.75, legs.thigh * 0.42, 0.62)
            p.patch(thigh, tone=self.faded, soft=0.26)
            shin = ellipse(side * legs.centre_x(5.4), 5.45, legs.knee * 0.4, 0.5)
            p.patch(shin, tone=0.5 * self.faded, soft=0.22)
            for i, y in enumerate((3.28, 3.42, 3.55)):
                whisker = open_curve(
                    [(0.14, y), (0.34, y - 0.08), (0.56, y - 0.22 - 0.02 * i)]
                ) * turned(side)
                p.line(whisker, 0.04, tone=0.5 * self.faded, soft=0.03)
            p.line(
                open_curve([(body.hip - 0.02, 2.5), (legs.centre_x(4.2) + legs.thigh - 0.06, 4.2)])
                * turned(side),
                0.014,
                tone=-0.2,
            )

    def _draw_rips(self, p: Painter) -> None:
        for side, y in ((1.0, self.legs.body.knee_y - 0.1), (-1.0, 4.1), (1.0, 3.75)):
            x = side * self.legs.centre_x(y)
            p.patch(ellipse(x, y, 0.16, 0.055), rgb=(0.93, 0.92, 0.90), tone=0.85, soft=0.012)
            for dy in (-0.03, 0.0, 0.03):
                p.line(np.array([[x - 0.17, y + dy], [x + 0.17, y + dy + 0.008]]), 0.012, tone=-0.3)

    def _draw_cuff(self, p: Painter, cloth: Cloth, side: float) -> None:
        lower, upper = self.legs.hem_line(side, -0.02), self.legs.hem_line(side, 0.17)
        wide = np.vstack([lower, upper[::-1]])
        p.part(wide, cloth.tinted((0.85, 0.87, 0.9), 0.35), dome=0.06, bulge=0.05, shadow=0.3)
