"""Torso and sleeves, the ground form of all upper garments and of dresses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from data_samples.draw.body import Body
from data_samples.draw.cloth import Cloth, Folds
from data_samples.draw.curves import (
    Curve,
    Knot,
    closed_curve,
    flip,
    limb,
    open_curve,
    symmetric,
)
from data_samples.draw.garments.piece import View
from data_samples.draw.painter import Painter

SleeveName = Literal["none", "cap", "short", "elbow", "three-quarter", "long"]
SleeveForm = Literal["straight", "puff", "bell", "loose"]
NeckName = Literal["crew", "v", "scoop", "boat", "square", "high", "open"]

# Share of the arm that a sleeve covers.
_REACH: dict[SleeveName, float] = {
    "none": 0.0, "cap": 0.16, "short": 0.36, "elbow": 0.52, "three-quarter": 0.76, "long": 1.0,
}  # fmt: skip


NECK_WORDS: dict[NeckName, str] = {
    "crew": "Crew Neck", "v": "V-Neck", "scoop": "Scoop Neck", "boat": "Boat Neck",
    "square": "Square Neck", "high": "Turtleneck", "open": "Open Collar",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Torso:
    """Outline of an upper garment in body units; `ease` widens it, `shape` takes in the waist."""

    body: Body
    neck: NeckName
    neck_half: float
    neck_depth: float
    sleeve: SleeveName
    sleeve_form: SleeveForm = "straight"
    ease: float = 0.08
    shape: float = 0.5
    hem_y: float = 2.7
    hem_flare: float = 0.0
    hem_curve: float = 0.03
    arm_ease: float = 0.0
    shoulder_drop: float = 0.0

    @property
    def shoulder(self) -> tuple[float, float]:
        """The shoulder seam's outer end."""
        if self.sleeve == "none":
            return (min(self.neck_half + 0.28, self.body.shoulder - 0.08), 0.13)
        return (
            self.body.shoulder + 0.25 * self.ease + self.shoulder_drop,
            self.body.shoulder_y + 0.3 * self.shoulder_drop,
        )

    @property
    def armpit(self) -> tuple[float, float]:
        """Where sleeve and side meet."""
        return (self.body.bust + self.ease, self.body.armpit_y + 0.5 * self.ease)

    @property
    def neck_point(self) -> tuple[float, float]:
        """Where neckline and shoulder meet."""
        slope = (self.neck_half - self.body.neck) * 0.22
        return (self.neck_half, -0.06 + slope)

    def side(self) -> list[Knot]:
        """Right edge from the armpit to the hem."""
        body = self.body
        waist = body.waist + self.ease + (1 - self.shape) * 0.8 * (body.bust - body.waist)
        hip = max(body.hip + self.ease * 0.9, waist) + self.hem_flare
        knots: list[Knot] = [(*self.armpit, 1), (waist, body.waist_y)]
        if self.hem_y > body.hip_y + 0.2:
            knots.append((hip, body.hip_y))
            grown = hip + 0.10 * (self.hem_y - body.hip_y) * (0.5 + self.hem_flare)
            knots.append((grown, self.hem_y, 1))
        else:
            share = (self.hem_y - body.waist_y) / (body.hip_y - body.waist_y)
            if share > 0.25:
                knots.append((waist + (hip - waist) * min(share, 1.0), self.hem_y, 1))
            else:
                knots[-1] = (waist, self.hem_y, 1)
        return knots

    @property
    def hem_half(self) -> float:
        """Half width at the hem."""
        return self.side()[-1][0]

    def neckline(self, view: View) -> list[Knot]:
        """Right half of the neckline from its middle to the neck point."""
        x, y = self.neck_point
        depth = self.neck_depth
        if view == "back":
            return [(0.0, y + 0.07), (0.6 * x, y + 0.05), (x, y, 1)]
        match self.neck:
            case "v" | "open":
                return [(0.0, depth, 1), (0.55 * x, y + 0.42 * (depth - y)), (x, y, 1)]
            case "square":
                return [(0.0, depth), (0.86 * x, depth - 0.01, 1), (x, y, 1)]
            case "high":
                return [(0.0, y + 0.05), (0.6 * x, y + 0.03), (x, y, 1)]
            case "boat":
                return [(0.0, depth), (0.6 * x, depth - 0.03), (x, y, 1)]
            case _:
                return [
                    (0.0, depth),
                    (0.42 * x, depth - 0.06 * (depth - y)),
                    (0.84 * x, y + 0.55 * (depth - y)),
                    (x, y, 1),
                ]

    def armhole(self) -> list[Knot]:
        """Right armhole from the shoulder to just above the armpit."""
        (sx, sy), (ax, ay) = self.shoulder, self.armpit
        inner = min(sx, ax) - (0.07 if self.sleeve == "none" else 0.05)
        return [(sx, sy, 1), (inner, sy + 0.55 * (ay - sy)), (ax - 0.015, ay - 0.02)]

    def outline(self, view: View) -> Curve:
        """The closed front or back."""
        bottom: Knot = (0.0, self.hem_y + self.hem_curve)
        return symmetric([*self.neckline(view), *self.armhole(), *self.side(), bottom])


