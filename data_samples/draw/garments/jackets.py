"""Jackets: bomber, denim, biker, quilted and blazer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_samples.draw.cloth import Cloth, Folds
from data_samples.draw.curves import closed_curve, open_curve, rectangle, symmetric
from data_samples.draw.garments.fastenings import draw_zip
from data_samples.draw.garments.legs import SIDES, turned
from data_samples.draw.garments.piece import Fabric, Tailored, View, between, pick
from data_samples.draw.garments.shirts import draw_lapels, draw_shirt_collar
from data_samples.draw.garments.torso import Torso, draw_inner_back, draw_sleeves, draw_torso
from data_samples.draw.painter import Painter


@dataclass(frozen=True, slots=True, kw_only=True)
class Jacket(Tailored):
    """A short jacket: bomber, denim, biker or quilted."""

    torso: Torso
    style: str

    @classmethod
    def sample(cls, rng: np.random.Generator, cut: str) -> Jacket:
        """One design."""
        women = cut == "women"
        body = Tailored(cut="women" if women else "men").body
        style = pick(rng, "bomber", "denim", "biker", "quilted", "blazer")
        puffy = style == "quilted"
        torso = Torso(
            body=body, neck="open" if style in ("biker", "blazer") else "crew",
            neck_half=body.neck + 0.10,
            neck_depth={"biker": 0.55, "blazer": 1.35}.get(style, 0.14), sleeve="long",
            ease=between(rng, 0.16, 0.24) + (0.08 if puffy else 0.0),
            shape=between(rng, 0.2, 0.6) if women else 0.1,
            hem_y={"blazer": 2.95}.get(style, between(rng, 2.4, 2.65)), hem_curve=0.04,
            arm_ease=0.06 + (0.06 if puffy else 0.0), shoulder_drop=0.02,
        )  # fmt: skip
        return cls(cut="women" if women else "men", torso=torso, style=style)

    @property
    def words(self) -> tuple[str, ...]:
        """Style."""
        return (
            {
                "bomber": "Bomber",
                "denim": "Trucker",
                "biker": "Biker",
                "quilted": "Quilted Puffer",
                "blazer": "Blazer",
            }[self.style],
        )

    @property
    def focus(self) -> tuple[float, float, float]:
        """Collar and chest."""
        return (0.1, 0.6, 0.72)

    def draw(self, p: Painter, fabric: Fabric, view: View) -> None:
        """Sleeves, body, then the details of the style."""
        cloth = fabric.main.folded(Folds(depth=0.04, across=1.7, along=0.9))
        rib = fabric.trim.plain().woven_as("rib") if self.style == "bomber" else cloth.plain()
        draw_sleeves(p, self.torso, cloth, cuff=None if self.style in ("biker", "blazer") else rib)
        draw_inner_back(p, self.torso, fabric.trim, view)
        draw_torso(p, self.torso, cloth, view)
        if view == "back":
            self._draw_back(p, cloth)
            return
        match self.style:
            case "bomber":
                self._draw_bomber(p, fabric, rib)
            case "denim":
                self._draw_denim(p, fabric, cloth)
            case "biker":
                self._draw_biker(p, fabric, cloth)
            case "quilted":
                self._draw_quilted(p, fabric, cloth)
            case _:
                self._draw_blazer(p, fabric, cloth)

    def _draw_back(self, p: Painter, cloth: Cloth) -> None:
        sx, sy = self.torso.shoulder
        p.line(
            open_curve([(-sx + 0.03, sy + 0.34), (0.0, sy + 0.38), (sx - 0.03, sy + 0.34)]),
            0.02,
            tone=-0.3,
        )
        if self.style == "quilted":
            self._draw_baffles(p)
        half = self.torso.neck_half
        p.part(
            symmetric([(0.0, -0.22), (half, -0.2, 1), (half + 0.05, 0.06, 1), (0.0, 0.1)]),
            cloth.plain(),
            dome=0.06,
            bulge=0.06,
            shadow=0.4,
        )
        self._draw_hem_band(p, cloth)

    def _draw_hem_band(self, p: Painter, cloth: Cloth) -> None:
        half, y = self.torso.hem_half, self.torso.hem_y
        p.part(
            symmetric(
                [
                    (0.0, y - 0.17),
                    (half - 0.03, y - 0.2, 1),
                    (half - 0.05, y + 0.03, 1),
                    (0.0, y + 0.06),
                ]
            ),
            cloth,
            dome=0.1,
            shadow=0.25,
        )

    def _draw_bomber(self, p: Painter, fabric: Fabric, rib: Cloth) -> None:
        self._draw_hem_band(p, rib)
        draw_zip(p, fabric, 0.10, self.torso.hem_y + 0.05)
        half = self.torso.neck_half
        collar = symmetric(
            [(0.0, 0.06), (half - 0.02, -0.24, 1), (half + 0.08, 0.04), (0.16, 0.27), (0.0, 0.30)]
        )
        p.part(collar, rib, dome=0.08, bulge=0.08, shadow=0.4)
        p.line(np.array([[0.0, 0.05], [0.0, 0.3]]), 0.02, tone=-0.5)
        for side in SIDES:
            p.line(np.array([[0.52, 1.55], [0.40, 2.1]]) * turned(side), 0.06, tone=-0.18)
            p.line(np.array([[0.52, 1.55], [0.40, 2.1]]) * turned(side), 0.022, tone=-0.5)

    def _draw_denim(self, p: Painter, fabric: Fabric, cloth: Cloth) -> None:
        bottom = self.torso.hem_y
        self._draw_hem_band(p, cloth)
        p.part(
            rectangle(-0.09, 0.1, 0.09, bottom),
            cloth,
            inside=True,
            dome=0.03,
            bulge=0.03,
            shadow=0.3,
        )
        for side in SIDES:
            p.stitch(np.array([[0.07, 0.2], [0.07, bottom]]) * turned(side), fabric.thread, 0.7)
            p.stitch(
                np.array([[0.12, 0.72], [self.torso.body.bust - 0.02, 0.68]]) * turned(side),
                fabric.thread,
                0.8,
            )
            p.line(
                np.array([[0.12, 0.70], [self.torso.body.bust, 0.66]]) * turned(side),
                0.02,
                tone=-0.35,
            )
            for x0, x1 in ((0.24, 0.17), (0.60, 0.42)):
                seam = np.array([[x0, 1.0], [x1, bottom - 0.18]]) * turned(side)
                p.line(seam, 0.016, tone=-0.3)
                p.stitch(seam + np.array([0.03 * side, 0.0]), fabric.thread, 0.7)
            flap = np.array(
                [[0.26, 0.70], [0.60, 0.68], [0.60, 0.86], [0.43, 0.96], [0.26, 0.88]]
            ) * turned(side)
            p.part(flap, cloth, inside=True, dome=0.04, bulge=0.04, shadow=0.45)
            p.stitch((flap - flap.mean(axis=0)) * 0.85 + flap.mean(axis=0), fabric.thread, 0.8)
            p.button(0.43 * side, 0.86, 0.035, fabric.metal)
        for y in np.linspace(0.38, bottom - 0.05, 6):
            p.button(0.0, float(y), 0.045, fabric.metal)
        draw_shirt_collar(p, cloth, self.torso.neck_half, 0.12, 0.16)

    def _draw_biker(self, p: Painter, fabric: Fabric, cloth: Cloth) -> None:
        bottom = self.torso.hem_y
        zip_line = open_curve([(0.36, 0.62), (0.16, 1.4), (0.10, bottom + 0.02)])
        p.line(zip_line, 0.09, tone=-0.25)
        p.line(zip_line, 0.04, rgb=fabric.metal, tone=0.95)
        p.line(zip_line, 0.04, rgb=(0.1, 0.1, 0.1), tone=0.5, dash=0.02)
        for side in SIDES:
            wing = closed_curve(
                [
                    (0.26, -0.16, 1),
                    (0.48, 0.06),
                    (0.66, 0.52, 1),
                    (0.40, 0.72, 1),
                    (0.20, 0.74),
                    (0.0, 0.56, 1),
                    (0.18, 0.2),
                ]
            ) * turned(side)
            p.part(wing, cloth, dome=0.06, bulge=0.06, shadow=0.5)
            p.stitch((wing - wing.mean(axis=0)) * 0.88 + wing.mean(axis=0), tone=-0.3)
            p.button(0.56 * side, 0.50, 0.035, fabric.metal)
            p.line(
                np.array([[0.60, 1.75], [0.32, 1.95]]) * turned(side),
                0.04,
                rgb=fabric.metal,
                tone=0.9,
            )
            stand = closed_curve(
                [
                    (0.0, -0.17, 1),
                    (0.30, -0.20),
                    (0.42, -0.02),
                    (0.36, 0.20, 1),
                    (0.2, 0.02),
                    (0.0, -0.04, 1),
                ]
            ) * turned(side)
            p.part(stand, cloth, dome=0.05, bulge=0.05, shadow=0.4)
        p.line(np.array([[-0.6, 1.15], [-0.28, 1.05]]), 0.04, rgb=fabric.metal, tone=0.9)
        belt = rectangle(-self.torso.hem_half, bottom - 0.2, self.torso.hem_half, bottom - 0.04)
        p.part(belt, cloth, inside=True, dome=0.06, shadow=0.4)
        p.line(
            rectangle(-0.34, bottom - 0.22, -0.16, bottom - 0.02), 0.03, rgb=fabric.metal, tone=1.0
        )

    def _draw_quilted(self, p: Painter, fabric: Fabric, cloth: Cloth) -> None:
        self._draw_baffles(p)
        draw_zip(p, fabric, 0.0, self.torso.hem_y + 0.05)
        half = self.torso.neck_half
        collar = symmetric(
            [(0.0, -0.06), (half - 0.04, -0.30, 1), (half + 0.10, 0.0), (half, 0.24), (0.0, 0.34)]
        )
        p.part(collar, cloth, dome=0.12, bulge=0.14, shadow=0.4)
        p.line(np.array([[0.0, -0.1], [0.0, 0.34]]), 0.025, tone=-0.5)
        p.crease(open_curve([(-half, 0.02), (0.0, 0.12), (half, 0.02)]), 0.03, 0.2)

    def _draw_baffles(self, p: Painter) -> None:
        for y in np.arange(0.62, self.torso.hem_y - 0.08, 0.31):
            line = open_curve([(-1.1, y - 0.02), (0.0, y + 0.05), (1.1, y - 0.02)])
            p.line(line + np.array([0.0, -0.07]), 0.10, tone=-0.22, soft=0.06)
            p.line(line + np.array([0.0, 0.08]), 0.08, tone=0.16, soft=0.06)
            p.line(line, 0.02, tone=-0.5)
        for side in SIDES:
            for x, y in ((1.06, 1.15), (1.16, 1.5), (1.26, 1.85), (1.34, 2.2), (1.42, 2.55)):
                band = open_curve(
                    [(x - 0.36, y + 0.13), (x, y + 0.06), (x + 0.42, y - 0.11)]
                ) * turned(side)
                p.line(band, 0.06, tone=-0.2, soft=0.04)
                p.line(band + np.array([0.0, 0.07]), 0.06, tone=0.12, soft=0.04)

    def _draw_blazer(self, p: Painter, fabric: Fabric, cloth: Cloth) -> None:
        bottom = self.torso.hem_y
        p.line(open_curve([(0.02, 1.3), (0.04, 2.2), (0.16, bottom + 0.05)]), 0.02, tone=-0.45)
        draw_lapels(p, cloth, self.torso.neck_half, 1.38, width=0.22, cross=0.02)
        for y in (1.55, 1.9):
            p.button(-0.03, y, 0.05, fabric.thread)
        for side in SIDES:
            flap = rectangle(0.34, 2.05, 0.68, 2.19, 0.03) * turned(side)
            p.part(flap, cloth, inside=True, dome=0.04, shadow=0.4)
            p.crease(
                open_curve([(0.52, 1.1), (0.44, 1.7), (0.46, 2.05)]) * turned(side), 0.025, 0.14
            )
        p.line(np.array([[0.34, 1.06], [0.60, 1.02]]), 0.05, tone=-0.2)
