"""Hoodies: fleece with a hood and a pouch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_samples.draw.cloth import Cloth, Folds
from data_samples.draw.curves import limb, symmetric
from data_samples.draw.garments.fastenings import draw_drawstrings, draw_zip
from data_samples.draw.garments.motifs import draw_motif
from data_samples.draw.garments.piece import Fabric, Tailored, View, between
from data_samples.draw.garments.torso import (
    Torso,
    draw_sleeves,
    draw_torso,
)
from data_samples.draw.painter import Painter


@dataclass(frozen=True, slots=True, kw_only=True)
class Hoodie(Tailored):
    """A fleece top with a hood, cords and a pouch pocket; pulled over or zipped."""

    torso: Torso
    zipped: bool
    motif: int

    @classmethod
    def sample(cls, rng: np.random.Generator, cut: str) -> Hoodie:
        """One design."""
        body = Tailored(cut="women" if cut == "women" else "men").body
        torso = Torso(
            body=body, neck="v", neck_half=body.neck + 0.12, neck_depth=0.50, sleeve="long",
            ease=between(rng, 0.18, 0.30), shape=between(rng, 0.0, 0.25), arm_ease=0.07,
            hem_y=between(rng, 2.55, 2.85), shoulder_drop=0.05,
        )  # fmt: skip
        return cls(
            cut="women" if cut == "women" else "men",
            torso=torso,
            zipped=bool(rng.random() < 0.45),
            motif=int(rng.integers(1000)),
        )

    @property
    def words(self) -> tuple[str, ...]:
        """Opening."""
        return ("Zip-Up",) if self.zipped else ("Pullover",)

    @property
    def focus(self) -> tuple[float, float, float]:
        """Hood and cords."""
        return (0.0, 0.4, 0.75)

    def draw(self, p: Painter, fabric: Fabric, view: View) -> None:
        """Sleeves, hood behind, front, pouch, hood rims, cords."""
        cloth = fabric.main.folded(Folds(depth=0.045, across=1.5, along=0.7))
        rib = cloth.plain().woven_as("rib")
        draw_sleeves(p, self.torso, cloth, cuff=rib)
        x = self.torso.neck_half
        if view == "worn":
            back = symmetric([(0.0, -0.16), (x + 0.12, -0.1), (x + 0.26, 0.16), (0.0, 0.45)])
        else:
            back = symmetric(
                [
                    (0.0, -0.86),
                    (0.30, -0.78),
                    (x + 0.14, -0.40),
                    (x + 0.16, -0.02),
                    (x + 0.06, 0.22),
                    (0.0, 0.5),
                ]
            )
        p.part(back, cloth.plain(), dome=0.22, bulge=0.16)
        if view == "packshot":
            hollow = symmetric(
                [(0.0, -0.62), (0.24, -0.54), (x - 0.02, -0.2), (x - 0.06, 0.16), (0.0, 0.42)]
            )
            p.part(hollow, cloth.plain(), tone=0.50, dome=0.2, bulge=-0.1, shadow=0)
        draw_torso(p, self.torso, cloth, view)
        half, y = self.torso.hem_half, self.torso.hem_y
        p.part(
            symmetric(
                [(0.0, y - 0.20), (half, y - 0.22, 1), (half - 0.1, y + 0.03, 1), (0.0, y + 0.05)]
            ),
            rib,
            dome=0.12,
        )
        if view == "back":
            p.part(
                symmetric(
                    [(0.0, -0.2), (x + 0.14, -0.14), (x + 0.2, 0.16), (0.3, 0.62), (0.0, 0.74)]
                ),
                cloth.plain(),
                dome=0.2,
                bulge=0.15,
                shadow=0.4,
            )
            p.line(np.array([[0.0, -0.2], [0.0, 0.74]]), 0.016, tone=-0.25)
            return
        self._draw_pouch(p, cloth)
        if self.zipped:
            draw_zip(p, fabric, self.torso.neck_depth - 0.06, y + 0.03)
        self._draw_rims(p, cloth, x)
        draw_drawstrings(p, fabric.trim.plain(), 0.15, 0.50, 1.15)
        if cloth.pattern is not None and cloth.pattern.kind == "graphic print" and not self.zipped:
            draw_motif(p, self.motif, 0.0, 1.32, 0.34, cloth.pattern)

    def _draw_pouch(self, p: Painter, cloth: Cloth) -> None:
        y = self.torso.hem_y - 0.22
        pouch = symmetric(
            [(0.0, y - 0.62), (0.32, y - 0.62, 1), (0.56, y - 0.22, 1), (0.56, y, 1), (0.0, y)]
        )
        p.part(pouch, cloth, inside=True, dome=0.07, bulge=0.05, shadow=0.4)
        for side in (-1, 1):
            p.line(np.array([[side * 0.29, y - 0.58], [side * 0.52, y - 0.22]]), 0.02, tone=-0.4)
            p.stitch(np.array([[side * 0.25, y - 0.57], [side * 0.48, y - 0.2]]))

    def _draw_rims(self, p: Painter, cloth: Cloth, x: float) -> None:
        depth = self.torso.neck_depth
        for side in (-1.0, 1.0):
            rim = limb(
                [(x + 0.07, -0.12), (x + 0.06, 0.10), (0.24, 0.34), (-0.02, depth + 0.06)],
                [0.07, 0.12, 0.12, 0.05],
            ) * np.array([side, 1.0])
            p.part(rim, cloth.plain(), dome=0.1, bulge=0.1, shadow=0.35)
