"""The figure that wears an outfit: a shop-window mannequin without a face, in several tones."""

from __future__ import annotations

import numpy as np

from data_samples.draw.body import Body
from data_samples.draw.cloth import Cloth, Folds
from data_samples.draw.curves import ellipse, limb, open_curve, symmetric
from data_samples.draw.painter import Painter
from data_samples.draw.palette import Rgb

TONES: tuple[Rgb, ...] = (
    (0.90, 0.88, 0.86), (0.82, 0.70, 0.60), (0.66, 0.51, 0.41), (0.48, 0.36, 0.29),
    (0.33, 0.26, 0.22),
)  # fmt: skip
HEAD_Y = -0.86


def mannequin_cloth(tone: Rgb) -> Cloth:
    """Smooth plastic of a tone."""
    return Cloth(rgb=tone, gloss=0.12, folds=Folds(depth=0.0))


def hand_place(body: Body, side: float) -> tuple[float, float]:
    """Middle of a hand; side 1 is the wearer's left, the picture's right."""
    (ex, ey), (wx, wy) = body.elbow, body.wrist
    return (side * (wx + 0.14 * (wx - ex)), wy + 0.14 * (wy - ey))


def draw_hand(p: Painter, body: Body, side: float, tone: Rgb) -> None:
    """A closed hand."""
    (ex, ey), (wx, wy) = body.elbow, body.wrist
    x, y = hand_place(body, 1.0)
    reach = (wx + 0.24 * (wx - ex), wy + 0.24 * (wy - ey))
    shape = limb([(wx, wy), (x, y), reach], [0.075, 0.115, 0.07]) * np.array([side, 1.0])
    p.part(shape, mannequin_cloth(tone), dome=0.08, bulge=0.08, shadow=0.15)


def draw_mannequin(p: Painter, body: Body, tone: Rgb) -> None:
    """Legs, arms, torso, neck and head, seen from the front (the back looks the same)."""
    cloth = mannequin_cloth(tone)
    for side in (1.0, -1.0):
        turn = np.array([side, 1.0])
        leg = limb(
            [(0.34, 2.9), (0.37, 3.6), (0.38, 4.75), (0.37, 5.4), (0.38, 6.35), (0.38, 6.6)],
            [0.34, 0.30, 0.185, 0.185, 0.09, 0.11],
        )
        foot = symmetric(
            [(0.0, 6.30), (0.10, 6.34), (0.15, 6.62), (0.10, 6.74), (0.0, 6.76)]
        ) + np.array([0.38, 0.0])
        p.part(leg * turn, cloth, dome=0.2, bulge=0.2)
        p.part(foot * turn, cloth, dome=0.1, bulge=0.1, shadow=0)
        arm = limb([(body.shoulder - 0.15, 0.40), body.elbow, body.wrist], [0.17, 0.12, 0.075])
        p.part(arm * turn, cloth, dome=0.14, bulge=0.14, shadow=0)
        draw_hand(p, body, side, tone)
    neck = limb([(0.0, -0.60), (0.0, 0.15)], [0.19, 0.24])
    p.part(neck, cloth, dome=0.16, bulge=0.16, shadow=0)
    torso = symmetric([
        (0.0, -0.06), (0.24, -0.02), (body.shoulder - 0.16, 0.20), (body.shoulder - 0.07, 0.42),
        (body.bust - 0.02, 0.95), (body.waist - 0.04, body.waist_y),
        (body.hip - 0.05, body.hip_y - 0.05), (0.62, 3.1), (0.1, 3.2), (0.0, 3.16),
    ])  # fmt: skip
    p.part(torso, cloth, dome=0.28, bulge=0.2, shadow=0)
    head = symmetric(
        [(0.0, -1.46), (0.26, -1.36), (0.365, -1.02), (0.32, -0.70), (0.16, -0.46), (0.0, -0.40)]
    )
    p.part(head, cloth, dome=0.24, bulge=0.24, shadow=0.3)
    p.patch(ellipse(-0.12, -1.1, 0.09, 0.14), tone=0.22, soft=0.1)
    p.line(
        open_curve([(-0.2, 0.10), (-0.08, 0.15), (0.0, 0.13), (0.08, 0.15), (0.2, 0.10)]),
        0.02,
        tone=-0.10,
        soft=0.02,
    )
