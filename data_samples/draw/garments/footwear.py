"""What all shoes share: rubber, colours, and where feet stand when worn.

Seen from the side the toe points right, the floor is y = 0, a shoe is about two units long.
"""

from __future__ import annotations

from data_samples.draw.cloth import Cloth, Folds
from data_samples.draw.palette import Rgb

WHITE_RUBBER: Rgb = (0.95, 0.95, 0.93)


DARK_RUBBER: Rgb = (0.15, 0.14, 0.14)


TAN: Rgb = (0.80, 0.62, 0.42)


FLOOR_Y = 6.78


STILL = Folds(depth=0.012, across=1.5, along=1.2)


FOOT_X = 0.38


def rubber(rgb: Rgb) -> Cloth:
    return Cloth(rgb=rgb, folds=Folds(depth=0.0), gloss=0.06)
