"""Proportions of the two figures that garments are cut for.

Body units: one unit is a head and a bit; the origin is the pit of the neck on the axis of the
body, y grows downwards, x to the wearer's left (the picture's right).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Cut = Literal["women", "men"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """Half widths and heights of a standing figure, arms slightly away from the body."""

    shoulder: float
    bust: float
    waist: float
    hip: float
    shoulder_y: float = 0.22
    armpit_y: float = 0.92
    waist_y: float = 1.95
    hip_y: float = 2.75
    crotch_y: float = 3.15
    knee_y: float = 4.75
    ankle_y: float = 6.35
    floor_y: float = 6.75
    neck: float = 0.27
    elbow: tuple[float, float] = (1.24, 1.72)
    wrist: tuple[float, float] = (1.50, 2.95)
    leg_gap: float = 0.06
    ankle_x: float = 0.36


WOMEN = Body(shoulder=0.80, bust=0.66, waist=0.52, hip=0.74, elbow=(1.14, 1.70), wrist=(1.38, 2.85))
MEN = Body(shoulder=0.98, bust=0.82, waist=0.70, hip=0.72, neck=0.30, wrist=(1.58, 3.0))


def body_for(cut: Cut) -> Body:
    """The figure of a cut."""
    return WOMEN if cut == "women" else MEN
