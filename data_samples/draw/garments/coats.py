"""Coats to the knee: overcoat, double-breasted, trench and parka."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_samples.draw.cloth import Cloth, Folds
from data_samples.draw.curves import limb, open_curve, rectangle, symmetric
from data_samples.draw.garments.fastenings import draw_patch_pocket
from data_samples.draw.garments.legs import SIDES, turned
from data_samples.draw.garments.piece import Fabric, Tailored, View, between, pick
from data_samples.draw.garments.shirts import draw_lapels
from data_samples.draw.garments.torso import Torso, draw_inner_back, draw_sleeves, draw_torso
from data_samples.draw.painter import Painter


@dataclass(frozen=True, slots=True, kw_only=True)
class Coat(Tailored):
    """A long coat to the knee: overcoat, double-breasted, trench or hooded parka."""

    torso: Torso
    style: str

    @classmethod
    def sample(cls, rng: np.random.Generator, cut: str) -> Coat:
        """One design."""
        women = cut == "women"
        body = Tailored(cut="women" if women else "men").body
        style = pick(rng, "overcoat", "double-breasted", "trench", "parka")
        torso = Torso(
            body=body, neck="open" if style != "parka" else "crew", neck_half=body.neck + 0.10,
            neck_depth={"parka": 0.16, "overcoat": 1.2}.get(style, 0.95), sleeve="long",
            ease=between(rng, 0.20, 0.30), shape=between(rng, 0.4, 0.7) if women else 0.2,
            hem_y=between(rng, 4.1, 4.9) if style != "parka" else between(rng, 3.6, 4.0),
            hem_flare=between(rng, 0.0, 0.16) if women else 0.02, hem_curve=0.05, arm_ease=0.07,
        )  # fmt: skip
        return cls(cut="women" if women else "men", torso=torso, style=style)

    @property
    def words(self) -> tuple[str, ...]:
        """Style."""
        return (
            {
                "overcoat": "Wool Blend",
                "double-breasted": "Double-Breasted",
                "trench": "Belted Trench",
                "parka": "Hooded Parka",
            }[self.style],
        )

    @property
    def focus(self) -> tuple[float, float, float]:
        """Lapels and buttons."""
        return (0.05, 0.75, 0.8)

    def draw(self, p: Painter, fabric: Fabric, view: View) -> None:
        """Sleeves, body, lapels or hood, buttons, belt, pockets."""
        cloth = fabric.main.folded(Folds(depth=0.045, across=1.8, along=0.4))
        hem = self.torso.hem_y
        draw_sleeves(p, self.torso, cloth)
        if self.style == "parka":
            self._draw_hood(p, fabric, cloth, view)
        draw_inner_back(p, self.torso, fabric.trim, view)
        draw_torso(p, self.torso, cloth, view)
        for side in SIDES:
            p.crease(open_curve([(0.5, 2.2), (0.52, 3.2), (0.62, hem)]) * turned(side), 0.06, 0.13)
        if view == "back":
            p.line(np.array([[0.0, 0.2], [0.0, hem]]), 0.018, tone=-0.28)
            p.line(np.array([[0.0, hem - 1.0], [0.0, hem + 0.06]]), 0.03, tone=-0.5)
            half = self.torso.neck_half
            p.part(
                symmetric([(0.0, -0.24), (half, -0.22, 1), (half + 0.1, 0.1, 1), (0.0, 0.16)]),
                cloth,
                dome=0.07,
                bulge=0.06,
                shadow=0.4,
            )
            if self.style == "trench":
                self._draw_belt(p, fabric, cloth, buckle=False)
            return
        if self.style == "parka":
            self._draw_parka_front(p, fabric, cloth)
            return
        double = self.style != "overcoat"
        edge_x = 0.24 if double else 0.10
        p.line(
            open_curve(
                [(edge_x, self.torso.neck_depth), (edge_x, 2.8), (edge_x + 0.02, hem + 0.05)]
            ),
            0.025,
            tone=-0.42,
        )
        draw_lapels(
            p,
            cloth,
            self.torso.neck_half,
            self.torso.neck_depth + 0.06,
            width=0.34 if double else 0.26,
            cross=0.10 if double else 0.03,
        )
        for y in np.linspace(self.torso.neck_depth + 0.22, 2.75, 3):
            p.button(edge_x - 0.10 if not double else 0.13, float(y), 0.062, fabric.thread)
            if double:
                p.button(-0.33, float(y), 0.062, fabric.thread)
        self._draw_flaps(p, cloth)
        if self.style == "trench":
            for side in SIDES:
                tab = limb([(0.62, 0.10), (0.86, 0.20)], [0.05, 0.05]) * turned(side)
                p.part(tab, cloth, inside=True, dome=0.04, shadow=0.4)
            self._draw_belt(p, fabric, cloth, buckle=True)

    def _draw_flaps(self, p: Painter, cloth: Cloth) -> None:
        for side in SIDES:
            flap = np.array([[0.42, 2.52], [0.78, 2.46], [0.80, 2.64], [0.44, 2.70]]) * turned(side)
            p.part(flap, cloth, inside=True, dome=0.04, shadow=0.45)

    def _draw_belt(self, p: Painter, fabric: Fabric, cloth: Cloth, *, buckle: bool) -> None:
        half = self.torso.body.waist + self.torso.ease + 0.2
        p.part(
            limb([(-half, 1.96), (0.0, 2.02), (half, 1.96)], [0.09, 0.09]),
            cloth.plain(),
            inside=True,
            dome=0.06,
            bulge=0.06,
            shadow=0.5,
        )
        if not buckle:
            return
        p.part(
            limb([(0.08, 2.04), (0.24, 2.4), (0.30, 2.85)], [0.07, 0.08, 0.085]),
            cloth.plain(),
            inside=True,
            dome=0.06,
            shadow=0.5,
        )
        square = np.vstack([rectangle(-0.12, 1.90, 0.10, 2.14, 0.03), [[0.10, 2.11]]])
        p.line(square, 0.04, rgb=fabric.metal, tone=1.0)

    def _draw_hood(self, p: Painter, fabric: Fabric, cloth: Cloth, view: View) -> None:
        half = self.torso.neck_half
        if view == "worn":
            p.part(
                symmetric([(0.0, -0.2), (half + 0.2, -0.12), (half + 0.34, 0.2), (0.0, 0.5)]),
                cloth,
                dome=0.15,
                bulge=0.15,
            )
            return
        fur = fabric.trim.plain()
        steps = np.linspace(0, 2 * np.pi, 120, endpoint=False)
        radius = 1 + 0.035 * np.sin(steps * 23) + 0.03 * np.sin(steps * 37 + 1)
        ring = np.stack(
            [0.62 * radius * np.sin(steps), -0.36 + 0.72 * radius * np.cos(steps)], axis=1
        )
        p.part(ring, fur, dome=0.14, bulge=0.14)
        p.part(
            symmetric([(0.0, -0.88), (0.34, -0.74), (0.44, -0.3), (0.34, 0.2), (0.0, 0.34)]),
            cloth,
            tone=0.5,
            dome=0.2,
            shadow=0.3,
        )

    def _draw_parka_front(self, p: Painter, fabric: Fabric, cloth: Cloth) -> None:
        hem = self.torso.hem_y
        p.part(
            rectangle(-0.13, 0.1, 0.13, hem + 0.1),
            cloth,
            inside=True,
            dome=0.05,
            bulge=0.04,
            shadow=0.4,
        )
        for y in np.linspace(0.45, hem - 0.25, 6):
            p.button(0.06, float(y), 0.05, fabric.metal)
        for side in SIDES:
            draw_patch_pocket(p, cloth, 0.55 * side, 2.35, 0.27, 0.62)
            flap = rectangle(0.26, 2.28, 0.84, 2.5, 0.03) * turned(side)
            p.part(flap, cloth, inside=True, dome=0.04, shadow=0.45)
            p.button(0.55 * side, 2.42, 0.045, fabric.metal)
        p.crease(open_curve([(-0.8, 1.95), (0.0, 2.02), (0.8, 1.95)]), 0.05, 0.25)
        half = self.torso.neck_half
        p.part(
            symmetric([(0.0, 0.14), (half - 0.06, -0.08, 1), (half + 0.1, 0.1), (0.0, 0.40)]),
            cloth,
            dome=0.08,
            bulge=0.08,
            shadow=0.4,
        )
        p.line(np.array([[0.0, 0.1], [0.0, 0.40]]), 0.02, tone=-0.5)