def arm_line(body: Body) -> tuple[Curve, Curve]:
    """Centre line of the right arm (9, 2) and its unit normals towards the outside."""
    start = np.array([body.shoulder - 0.06, body.shoulder_y + 0.22])
    line = open_curve([tuple(start), body.elbow, body.wrist])
    places = np.linspace(0, len(line) - 1, 9)
    line = np.stack([np.interp(places, np.arange(len(line)), line[:, i]) for i in (0, 1)], axis=1)
    along = np.gradient(line, axis=0)
    along /= np.hypot(along[:, :1], along[:, 1:])
    return line, np.stack([along[:, 1], -along[:, 0]], axis=1)


@dataclass(frozen=True, slots=True)
class Sleeve:
    """A right sleeve: its outline, its axis, and the line of its end."""

    outline: Curve
    axis: tuple[tuple[float, float], tuple[float, float]]
    cuff: Curve
    elbow: Curve


def cut_sleeve(torso: Torso, reach: float | None = None) -> Sleeve:
    """The right sleeve of a torso; `reach` overrides the share of the arm that it covers."""
    reach = _REACH[torso.sleeve] if reach is None else reach
    line, normal = arm_line(torso.body)
    places = np.linspace(0, 1, len(line))

    def at(share: float, half: float, side: float) -> tuple[float, float]:
        point = [np.interp(share, places, line[:, i]) for i in (0, 1)]
        across = [np.interp(share, places, normal[:, i]) for i in (0, 1)]
        return (
            float(point[0] + side * half * across[0]),
            float(point[1] + side * half * across[1]),
        )

    ease = torso.arm_ease + 0.5 * torso.ease
    upper, lower = 0.25 + ease, 0.125 + 0.7 * ease
    halves = {
        share: upper + (lower - upper) * min(share / 1.0, 1.0) for share in (0.3, 0.55, 0.8, 1)
    }
    end_half = upper + (lower - upper) * reach
    middle = [share for share in (0.3, 0.55, 0.8) if share < reach - 0.08]
    if torso.sleeve_form == "puff":
        end_half *= 0.82
        halves = {share: half * (1.28 if share < 0.6 else 1.42) for share, half in halves.items()}
        middle = [0.5 * reach, 0.8 * reach]
        halves |= {0.5 * reach: upper * 1.28, 0.8 * reach: upper * 1.22}
    elif torso.sleeve_form == "bell":
        end_half = upper + 0.16 * reach
        halves[0.8] = lower + 0.10
    elif torso.sleeve_form == "loose":
        end_half += 0.06
        halves = {share: half + 0.05 for share, half in halves.items()}
    (sx, sy), (ax, ay) = torso.shoulder, torso.armpit
    outer_end, inner_end = at(reach, end_half, 1), at(reach, end_half, -1)
    lift = 0.06 if torso.sleeve_form == "puff" else 0.0
    knots: list[Knot] = [(sx - 0.16, sy - 0.03, 1), (sx - 0.01, sy + 0.015 - lift)]
    knots += [at(share, halves[share], 1) for share in middle]
    knots += [(*outer_end, 1), (*inner_end, 1)]
    knots += [at(share, halves[share], -1) for share in reversed(middle) if share > 0.34]
    knots += [(ax - 0.01, ay + 0.01, 1), (ax - 0.22, ay - 0.1, 1)]
    elbow = open_curve([at(0.42, 0.16, -1), at(0.48, 0.02, 1), at(0.5, 0.14, 1)])
    cuff = open_curve([outer_end, at(reach + 0.006, 0, 1), inner_end])
    start, finish = at(0, 0, 1), at(max(reach, 0.4), 0, 1)
    return Sleeve(closed_curve(knots), (start, finish), cuff, elbow)


