"""Backpacks around the origin; a unit is half a pack's width."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_samples.draw.cloth import Cloth
from data_samples.draw.curves import (
    closed_curve,
    limb,
    open_curve,
    rectangle,
    symmetric,
)
from data_samples.draw.garments.motifs import draw_motif
from data_samples.draw.garments.piece import Fabric, View, between, pick
from data_samples.draw.garments.trimmings import STIFF, inset, ring
from data_samples.draw.painter import Painter


@dataclass(frozen=True, slots=True, kw_only=True)
class Backpack:
    """A backpack: daypack with zips or rucksack with a flap."""

    style: str
    height: float
    pocket: float
    motif: int

    @classmethod
    def sample(cls, rng: np.random.Generator, cut: str) -> Backpack:
        """One design."""
        del cut
        return cls(
            style=pick(rng, "daypack", "rucksack", "rolltop"),
            height=between(rng, 2.3, 2.7),
            pocket=between(rng, 0.85, 1.1),
            motif=int(rng.integers(1000)),
        )

    @property
    def words(self) -> tuple[str, ...]:
        """Style."""
        return ({"daypack": "Zip", "rucksack": "Buckle", "rolltop": "Roll-Top"}[self.style],)

    @property
    def focus(self) -> tuple[float, float, float]:
        """Front pocket."""
        return (0.1, 1.5, 0.7)

    def draw(self, p: Painter, fabric: Fabric, view: View) -> None:
        """Straps behind, handle, body, side pockets, front pocket, closure."""
        cloth = fabric.main.folded(STIFF)
        trim, high = fabric.trim.plain(), self.height
        if view != "worn":
            for side in (1.0, -1.0):
                turn = np.array([side, 1.0])
                strap = (
                    limb(
                        [(0.62, 0.24), (1.12, 0.9), (1.22, 1.6), (0.98, high - 0.2)],
                        [0.13, 0.12, 0.05],
                    )
                    * turn
                )
                p.part(strap, cloth.plain(), tone=0.72, dome=0.08)
                p.stitch(
                    open_curve([(0.62, 0.24), (1.12, 0.9), (1.22, 1.6), (0.98, high - 0.2)]) * turn,
                    tone=-0.3,
                )
        p.part(
            limb(
                [(-0.22, 0.1), (-0.2, -0.16), (0.0, -0.24), (0.2, -0.16), (0.22, 0.1)],
                [0.055, 0.055],
            ),
            cloth.plain(),
            tone=0.8,
            dome=0.05,
        )
        for side in (1.0, -1.0):
            pocket = closed_curve(
                [
                    (0.8, high * 0.58, 1),
                    (1.06, high * 0.62),
                    (1.10, high - 0.25),
                    (0.9, high - 0.05, 1),
                ]
            ) * np.array([side, 1.0])
            p.part(pocket, trim, dome=0.1, bulge=0.1, shadow=0.2)
        flat = self.style != "daypack"
        body = symmetric(
            [
                (0.0, 0.0),
                (0.55 if not flat else 0.7, 0.02),
                (0.88, 0.28 if not flat else 0.12),
                (0.96, 0.8),
                (1.0, high - 0.4),
                (0.90, high - 0.06),
                (0.0, high),
            ]
        )
        p.part(body, cloth, dome=0.3, bulge=0.2)
        if self.style == "daypack":
            arch = open_curve(
                [
                    (-0.90, 1.15),
                    (-0.82, 0.45),
                    (-0.45, 0.16),
                    (0.0, 0.12),
                    (0.45, 0.16),
                    (0.82, 0.45),
                    (0.90, 1.15),
                ]
            )
            p.line(arch, 0.05, tone=-0.3)
            p.line(arch, 0.022, rgb=fabric.metal, tone=0.7)
            p.part(rectangle(0.86, 1.05, 0.93, 1.28, 0.03), trim, dome=0.03, shadow=0.3)
        self._draw_front_pocket(p, fabric, cloth, trim)
        if self.style == "rucksack":
            flap = symmetric(
                [(0.0, -0.04), (0.72, 0.0), (0.94, 0.2), (0.97, 0.9), (0.80, 1.08), (0.0, 1.14)]
            )
            p.part(flap, cloth, dome=0.2, bulge=0.14, shadow=0.5)
            p.stitch(inset(flap, 0.93), tone=-0.25)
            for side in (1.0, -1.0):
                belt = rectangle(side * 0.46 - 0.07, 0.7, side * 0.46 + 0.07, 1.5, 0.03)
                p.part(belt, trim, dome=0.05, shadow=0.4)
                p.line(
                    ring(rectangle(side * 0.46 - 0.11, 1.2, side * 0.46 + 0.11, 1.38, 0.03)),
                    0.035,
                    rgb=fabric.metal,
                    tone=1.0,
                )
        elif self.style == "rolltop":
            roll = rectangle(-0.92, -0.06, 0.92, 0.26, 0.14)
            p.part(roll, cloth, dome=0.12, bulge=0.16, shadow=0.45)
            p.part(rectangle(-0.07, -0.04, 0.07, 0.9, 0.03), trim, dome=0.04, shadow=0.4)
            p.patch(rectangle(-0.12, 0.42, 0.12, 0.6, 0.03), rgb=fabric.metal, tone=1.0)
        if cloth.pattern is not None and cloth.pattern.kind == "graphic print":
            draw_motif(p, self.motif, 0.0, high - 0.55 * self.pocket, 0.30, cloth.pattern)

    def _draw_front_pocket(self, p: Painter, fabric: Fabric, cloth: Cloth, trim: Cloth) -> None:
        high, deep = self.height, self.pocket
        pocket = symmetric(
            [
                (0.0, high - deep - 0.02),
                (0.60, high - deep),
                (0.76, high - deep + 0.16),
                (0.80, high - 0.2),
                (0.66, high - 0.08),
                (0.0, high - 0.05),
            ]
        )
        p.part(pocket, cloth, inside=True, dome=0.18, bulge=0.15, shadow=0.45)
        zip_line = open_curve(
            [(-0.72, high - deep + 0.22), (0.0, high - deep + 0.17), (0.72, high - deep + 0.22)]
        )
        p.line(zip_line, 0.05, tone=-0.35)
        p.line(zip_line, 0.02, rgb=fabric.metal, tone=0.7)
        p.part(
            rectangle(0.56, high - deep + 0.18, 0.62, high - deep + 0.40, 0.03),
            trim,
            dome=0.03,
            shadow=0.3,
        )
        p.patch(rectangle(-0.16, high - 0.42, 0.16, high - 0.28, 0.02), rgb=trim.rgb, tone=0.85)
