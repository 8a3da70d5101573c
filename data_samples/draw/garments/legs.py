"""Two legs and a waistband, the ground form of jeans, trousers, shorts and leggings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_samples.draw.cloth import Cloth
from data_samples.draw.curves import Curve, open_curve, rectangle, symmetric
from data_samples.draw.garments.piece import Fabric, Tailored, View, between
from data_samples.draw.painter import Painter

SIDES = (1.0, -1.0)


TOP = 1.98


def turned(side: float) -> Curve:
    return np.array([side, 1.0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Legs(Tailored):
    """The cut of two legs: half widths at thigh, knee and hem, and where they end."""

    thigh: float
    knee: float
    hem: float
    hem_y: float
    spread: float = 0.0
    rise: float = 0.0

    def centre_x(self, y: float) -> float:
        """The leg's middle line."""
        body = self.body
        start, end = 0.37, body.ankle_x + self.spread
        share = (y - body.crotch_y) / (body.ankle_y - body.crotch_y)
        return start + (end - start) * float(np.clip(share, 0, 1.2))

    def outline(self) -> Curve:
        """The right leg up to the middle seam."""
        body = self.body
        waist = body.waist + 0.06
        hip = body.hip + 0.03
        knots = [(0.0, TOP - self.rise, 1), (waist, TOP - self.rise, 1), (hip, body.hip_y - 0.08)]
        rows = [(body.crotch_y + 0.25, self.thigh)]
        if self.hem_y > body.knee_y + 0.3:
            rows.append((body.knee_y, self.knee))
        knots += [(self.centre_x(y) + half, y) for y, half in rows if y < self.hem_y - 0.1]
        middle = self.centre_x(self.hem_y)
        knots += [
            (middle + self.hem, self.hem_y, 1),
            (middle, self.hem_y + 0.05),
            (middle - self.hem, self.hem_y, 1),
        ]
        knots += [
            (max(self.centre_x(y) - half, 0.012), y)
            for y, half in reversed(rows)
            if y < self.hem_y - 0.1
        ]
        knots += [(0.03, body.crotch_y + 0.06), (0.0, body.crotch_y, 1)]
        return open_curve([*knots, knots[0]])

    def hem_line(self, side: float, inset: float) -> Curve:
        """The line `inset` above the hem of one leg."""
        middle, y = self.centre_x(self.hem_y), self.hem_y - inset
        return open_curve(
            [(middle - self.hem, y), (middle, y + 0.05), (middle + self.hem, y)]
        ) * turned(side)

    def draw_legs(self, p: Painter, cloth: Cloth, view: View) -> None:
        """Inner back of the waist, both legs, crotch and knee creases."""
        waist = self.body.waist + 0.05
        top = TOP - self.rise
        if view == "packshot":
            p.part(
                symmetric(
                    [
                        (0.0, top - 0.03),
                        (waist - 0.03, top - 0.06, 1),
                        (waist, top + 0.08),
                        (0.0, top + 0.12),
                    ]
                ),
                cloth.plain(),
                tone=0.55,
                shadow=0,
            )
        shape = self.outline()
        for side in SIDES:
            knee = self.centre_x(self.body.knee_y)
            axis = (
                (side * 0.37, self.body.crotch_y),
                (side * (knee + 0.001), self.body.knee_y + 0.2),
            )
            p.part(shape * turned(side), cloth, axis=axis, dome=0.24, bulge=0.16, shadow=0.25)
        crotch = self.body.crotch_y
        p.line(np.array([[0.0, top], [0.0, crotch + 0.02]]), 0.016, tone=-0.35)
        for side in SIDES:
            for dx, dy, long in ((0.05, -0.02, 0.34), (0.06, -0.16, 0.30), (0.05, 0.14, 0.26)):
                p.crease(
                    open_curve(
                        [
                            (dx, crotch + dy),
                            (dx + 0.5 * long, crotch + dy - 0.03),
                            (dx + long, crotch + dy - 0.14),
                        ]
                    )
                    * turned(side),
                    0.035,
                    0.17,
                )
            if self.hem_y > self.body.knee_y + 0.4:
                x, y, half = self.centre_x(self.body.knee_y), self.body.knee_y, self.knee
                for dy in (-0.14, 0.10):
                    p.crease(
                        open_curve(
                            [
                                (x - half + 0.03, y + dy),
                                (x - 0.2 * half, y + dy + 0.07),
                                (x + 0.4 * half, y + dy + 0.03),
                            ]
                        )
                        * turned(side),
                        0.035,
                        0.11,
                    )

    def draw_waistband(self, p: Painter, cloth: Cloth, height: float) -> None:
        """The band around the waist."""
        waist, top = self.body.waist + 0.06, TOP - self.rise
        lower = waist + max(0.2 * (self.body.hip - waist), 0.0)
        band = symmetric(
            [
                (0.0, top + 0.06),
                (waist - 0.02, top - 0.01, 1),
                (lower, top + height, 1),
                (0.0, top + height + 0.07),
            ]
        )
        p.part(band, cloth.plain(), dome=0.07, bulge=0.06, shadow=0.3)

    def draw_fly(self, p: Painter, fabric: Fabric, thread_tone: float) -> None:
        """Fly seam, button and belt loops."""
        top = TOP - self.rise
        fly = open_curve([(0.14, top + 0.26), (0.14, 2.72), (0.06, 2.92), (0.0, 2.96)])
        p.stitch(fly, fabric.thread, thread_tone)
        p.stitch(fly + np.array([-0.03, -0.02]), fabric.thread, thread_tone)
        p.button(0.02, top + 0.15, 0.055, fabric.metal)

    def draw_loops(self, p: Painter, cloth: Cloth) -> None:
        """Belt loops."""
        top = TOP - self.rise
        for x in (-0.46, -0.22, 0.22, 0.46):
            y = top + 0.06 * (1 - abs(x) / 0.6)
            p.part(
                rectangle(x - 0.028, y - 0.01, x + 0.028, y + 0.25),
                cloth.plain(),
                inside=True,
                dome=0.03,
                shadow=0.35,
            )

    def draw_back_pockets(self, p: Painter, cloth: Cloth, fabric: Fabric, tone: float) -> None:
        """Two patch pockets seen from behind."""
        for side in SIDES:
            pocket = np.array(
                [[0.17, 2.42], [0.53, 2.38], [0.52, 2.74], [0.35, 2.84], [0.19, 2.76]]
            ) * turned(side)
            p.part(pocket, cloth, inside=True, dome=0.05, bulge=0.03, shadow=0.35)
            p.stitch(
                (pocket - pocket.mean(axis=0)) * 0.88 + pocket.mean(axis=0), fabric.thread, tone
            )
            yoke = open_curve([(0.0, 2.45), (0.3, 2.36), (0.62, 2.26)]) * turned(side)
            p.line(yoke, 0.018, tone=-0.3)
            p.stitch(yoke + np.array([0, 0.03]), fabric.thread, tone)


def sample_legs(
    rng: np.random.Generator, cut: str, form: str, hem_y: float, rise: float = 0.0
) -> Legs:
    widths = {
        "skinny": (0.345, 0.235, 0.165), "slim": (0.36, 0.265, 0.215),
        "straight": (0.37, 0.305, 0.285), "wide": (0.40, 0.39, 0.45),
        "flared": (0.35, 0.26, 0.43), "tapered": (0.40, 0.32, 0.20),
    }[form]  # fmt: skip
    ease = between(rng, 0.97, 1.05)
    spread = {"wide": 0.14, "flared": 0.13, "straight": 0.03}.get(form, 0.0)
    return Legs(
        cut="women" if cut == "women" else "men",
        thigh=widths[0] * ease,
        knee=widths[1] * ease,
        hem=widths[2] * ease,
        hem_y=hem_y,
        spread=spread + 0.05,
        rise=rise,
    )
