"""What hangs from a waist: hems, waves, pleats, gathers and tiers."""

from __future__ import annotations

import numpy as np

from data_samples.draw.cloth import Cloth
from data_samples.draw.curves import Knot, open_curve, symmetric
from data_samples.draw.garments.piece import between, pick
from data_samples.draw.painter import Painter

_HEMS = {"mini": (3.75, 4.1), "knee": (4.55, 4.9), "midi": (5.2, 5.55), "maxi": (6.2, 6.5)}


def sample_hem(rng: np.random.Generator, *lengths: str) -> tuple[str, float]:
    """A length word and its hem height."""
    length = pick(rng, *lengths)
    return length, between(rng, *_HEMS[length])


def draw_hanging(
    p: Painter, cloth: Cloth, *, top: float, bottom: float, waist: float, hip: float, hem: float,
    pleats: int = 0, gathers: int = 0, tiers: int = 0,
) -> None:  # fmt: skip
    """A skirt from the waist down with waves along its hem, pleats, gathers or tiers."""
    right: list[Knot] = [(0.0, top), (waist, top, 1)]
    if hip > 0:
        right.append((hip, top + 0.36 * min(bottom - top, 2.2)))
    right.append((0.5 * (max(hip, waist) + hem) + 0.01, top + 0.62 * (bottom - top)))
    right.append((hem, bottom - 0.05, 1))
    flare = hem - waist
    waves = max(round(flare * 4), 1) if not pleats else pleats // 2
    deep = 0.012 if pleats else 0.02 + 0.035 * min(max(flare, 0.0), 1.0)
    # The inverse order runs from the side to the middle along the hem.
    for i, x in enumerate(np.linspace(hem * 0.93, 0.0, 2 * waves + 1)):
        lift = deep if i % 2 == 0 else -0.5 * deep
        right.append((float(x), bottom + lift + 0.06 * (1 - x / hem)))
    p.part(symmetric(right), cloth, dome=0.28, bulge=0.14)
    strength = 0.16 if flare > 0.25 else 0.07
    if pleats:
        for share in np.linspace(-0.92, 0.92, pleats):
            fold = open_curve(
                [
                    (share * waist, top),
                    (share * (waist + 0.45 * flare), 0.5 * (top + bottom)),
                    (share * hem, bottom),
                ]
            )
            p.line(fold + np.array([-0.03, 0]), 0.05, tone=0.14, soft=0.03)
            p.line(fold, 0.018, tone=-0.42)
            p.line(fold + np.array([0.03, 0]), 0.05, tone=-0.20, soft=0.03)
    else:
        for i, share in enumerate(np.linspace(-0.78, 0.78, 2 * waves + 1)):
            start = top + (0.12 + 0.25 * (i % 2)) * (bottom - top)
            p.crease(
                open_curve(
                    [
                        (share * (waist + 0.25 * flare), start),
                        (share * (waist + 0.62 * flare), 0.55 * (top + bottom)),
                        (share * hem * 0.97, bottom),
                    ]
                ),
                0.06 + 0.03 * (i % 2),
                strength,
            )
    for share in np.linspace(-0.95, 0.95, gathers):
        p.crease(np.array([[share * waist, top], [share * (waist + 0.1), top + 0.4]]), 0.022, 0.22)
    for i in range(1, tiers + 1):
        y = top + i / (tiers + 1) * (bottom - top)
        half = waist + flare * (i / (tiers + 1)) + 0.25
        seam = open_curve([(-half, y), (0.0, y + 0.06), (half, y)])
        p.line(seam, 0.02, tone=-0.4)
        for x in np.linspace(-half * 0.9, half * 0.9, 15):
            p.crease(np.array([[x, y + 0.04], [x * 1.04, y + 0.36]]), 0.022, 0.2)
    p.line(
        open_curve([(-hem, bottom - 0.10), (0.0, bottom - 0.04), (hem, bottom - 0.10)]),
        0.012,
        tone=-0.16,
    )
