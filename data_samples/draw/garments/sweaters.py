"""Sweaters and cardigans: knits with ribbed edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_samples.draw.cloth import Cloth, Folds
from data_samples.draw.curves import open_curve, rectangle, symmetric
from data_samples.draw.garments.piece import Fabric, Tailored, View, between, pick
from data_samples.draw.garments.torso import (
    NECK_WORDS,
    NeckName,
    Torso,
    draw_inner_back,
    draw_neck_band,
    draw_sleeves,
    draw_torso,
)
from data_samples.draw.painter import Painter


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweater(Tailored):
    """A knitted pullover or cardigan: ribbed cuffs, hem and collar, plain or cabled."""

    torso: Torso
    cables: int
    chunky: bool
    cardigan: bool

    @classmethod
    def sample(cls, rng: np.random.Generator, cut: str) -> Sweater:
        """One design."""
        women = cut == "women"
        body = Tailored(cut="women" if women else "men").body
        cardigan = bool(rng.random() < 0.25)
        neck: NeckName = (
            "v"
            if cardigan
            else pick(rng, "crew", "crew", "v", "high", "high", "boat" if women else "crew")
        )
        depth = {"crew": 0.20, "v": 0.75, "high": 0.0, "boat": 0.12}[neck]
        neck_half = body.neck + {"boat": 0.30, "high": -0.02}.get(neck, between(rng, 0.06, 0.13))
        torso = Torso(
            body=body, neck=neck, neck_half=neck_half,
            neck_depth=1.15 if cardigan else depth + between(rng, 0.0, 0.05), sleeve="long",
            ease=between(rng, 0.14, 0.30), shape=between(rng, 0.0, 0.4),
            hem_y=between(rng, 2.55, 2.9), arm_ease=between(rng, 0.03, 0.10),
            sleeve_form=pick(rng, "straight", "straight", "puff" if women else "straight"),
            shoulder_drop=between(rng, 0.0, 0.08),
        )  # fmt: skip
        return cls(
            cut="women" if women else "men",
            torso=torso,
            cables=int(rng.choice([0, 0, 1, 3])) if not cardigan else 0,
            chunky=bool(rng.random() < 0.5),
            cardigan=cardigan,
        )

    @property
    def words(self) -> tuple[str, ...]:
        """Knit and neck."""
        if self.cardigan:
            return ("Button", "Knit")
        knit = ("Cable Knit",) if self.cables else (("Chunky Knit",) if self.chunky else ())
        return (NECK_WORDS[self.torso.neck], *knit)

    @property
    def focus(self) -> tuple[float, float, float]:
        """The collar."""
        return (0.05, 0.5, 0.6)

    def draw(self, p: Painter, fabric: Fabric, view: View) -> None:
        """Sleeves with cuffs, front, ribbed hem, collar, cables."""
        cloth = fabric.main.woven_as("knit").folded(Folds(depth=0.035, across=1.6, along=0.8))
        rib = cloth.plain().woven_as("rib")
        draw_sleeves(p, self.torso, cloth, cuff=rib)
        if self.torso.neck == "high":
            self._draw_turtleneck(p, rib, behind=True)
        draw_inner_back(p, self.torso, cloth, view)
        draw_torso(p, self.torso, cloth, view)
        for i in range(self.cables if view != "back" else 0):
            self._draw_cable(p, (i - (self.cables - 1) / 2) * 0.36)
        self._draw_rib_hem(p, rib)
        if self.torso.neck == "high":
            self._draw_turtleneck(p, rib, behind=False)
        else:
            draw_neck_band(p, self.torso, rib, view, 0.13)
        if self.cardigan and view != "back":
            self._draw_button_band(p, fabric, rib)

    def _draw_rib_hem(self, p: Painter, rib: Cloth) -> None:
        half, y = self.torso.hem_half, self.torso.hem_y
        curve = self.torso.hem_curve
        band = symmetric(
            [
                (0.0, y - 0.22 + curve),
                (half - 0.0, y - 0.22, 1),
                (half - 0.09, y + 0.02, 1),
                (0.0, y + 0.03 + curve),
            ]
        )
        p.part(band, rib, dome=0.12, shadow=0.25)

    def _draw_turtleneck(self, p: Painter, rib: Cloth, *, behind: bool) -> None:
        x = self.torso.neck_half
        top = -0.42
        if behind:
            knots = [
                (0.0, top - 0.07),
                (0.8 * x, top - 0.03, 1),
                (0.8 * x, top + 0.07),
                (0.0, top + 0.12),
            ]
            p.part(symmetric(knots), rib, tone=0.55, shadow=0)
            return
        collar = symmetric(
            [
                (0.0, top + 0.07),
                (x - 0.05, top - 0.02, 1),
                (x - 0.01, -0.2),
                (x + 0.03, 0.0, 1),
                (0.0, 0.16),
            ]
        )
        p.part(collar, rib, dome=0.14, shadow=0.35)
        p.crease(open_curve([(-x, -0.14), (0.0, -0.05), (x, -0.14)]), 0.04, 0.14)

    def _draw_cable(self, p: Painter, x: float) -> None:
        top, bottom = self.torso.neck_depth + 0.3, self.torso.hem_y - 0.26
        steps = np.linspace(top, bottom, 60)
        for phase in (0.0, np.pi):
            wave = x + 0.06 * np.sin(steps * 13 + phase)
            p.crease(np.stack([wave, steps], axis=1), 0.028, 0.26)
        for edge in (-0.12, 0.12):
            p.line(np.array([[x + edge, top], [x + edge, bottom]]), 0.025, tone=-0.16, soft=0.015)

    def _draw_button_band(self, p: Painter, fabric: Fabric, rib: Cloth) -> None:
        top, bottom = self.torso.neck_depth - 0.05, self.torso.hem_y + 0.04
        p.part(rectangle(-0.075, top, 0.075, bottom, 0.03), rib, dome=0.05, inside=True, shadow=0.3)
        for y in np.linspace(top + 0.12, bottom - 0.12, 5):
            p.button(0.0, float(y), 0.042, fabric.metal)
