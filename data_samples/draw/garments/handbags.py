"""Handbags around the origin; a unit is half a bag's width."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_samples.draw.cloth import Cloth
from data_samples.draw.curves import (
    ellipse,
    limb,
    open_curve,
    rectangle,
    symmetric,
)
from data_samples.draw.garments.piece import Fabric, View, between, pick
from data_samples.draw.garments.trimmings import STIFF, inset, ring
from data_samples.draw.painter import Painter


@dataclass(frozen=True, slots=True, kw_only=True)
class Handbag:
    """A bag with handles: tote, satchel, bucket, hobo or crossbody."""

    style: str
    height: float
    taper: float
    drop: float

    @classmethod
    def sample(cls, rng: np.random.Generator, cut: str) -> Handbag:
        """One design; always for women."""
        del cut
        style = pick(rng, "tote", "satchel", "bucket", "hobo", "crossbody")
        height = {"tote": 1.5, "satchel": 1.15, "bucket": 1.6, "hobo": 1.0, "crossbody": 1.05}[
            style
        ]
        return cls(
            style=style,
            height=height * between(rng, 0.92, 1.1),
            taper=between(rng, 0.02, 0.2),
            drop=between(rng, 0.8, 1.15),
        )

    @property
    def words(self) -> tuple[str, ...]:
        """Style."""
        return (self.style.title(),)

    @property
    def focus(self) -> tuple[float, float, float]:
        """Clasp."""
        return (0.0, 0.35, 0.7)

    def draw(self, p: Painter, fabric: Fabric, view: View) -> None:
        """Handles behind, body, flap or zip, handles in front, metal."""
        cloth = fabric.main.folded(STIFF)
        strap = cloth.plain()
        {"tote": self._draw_tote, "satchel": self._draw_satchel, "bucket": self._draw_bucket,
         "hobo": self._draw_hobo, "crossbody": self._draw_crossbody}[self.style](p, fabric, cloth,
         strap, view)  # fmt: skip

    def _handle(
        self,
        p: Painter,
        strap: Cloth,
        half: float,
        y: float,
        drop: float,
        width: float,
        tone: float,
    ) -> None:
        arch = [
            (-half, y + 0.12),
            (-half * 0.94, y - 0.55 * drop),
            (0.0, y - drop),
            (half * 0.94, y - 0.55 * drop),
            (half, y + 0.12),
        ]
        p.part(limb(arch, [width, width]), strap, tone=tone, dome=0.06, bulge=0.07, shadow=0.25)
        p.stitch(open_curve(arch), tone=-0.25)

    def _rings(self, p: Painter, fabric: Fabric, half: float, y: float) -> None:
        for side in (1.0, -1.0):
            p.line(ring(ellipse(side * half, y, 0.07, 0.07)), 0.03, rgb=fabric.metal, tone=1.0)

    def _draw_tote(
        self, p: Painter, fabric: Fabric, cloth: Cloth, strap: Cloth, view: View
    ) -> None:
        high = self.height
        self._handle(p, strap, 0.46, 0.05, self.drop * 0.9, 0.055, 0.6)
        p.part(
            symmetric([(0.0, -0.06), (0.98, -0.03, 1), (0.96, 0.12), (0.0, 0.14)]),
            cloth.plain(),
            tone=0.45,
            shadow=0,
        )
        body = symmetric(
            [
                (0.0, 0.04),
                (1.0, 0.0, 1),
                (0.97 - self.taper, high - 0.1),
                (0.90 - self.taper, high, 1),
                (0.0, high + 0.03),
            ]
        )
        p.part(body, cloth, dome=0.22, bulge=0.12)
        p.line(open_curve([(-1.0, 0.09), (0.0, 0.13), (1.0, 0.09)]), 0.016, tone=-0.3)
        base = open_curve([(-1.0, high - 0.28), (0.0, high - 0.25), (1.0, high - 0.28)])
        p.stitch(base, tone=-0.3)
        self._handle(p, strap, 0.50, 0.12, self.drop, 0.06, 1.0)
        for side in (1.0, -1.0):
            tab = rectangle(side * 0.50 - 0.09, 0.14, side * 0.50 + 0.09, 0.5, 0.05)
            p.part(tab, strap, inside=True, dome=0.05, shadow=0.4)
            p.stitch(inset(tab, 0.7), tone=-0.3)
            p.button(side * 0.50, 0.42, 0.035, fabric.metal)
        if view != "back":
            p.patch(rectangle(-0.14, 0.62, 0.14, 0.70, 0.02), rgb=fabric.metal, tone=0.8)

    def _draw_satchel(
        self, p: Painter, fabric: Fabric, cloth: Cloth, strap: Cloth, view: View
    ) -> None:
        high = self.height
        self._handle(p, strap, 0.34, 0.0, 0.62 * self.drop, 0.075, 0.95)
        body = symmetric(
            [
                (0.0, 0.0),
                (0.86, 0.02),
                (0.98, 0.2),
                (1.04, high - 0.15),
                (0.94, high, 1),
                (0.0, high + 0.02),
            ]
        )
        p.part(body, cloth, dome=0.2, bulge=0.12)
        p.stitch(inset(body, 0.93), tone=-0.25)
        self._rings(p, fabric, 0.34, 0.04)
        if view == "back":
            return
        flap = symmetric(
            [
                (0.0, 0.0),
                (0.90, 0.02, 1),
                (0.99, 0.2),
                (0.96, 0.48 * high),
                (0.66, 0.60 * high),
                (0.0, 0.64 * high),
            ]
        )
        p.part(flap, cloth, dome=0.18, bulge=0.10, shadow=0.5)
        p.stitch(inset(flap, 0.93), tone=-0.25)
        p.part(
            rectangle(-0.10, 0.46 * high, 0.10, 0.78 * high, 0.04),
            strap,
            inside=True,
            dome=0.05,
            shadow=0.45,
        )
        clasp = rectangle(-0.14, 0.60 * high, 0.14, 0.76 * high, 0.04)
        p.patch(clasp, rgb=fabric.metal, tone=1.0)
        p.patch(rectangle(-0.12, 0.62 * high, 0.05, 0.65 * high), tone=0.5, soft=0.02)
        p.patch(ellipse(0.0, 0.69 * high, 0.03, 0.03), tone=-0.6)

    def _draw_bucket(
        self, p: Painter, fabric: Fabric, cloth: Cloth, strap: Cloth, view: View
    ) -> None:
        high = self.height
        self._handle(p, strap, 0.66, 0.1, self.drop * 1.1, 0.05, 0.9)
        p.part(ellipse(0.0, 0.05, 0.70, 0.11), cloth.plain(), tone=0.45, shadow=0)
        body = symmetric(
            [
                (0.0, 0.13),
                (0.45, 0.10),
                (0.72, 0.02, 1),
                (0.74, 0.3),
                (0.90, 0.75 * high),
                (0.86, high - 0.05, 1),
                (0.0, high + 0.08),
            ]
        )
        p.part(body, cloth, dome=0.26, bulge=0.2)
        for x in np.linspace(-0.6, 0.6, 9):
            p.crease(open_curve([(x, 0.10), (x * 1.05, 0.36), (x * 1.15, 0.62)]), 0.035, 0.2)
        p.line(
            open_curve([(-0.75, 0.34), (0.0, 0.42), (0.75, 0.34)]),
            0.035,
            rgb=fabric.thread,
            tone=0.9,
        )
        base = symmetric(
            [(0.0, high - 0.16), (0.92, high - 0.24, 1), (0.88, high, 1), (0.0, high + 0.1)]
        )
        p.part(base, cloth.plain(), inside=True, tone=0.86, dome=0.1, shadow=0.25)
        if view != "back":
            for dx in (-0.10, 0.09):
                cord = limb([(0.0, 0.42), (dx, 0.66), (dx * 1.3, 0.92)], [0.022, 0.022])
                p.part(cord, strap, dome=0.03, shadow=0.4)
                p.part(ellipse(dx * 1.3, 0.96, 0.05, 0.08), strap, dome=0.04, shadow=0.4)

    def _draw_hobo(
        self, p: Painter, fabric: Fabric, cloth: Cloth, strap: Cloth, view: View
    ) -> None:
        high = self.height
        body = symmetric(
            [
                (0.0, 0.12),
                (0.45, 0.02),
                (0.86, -0.38),
                (0.98, -0.46, 1),
                (1.10, 0.1),
                (0.98, 0.62 * high),
                (0.6, 0.94 * high),
                (0.0, high),
            ]
        )
        self._handle(p, strap, 0.93, -0.48, self.drop * 0.7, 0.07, 0.95)
        p.part(body, cloth, dome=0.28, bulge=0.2)
        p.line(
            open_curve([(-0.88, -0.30), (-0.45, 0.08), (0.0, 0.18), (0.45, 0.08), (0.88, -0.30)]),
            0.03,
            rgb=fabric.metal,
            tone=0.8,
        )
        for x in (-0.5, -0.18, 0.2, 0.52):
            p.crease(open_curve([(x, 0.2), (x * 1.1, 0.45), (x * 1.25, 0.62)]), 0.05, 0.16)
        p.stitch(inset(body, 0.94), tone=-0.2)
        self._rings(p, fabric, 0.95, -0.47)
        if view != "back":
            p.part(
                limb([(0.55, 0.02), (0.62, 0.3), (0.58, 0.55)], [0.03, 0.06]),
                strap,
                dome=0.04,
                shadow=0.4,
            )

    def _draw_crossbody(
        self, p: Painter, fabric: Fabric, cloth: Cloth, strap: Cloth, view: View
    ) -> None:
        high = self.height
        long = 1.6 + self.drop
        self._handle(p, strap, 0.78, 0.1, long, 0.04, 0.95)
        body = symmetric(
            [
                (0.0, 0.0),
                (0.84, 0.0, 1),
                (0.92, 0.1),
                (0.92, high - 0.22),
                (0.78, high, 1),
                (0.0, high + 0.02),
            ]
        )
        p.part(body, cloth, dome=0.2, bulge=0.13)
        if view != "back":
            flap = symmetric(
                [
                    (0.0, -0.02),
                    (0.86, 0.0, 1),
                    (0.93, 0.1),
                    (0.90, 0.4 * high),
                    (0.0, 0.82 * high, 1),
                ]
            )
            p.part(flap, cloth, dome=0.18, bulge=0.1, shadow=0.5)
            p.stitch(inset(flap, 0.92), tone=-0.25)
            p.line(ring(ellipse(0.0, 0.66 * high, 0.10, 0.10)), 0.045, rgb=fabric.metal, tone=1.0)
        self._rings(p, fabric, 0.80, 0.06)
        for i in range(4):
            p.line(
                np.array([[0.60, 0.92 * high], [0.62 + 0.03 * i, 1.16 * high]]),
                0.02,
                rgb=fabric.thread,
                tone=0.8,
            )
