"""T-shirts: jersey with crew, V and scoop necks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_samples.draw.garments.fastenings import draw_patch_pocket
from data_samples.draw.garments.motifs import draw_motif
from data_samples.draw.garments.piece import Fabric, Tailored, View, between, pick
from data_samples.draw.garments.torso import (
    NECK_WORDS,
    NeckName,
    Torso,
    draw_inner_back,
    draw_neck_band,
    draw_sleeves,
    draw_torso,
    hem_line,
)
from data_samples.draw.painter import Painter


@dataclass(frozen=True, slots=True, kw_only=True)
class TShirt(Tailored):
    """A jersey top with short or long sleeves, sometimes raglan or with a chest pocket."""

    torso: Torso
    contrast_sleeves: bool
    pocket: bool
    motif: int

    @classmethod
    def sample(cls, rng: np.random.Generator, cut: str) -> TShirt:
        """One design."""
        women = cut == "women"
        neck: NeckName = pick(rng, "crew", "crew", "v", "scoop" if women else "v")
        body = Tailored(cut="women" if women else "men").body
        depth = {"crew": 0.20, "v": 0.62, "scoop": 0.52}[neck] + between(rng, -0.03, 0.05)
        torso = Torso(
            body=body,
            neck=neck,
            neck_half=body.neck + between(rng, 0.08, 0.16),
            neck_depth=depth,
            sleeve=pick(
                rng, "short", "short", "short", "cap" if women else "short", "elbow", "long"
            ),
            ease=between(rng, 0.05, 0.22),
            shape=between(rng, 0.1, 0.9) if women else 0.1,
            hem_y=between(rng, 2.55, 2.95),
            hem_curve=between(rng, 0.02, 0.09),
            arm_ease=between(rng, 0.0, 0.05),
        )
        return cls(
            cut="women" if women else "men",
            torso=torso,
            contrast_sleeves=bool(rng.random() < 0.15),
            pocket=bool(rng.random() < 0.2),
            motif=int(rng.integers(1000)),
        )

    @property
    def words(self) -> tuple[str, ...]:
        """Neck and sleeve."""
        long = ("Long Sleeve",) if self.torso.sleeve == "long" else ()
        return (NECK_WORDS[self.torso.neck], *long)

    @property
    def focus(self) -> tuple[float, float, float]:
        """The neckline."""
        return (0.0, 0.45, 0.62)

    def draw(self, p: Painter, fabric: Fabric, view: View) -> None:
        """Sleeves, inner back, front, neck band, stitched hem."""
        cloth = fabric.main
        draw_sleeves(p, self.torso, fabric.trim if self.contrast_sleeves else cloth)
        draw_inner_back(p, self.torso, cloth, view)
        draw_torso(p, self.torso, cloth, view)
        band = fabric.trim if self.contrast_sleeves else cloth.plain()
        draw_neck_band(p, self.torso, band.woven_as("rib"), view)
        p.stitch(hem_line(self.torso, 0.09), tone=-0.3)
        p.line(hem_line(self.torso, 0.11), 0.012, tone=-0.12)
        if view == "back":
            return
        if cloth.pattern is not None and cloth.pattern.kind == "graphic print":
            draw_motif(p, self.motif, 0.0, self.torso.neck_depth + 0.72, 0.42, cloth.pattern)
        elif self.pocket:
            draw_patch_pocket(p, cloth, 0.30, 0.98, 0.17, 0.38)
