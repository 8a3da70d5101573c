"""Dresses: a bodice and what hangs from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_samples.draw.cloth import Cloth, Folds
from data_samples.draw.curves import Knot, limb, open_curve, rectangle, symmetric
from data_samples.draw.garments.hanging import draw_hanging, sample_hem
from data_samples.draw.garments.piece import Fabric, Tailored, View, between, pick
from data_samples.draw.garments.shirts import draw_knot, draw_shirt_collar
from data_samples.draw.garments.torso import (
    NeckName,
    SleeveName,
    Torso,
    draw_inner_back,
    draw_sleeves,
    draw_torso,
    full_neckline,
)
from data_samples.draw.painter import Painter


@dataclass(frozen=True, slots=True, kw_only=True)
class Dress(Tailored):
    """A one-piece for women: skater, wrap, shirt, slip, sheath or maxi."""

    torso: Torso
    style: str
    length: str
    hem_y: float
    hem: float
    straps: bool

    @classmethod
    def sample(cls, rng: np.random.Generator, cut: str) -> Dress:
        """One design; always cut for women."""
        del cut
        body = Tailored(cut="women").body
        style = pick(rng, "skater", "wrap", "shirt", "slip", "sheath", "tiered")
        lengths = {"skater": ("mini", "knee"), "slip": ("knee", "midi", "maxi"),
        "sheath": ("knee",),
                   "tiered": ("midi", "maxi")}.get(style, ("knee", "midi"))  # fmt: skip
        length, hem_y = sample_hem(rng, *lengths)
        fixed: dict[str, NeckName] = {"wrap": "v", "shirt": "open", "slip": "v"}
        neck: NeckName = fixed.get(style) or pick(rng, "scoop", "crew", "square", "boat")
        depth = {"v": 0.78, "open": 0.32, "scoop": 0.5, "crew": 0.2, "square": 0.42, "boat": 0.1}[
            neck
        ]
        sleeve: SleeveName = (
            "none" if style == "slip" else pick(rng, "none", "cap", "short", "elbow", "long")
        )
        torso = Torso(
            body=body, neck=neck,
            neck_half=body.neck + {"boat": 0.26, "square": 0.2}.get(neck, 0.12),
            neck_depth=depth,
            sleeve="short" if style in ("shirt", "tiered") and sleeve == "none" else sleeve,
            sleeve_form=pick(rng, "straight", "puff"), ease=between(rng, 0.02, 0.07), shape=0.95,
            hem_y=2.05, hem_curve=0.02, arm_ease=0.01,
        )  # fmt: skip
        flare = {
            "skater": 0.75,
            "wrap": 0.45,
            "shirt": 0.35,
            "slip": 0.22,
            "sheath": 0.10,
            "tiered": 0.85,
        }[style]
        return cls(
            cut="women",
            torso=torso,
            style=style,
            length=length,
            hem_y=hem_y,
            hem=body.hip + flare + between(rng, -0.06, 0.12),
            straps=style == "slip",
        )

    @property
    def words(self) -> tuple[str, ...]:
        """Style and length."""
        style = {
            "skater": "Skater",
            "wrap": "Wrap",
            "shirt": "Shirt",
            "slip": "Slip",
            "sheath": "Sheath",
            "tiered": "Tiered",
        }[self.style]
        sleeve = ("Sleeveless",) if self.torso.sleeve == "none" and not self.straps else ()
        return (
            *sleeve,
            *(
                ("Maxi",)
                if self.length == "maxi"
                else ("Midi",)
                if self.length == "midi"
                else ("Mini",)
                if self.length == "mini"
                else ()
            ),
            style,
        )

    @property
    def focus(self) -> tuple[float, float, float]:
        """Neckline to waist."""
        return (0.0, 0.85, 0.8)

    def draw(self, p: Painter, fabric: Fabric, view: View) -> None:
        """Sleeves, bodice, skirt, waist, ornaments."""
        cloth = fabric.main.folded(Folds(depth=0.035, across=2.4, along=0.35))
        torso = self.torso
        if self.straps:
            self._draw_slip_bodice(p, cloth)
        else:
            draw_sleeves(
                p, torso, cloth, cuff=cloth.plain() if torso.sleeve_form == "puff" else None
            )
            draw_inner_back(p, torso, cloth, view)
            draw_torso(p, torso, cloth, view)
            p.line(full_neckline(torso, view) + np.array([0.0, 0.03]), 0.014, tone=-0.22)
        waist = torso.body.waist + torso.ease
        draw_hanging(
            p, cloth, top=1.93, bottom=self.hem_y, waist=waist + 0.01,
            hip=torso.body.hip + torso.ease if self.style in ("sheath", "slip", "shirt") else 0.0,
            hem=self.hem, gathers=11 if self.style in ("skater", "tiered") else 0,
            tiers=2 if self.style == "tiered" else 0,
        )  # fmt: skip
        self._draw_waist(p, fabric, cloth, waist, view)
        if view == "back":
            p.line(np.array([[0.0, 0.05], [0.0, 2.6]]), 0.018, tone=-0.32)
        elif self.style == "shirt":
            self._draw_shirt_front(p, fabric, cloth)
        elif self.style == "wrap":
            self._draw_wrap_front(p, waist)

    def _draw_slip_bodice(self, p: Painter, cloth: Cloth) -> None:
        body = self.torso.body
        for side in (1.0, -1.0):
            strap = limb([(0.30, 0.66), (0.36, 0.2), (0.30, -0.02)], [0.03, 0.026]) * np.array(
                [side, 1.0]
            )
            p.part(strap, cloth, dome=0.03)
        right: list[Knot] = [
            (0.0, 0.86, 1),
            (0.16, 0.74),
            (0.32, 0.60, 1),
            (0.46, 0.78),
            (body.bust + 0.02, 1.0, 1),
            (body.waist + 0.08, 1.6),
            (body.waist + 0.05, 2.05, 1),
            (0.0, 2.07),
        ]
        p.part(symmetric(right), cloth, dome=0.22, bulge=0.13)
        for side in (1.0, -1.0):
            p.crease(
                open_curve([(0.52, 1.15), (0.34, 1.34), (0.10, 1.26)]) * np.array([side, 1.0]),
                0.05,
                0.14,
            )

    def _draw_waist(
        self, p: Painter, fabric: Fabric, cloth: Cloth, waist: float, view: View
    ) -> None:
        if self.style in ("wrap", "shirt"):
            belt = limb([(-waist - 0.03, 1.93), (0.0, 1.98), (waist + 0.03, 1.93)], [0.065, 0.065])
            p.part(belt, cloth.plain(), inside=True, dome=0.05, bulge=0.05, shadow=0.4)
            if view != "back" and self.style == "wrap":
                draw_knot(p, cloth.plain(), 0.28, 1.96)
            elif view != "back":
                p.line(
                    np.vstack([rectangle(-0.08, 1.89, 0.08, 2.07, 0.02), [[0.08, 2.05]]]),
                    0.03,
                    rgb=fabric.metal,
                    tone=1.0,
                )
        elif self.style != "slip":
            p.line(open_curve([(-waist, 1.94), (0.0, 1.98), (waist, 1.94)]), 0.02, tone=-0.4)

    def _draw_shirt_front(self, p: Painter, fabric: Fabric, cloth: Cloth) -> None:
        p.part(
            rectangle(-0.075, self.torso.neck_depth, 0.075, self.hem_y + 0.1),
            cloth,
            inside=True,
            dome=0.03,
            bulge=0.03,
            shadow=0.22,
        )
        for y in np.arange(self.torso.neck_depth + 0.16, self.hem_y - 0.2, 0.42):
            if abs(y - 1.98) > 0.13:
                p.button(0.0, float(y), 0.036, fabric.thread)
        draw_shirt_collar(p, cloth, self.torso.neck_half, 0.06, self.torso.neck_depth)

    def _draw_wrap_front(self, p: Painter, waist: float) -> None:
        x, y = self.torso.neck_point
        edge = open_curve([(x, y), (0.10, 0.62), (-0.16, 1.15), (-waist, 1.92)])
        p.line(edge + np.array([-0.02, 0.02]), 0.05, tone=-0.3, soft=0.03)
        p.line(edge, 0.03, tone=0.14)
        opening = open_curve([(0.28, 2.0), (0.18, 3.0), (0.34, self.hem_y + 0.05)])
        p.line(opening + np.array([-0.02, 0.02]), 0.06, tone=-0.3, soft=0.035)
        p.line(opening, 0.025, tone=-0.25)
