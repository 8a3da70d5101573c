"""Skirts: a waistband and what hangs from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_samples.draw.cloth import Folds
from data_samples.draw.curves import open_curve, symmetric
from data_samples.draw.garments.hanging import draw_hanging, sample_hem
from data_samples.draw.garments.piece import Fabric, Tailored, View, between, pick
from data_samples.draw.garments.shirts import draw_bow, draw_knot
from data_samples.draw.painter import Painter


@dataclass(frozen=True, slots=True, kw_only=True)
class Skirt(Tailored):
    """A skirt: pencil, A-line, pleated, skater, wrap or tiered."""

    style: str
    length: str
    hem_y: float
    hem: float
    band: float

    @classmethod
    def sample(cls, rng: np.random.Generator, cut: str) -> Skirt:
        """One design; always cut for women."""
        del cut
        style = pick(rng, "pencil", "a-line", "pleated", "skater", "wrap", "tiered")
        lengths = {"pencil": ("knee",), "skater": ("mini",), "tiered": ("midi", "maxi"),
                   "a-line": ("mini", "knee", "midi")}.get(style, ("mini", "midi",
                   "knee"))  # fmt: skip
        length, hem_y = sample_hem(rng, *lengths)
        flare = {
            "pencil": -0.06,
            "a-line": 0.36,
            "pleated": 0.55,
            "skater": 0.66,
            "wrap": 0.22,
            "tiered": 0.6,
        }[style]
        hip = Tailored(cut="women").body.hip
        return cls(
            cut="women",
            style=style,
            length=length,
            hem_y=hem_y,
            hem=hip + flare + between(rng, -0.05, 0.14),
            band=between(rng, 0.12, 0.24),
        )

    @property
    def words(self) -> tuple[str, ...]:
        """Length and style."""
        length = {"mini": ("Mini",), "maxi": ("Maxi",), "midi": ("Midi",)}.get(self.length, ())
        return (
            *length,
            {
                "pencil": "Pencil",
                "a-line": "A-Line",
                "pleated": "Pleated",
                "skater": "Skater",
                "wrap": "Wrap",
                "tiered": "Tiered",
            }[self.style],
        )

    @property
    def focus(self) -> tuple[float, float, float]:
        """Waistband."""
        return (0.05, 2.3, 0.62)

    def draw(self, p: Painter, fabric: Fabric, view: View) -> None:
        """Cloth, waistband, closure."""
        cloth = fabric.main.folded(Folds(depth=0.035, across=2.6, along=0.3))
        waist, top = self.body.waist + 0.02, 1.88
        p.part(
            symmetric(
                [
                    (0.0, top - 0.02),
                    (waist - 0.02, top - 0.05, 1),
                    (waist, top + 0.06),
                    (0.0, top + 0.08),
                ]
            ),
            cloth.plain(),
            tone=0.55,
            shadow=0,
        )
        hip = self.body.hip + 0.04 if self.style in ("pencil", "wrap", "a-line") else 0.0
        draw_hanging(
            p, cloth, top=top + self.band * 0.8, bottom=self.hem_y, waist=waist + 0.03, hip=hip,
            hem=self.hem, pleats=14 if self.style == "pleated" else 0,
            gathers=13 if self.style in ("skater", "tiered") else 0,
            tiers=2 if self.style == "tiered" else 0,
        )  # fmt: skip
        band = symmetric(
            [
                (0.0, top + 0.05),
                (waist - 0.01, top, 1),
                (waist + 0.035, top + self.band, 1),
                (0.0, top + self.band + 0.05),
            ]
        )
        p.part(band, cloth.plain(), dome=0.08, bulge=0.06, shadow=0.3)
        for inset in (0.025, self.band - 0.025):
            p.stitch(
                open_curve(
                    [(-waist, top + inset), (0.0, top + inset + 0.05), (waist, top + inset)]
                ),
                tone=-0.2,
            )
        if view == "back":
            p.line(np.array([[0.0, top + 0.05], [0.0, 2.9]]), 0.02, tone=-0.35)
            return
        if self.style == "wrap":
            edge = open_curve([(0.30, top + 0.1), (0.24, 3.0), (0.42, self.hem_y + 0.05)])
            p.line(edge + np.array([-0.02, 0.02]), 0.06, tone=-0.3, soft=0.035)
            p.line(edge, 0.022, tone=-0.3)
            draw_knot(p, cloth.plain(), 0.28, top + 0.14)
        elif self.style == "a-line":
            for y in np.arange(top + 0.14, self.hem_y - 0.2, 0.36):
                p.button(0.0, float(y) + 0.04, 0.048, fabric.metal)
            p.line(np.array([[0.07, top + 0.2], [0.07, self.hem_y + 0.1]]), 0.014, tone=-0.25)
        elif self.style == "pencil":
            for side in (1.0, -1.0):
                p.line(
                    np.array([[0.26, top + 0.2], [0.30, top + 0.75]]) * np.array([side, 1.0]),
                    0.016,
                    tone=-0.3,
                )
            p.button(0.0, top + 0.13, 0.045, fabric.metal)
        elif self.style == "skater" and self.band > 0.18:
            with p.placed(0.0, top + 0.14, 0.5):
                draw_bow(p, cloth.plain(), 0.0)
