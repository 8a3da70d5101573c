"""Small things that bags and caps share: stiff cloth, inset seams, rings."""

from __future__ import annotations

import numpy as np

from data_samples.draw.cloth import Folds
from data_samples.draw.curves import (
    Curve,
)

STIFF = Folds(depth=0.02, across=1.1, along=0.8)


def inset(curve: Curve, factor: float) -> Curve:
    centre = 0.5 * (curve.min(axis=0) + curve.max(axis=0))
    return centre + (curve - centre) * factor


def ring(curve: Curve) -> Curve:
    return np.vstack([curve, curve[:1]])
