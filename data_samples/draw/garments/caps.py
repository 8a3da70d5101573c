"""Peaked caps; a unit is half the crown's width."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_samples.draw.cloth import Cloth
from data_samples.draw.curves import (
    closed_curve,
    ellipse,
    open_curve,
    rectangle,
    symmetric,
)
from data_samples.draw.garments.motifs import draw_motif
from data_samples.draw.garments.piece import Fabric, View, between, pick
from data_samples.draw.garments.trimmings import STIFF, inset, ring
from data_samples.draw.painter import Painter


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """A peaked cap: six panels, trucker with a mesh back, or flat-brimmed."""

    style: str
    brim: float
    tall: float
    motif: int

    @classmethod
    def sample(cls, rng: np.random.Generator, cut: str) -> Cap:
        """One design."""
        del cut
        return cls(
            style=pick(rng, "baseball", "trucker", "snapback"),
            brim=between(rng, 0.75, 0.95),
            tall=between(rng, 0.86, 1.08),
            motif=int(rng.integers(1000)),
        )

    @property
    def words(self) -> tuple[str, ...]:
        """Style."""
        return (self.style.title(),)

    @property
    def focus(self) -> tuple[float, float, float]:
        """Front panels."""
        return (0.35, -0.5, 0.6)

    def draw(self, p: Painter, fabric: Fabric, view: View) -> None:
        """Crown, seams, front emblem and peak; from the front when worn."""
        cloth = fabric.main.folded(STIFF)
        if view == "worn":
            self._draw_worn(p, fabric, cloth)
            return
        high = -self.tall
        crown = closed_curve([
            (-0.98, 0.06, 1), (-1.0, -0.28), (-0.84, 0.72 * high), (-0.42, 0.97 * high),
            (0.02, high), (0.46, 0.92 * high), (0.80, 0.60 * high), (0.94, -0.16),
            (0.95, 0.02, 1), (0.4, 0.20), (-0.3, 0.22),
        ])  # fmt: skip
        p.part(crown, cloth, dome=0.36, bulge=0.3)
        if self.style == "trucker":
            mesh = closed_curve(
                [
                    (-1.1, 0.3, 1),
                    (-1.1, -1.2, 1),
                    (-0.05, -1.2, 1),
                    (-0.12, 0.97 * high),
                    (-0.02, -0.5),
                    (0.06, 0.3, 1),
                ]
            )
            p.part(mesh, fabric.trim.plain(), inside=True, dome=0.2, bulge=0.1, shadow=0.2)
            for x in np.arange(-1.0, 0.05, 0.075):
                p.line(np.array([[x, -1.1], [x, 0.22]]), 0.012, tone=-0.22)
            for y in np.arange(-1.0, 0.22, 0.075):
                p.line(np.array([[-1.0, y], [-0.12, y + 0.04]]), 0.012, tone=-0.15)
        for knots in (
            [(-0.02, 0.99 * high), (-0.10, -0.5), (-0.02, 0.22)],
            [(0.0, 0.99 * high), (0.46, 0.62 * high), (0.66, 0.12)],
            [(-0.04, 0.99 * high), (-0.56, 0.66 * high), (-0.70, 0.16)],
        ):
            seam = open_curve(knots)
            p.line(seam, 0.018, tone=-0.32)
            p.stitch(seam + np.array([0.035, 0.01]), tone=-0.22)
            p.stitch(seam + np.array([-0.035, 0.01]), tone=-0.22)
        for x, y in ((0.30, 0.66 * high), (-0.32, 0.68 * high)):
            p.patch(ellipse(x, y, 0.045, 0.04), tone=-0.55)
            p.line(ring(ellipse(x, y, 0.055, 0.05)), 0.016, tone=0.25)
        p.part(
            ellipse(0.0, high - 0.01, 0.09, 0.05), cloth.plain(), dome=0.04, bulge=0.08, shadow=0.3
        )
        if view != "back" and self.style != "baseball":
            badge = rectangle(0.20, -0.52, 0.60, -0.22, 0.06)
            p.part(badge, fabric.trim.plain(), inside=True, dome=0.03, bulge=0.02, shadow=0.25)
            p.stitch(inset(badge, 0.86), tone=-0.4)
        if cloth.pattern is not None and cloth.pattern.kind == "graphic print":
            draw_motif(p, self.motif - self.motif % 3, 0.34, -0.42, 0.22, cloth.pattern)
        self._draw_peak(p, fabric, cloth)

    def _draw_peak(self, p: Painter, fabric: Fabric, cloth: Cloth) -> None:
        reach = 0.95 + self.brim
        bend = 0.06 if self.style == "snapback" else 0.26
        peak = closed_curve([
            (0.02, 0.16, 1), (0.48, 0.02), (0.96, -0.10, 1), (1.3, -0.06),
            (reach - 0.05, 0.5 * bend), (reach, bend + 0.04), (reach - 0.14, bend + 0.18),
            (1.1, 0.22 + 0.4 * bend), (0.5, 0.26), (0.1, 0.28),
        ])  # fmt: skip
        under = peak + np.array([-0.02, 0.055])
        p.part(
            under,
            (fabric.trim if self.style != "baseball" else cloth).plain(),
            tone=0.5,
            dome=0.06,
            shadow=0.1,
        )
        p.part(peak, cloth.plain(), dome=0.16, bulge=0.12, shadow=0.4)
        for share in (0.25, 0.5, 0.75):
            x = 0.96 + (reach - 0.96) * share
            row = open_curve(
                [
                    (0.2 + 0.3 * share, 0.22),
                    (0.7 + 0.4 * share, 0.05 + 0.08 * share),
                    (x, -0.04 + bend * share * 0.6),
                    (x + 0.02, 0.1 + bend * share),
                ]
            )
            p.stitch(row, tone=-0.22)

    def _draw_worn(self, p: Painter, fabric: Fabric, cloth: Cloth) -> None:
        crown = symmetric(
            [
                (0.0, -self.tall * 0.95),
                (0.46, -0.80 * self.tall),
                (0.74, -0.3 * self.tall),
                (0.76, 0.06, 1),
                (0.4, 0.0),
                (0.0, -0.03),
            ]
        )
        p.part(crown, cloth, dome=0.3, bulge=0.25)
        p.line(np.array([[0.0, -self.tall * 0.95], [0.0, 0.0]]), 0.02, tone=-0.3)
        if self.style != "baseball":
            p.part(
                rectangle(-0.2, -0.48, 0.2, -0.2, 0.05),
                fabric.trim.plain(),
                inside=True,
                dome=0.03,
                shadow=0.25,
            )
        peak = symmetric(
            [(0.0, -0.10), (0.45, -0.06), (0.74, 0.06, 1), (0.72, 0.24), (0.4, 0.22), (0.0, 0.19)]
        )
        p.part(peak, cloth.plain(), dome=0.12, bulge=0.1, shadow=0.4)
        p.stitch(open_curve([(-0.66, 0.14), (0.0, 0.06), (0.66, 0.14)]), tone=-0.25)