def draw_sleeves(p: Painter, torso: Torso, cloth: Cloth, *, cuff: Cloth | None = None) -> None:
    """Both sleeves; with `cuff`, a band of that cloth ends them (long and puffed sleeves)."""
    if torso.sleeve == "none":
        return
    reach = _REACH[torso.sleeve]
    band = 0.0 if cuff is None else (0.085 if reach > 0.5 else 0.055)
    full, short = cut_sleeve(torso), cut_sleeve(torso, reach - band)
    under = cut_sleeve(torso, reach - band - 0.03)
    hanging = cloth.folded(Folds(depth=cloth.folds.depth * 0.9, across=2.6, along=1.2))
    for turn in (_keep, flip):
        (x0, y0), (x1, y1) = short.axis
        side = -1.0 if turn is flip else 1.0
        axis = ((side * x0, y0), (side * x1, y1))
        if cuff is not None:
            ends = np.vstack([under.cuff, full.cuff[::-1]])
            widened = _shrunk(ends, 0.92 if torso.sleeve_form != "puff" else 0.84)
            p.part(turn(widened), cuff, axis=axis, dome=0.1, shadow=0.1)
        sleeve = short if cuff is not None else full
        p.part(turn(sleeve.outline), hanging, axis=axis, dome=0.17, bulge=0.12)
        if reach > 0.6:
            p.crease(turn(sleeve.elbow), 0.045, 0.20)
        if cuff is None:
            inset = (np.array(sleeve.axis[0]) - np.array(sleeve.axis[1])) * 0.045
            p.line(turn(sleeve.cuff + inset), 0.016, tone=-0.25)


def _keep(curve: Curve) -> Curve:
    return curve


def _shrunk(curve: Curve, factor: float) -> Curve:
    centre = curve.mean(axis=0)
    return centre + (curve - centre) * factor


def draw_inner_back(p: Painter, torso: Torso, cloth: Cloth, view: View) -> None:
    """The dark inner side of the back, seen through the neckline of an unworn garment."""
    if view != "packshot" or torso.neck == "high":
        return
    x, y = torso.neck_point
    right = open_curve(torso.neckline(view)) + np.array([0.03, 0.05])
    top = open_curve([(-x, y + 0.02), (0.0, y + 0.03), (x, y + 0.02)])
    inner = np.vstack([top, right[::-1], flip(right)])
    p.part(inner, cloth.plain(), tone=0.60, dome=0.08, shadow=0)
    p.patch(
        np.array([[-0.075, y + 0.10], [0.075, y + 0.10], [0.075, y + 0.19], [-0.075, y + 0.19]]),
        rgb=(0.93, 0.92, 0.90),
        tone=0.85,
    )
    collar = [
        (-x, y + 0.02),
        (-0.6 * x, y + 0.055),
        (0.0, y + 0.075),
        (0.6 * x, y + 0.055),
        (x, y + 0.02),
    ]
    p.line(open_curve(collar), 0.02, tone=-0.35)


def draw_torso(p: Painter, torso: Torso, cloth: Cloth, view: View) -> None:
    """Front or back with armhole seams, waist creases and a hem stitch."""
    p.part(torso.outline(view), cloth, dome=0.26, bulge=0.13, shadow=0.18)
    ax, ay = torso.armpit
    for side in (1.0, -1.0):
        turn = np.array([side, 1.0])
        if torso.sleeve != "none":
            p.line(open_curve(torso.armhole()) * turn, 0.016, tone=-0.28)
        p.crease(
            open_curve([(ax - 0.06, ay + 0.05), (ax - 0.22, ay + 0.12), (ax - 0.36, ay + 0.34)])
            * turn,
            0.05,
            0.12,
        )
        if torso.shape > 0.35:
            p.crease(
                open_curve(
                    [
                        (torso.body.waist, 1.82),
                        (torso.body.waist - 0.22, 1.95),
                        (torso.body.waist - 0.34, 2.14),
                    ]
                )
                * turn,
                0.05,
                0.10,
            )


def hem_line(torso: Torso, inset: float) -> Curve:
    """The line `inset` above the hem."""
    half, y = torso.hem_half, torso.hem_y - inset
    return open_curve(
        [
            (-half, y),
            (-0.5 * half, y + 0.8 * torso.hem_curve),
            (0.0, y + torso.hem_curve),
            (0.5 * half, y + 0.8 * torso.hem_curve),
            (half, y),
        ]
    )


def full_neckline(torso: Torso, view: View) -> Curve:
    """The neckline from the left to the right neck point."""
    right = open_curve(torso.neckline(view))
    return np.vstack([flip(right)[::-1], right[1:]])


def draw_neck_band(
    p: Painter, torso: Torso, cloth: Cloth, view: View, width: float = 0.085
) -> None:
    """A ribbed band along the neckline."""
    line = full_neckline(torso, view)
    knots: list[Knot] = [(float(x), float(y)) for x, y in line[::2]]
    moved = limb(knots, [width * 0.22, width * 0.5, width * 0.5, width * 0.5, width * 0.22])
    p.part(moved + np.array([0.0, 0.012]), cloth, dome=0.05, bulge=0.05, shadow=0.25)
    p.line(line + np.array([0.0, width * 0.55]), 0.014, tone=-0.25)
