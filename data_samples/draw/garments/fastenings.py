"""Pockets, cords and zips."""

from __future__ import annotations

import numpy as np

from data_samples.draw.cloth import Cloth
from data_samples.draw.curves import limb, rectangle
from data_samples.draw.garments.piece import Fabric
from data_samples.draw.painter import Painter


def draw_patch_pocket(
    p: Painter, cloth: Cloth, x: float, y: float, half: float, height: float
) -> None:
    """A sewn-on pocket whose top middle is (x, y)."""
    outline = np.array(
        [
            [x - half, y],
            [x + half, y],
            [x + half, y + 0.75 * height],
            [x, y + height],
            [x - half, y + 0.75 * height],
        ]
    )
    p.part(outline, cloth, inside=True, dome=0.05, bulge=0.03, shadow=0.3)
    p.stitch((outline - [x, y + height / 2]) * 0.88 + [x, y + height / 2])
    p.line(np.array([[x - half, y + 0.07], [x + half, y + 0.07]]), 0.014, tone=-0.25)


def draw_drawstrings(p: Painter, cloth: Cloth, x: float, top: float, bottom: float) -> None:
    """Two hanging cords with tips."""
    for side, extra in ((-1, 0.0), (1, 0.07)):
        cord = limb(
            [(side * x, top), (side * (x + 0.02), (top + bottom) / 2), (side * x, bottom + extra)],
            [0.02, 0.02],
        )
        p.part(cord, cloth, dome=0.03, shadow=0.3)
        p.part(
            limb(
                [(side * x, bottom + extra - 0.02), (side * x, bottom + extra + 0.06)],
                [0.025, 0.025],
            ),
            cloth,
            tone=0.7,
            dome=0.03,
            shadow=0.3,
        )


def draw_zip(p: Painter, fabric: Fabric, top: float, bottom: float, x: float = 0.0) -> None:
    """A closed zip with tape, teeth and puller."""
    p.line(np.array([[x, top], [x, bottom]]), 0.085, tone=-0.22)
    p.line(np.array([[x, top], [x, bottom]]), 0.035, rgb=fabric.metal, tone=0.9)
    p.line(np.array([[x, top], [x, bottom]]), 0.035, rgb=(0.2, 0.2, 0.2), tone=0.5, dash=0.02)
    p.patch(rectangle(x - 0.03, top + 0.02, x + 0.03, top + 0.16, 0.02), rgb=fabric.metal, tone=1.0)
