"""Shirts and blouses: woven tops with collars, plackets, bows and ruffles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_samples.draw.cloth import Cloth, Folds
from data_samples.draw.curves import (
    Curve,
    closed_curve,
    ellipse,
    flip,
    limb,
    open_curve,
    rectangle,
    symmetric,
)
from data_samples.draw.garments.fastenings import draw_patch_pocket
from data_samples.draw.garments.piece import Fabric, Tailored, View, between, pick
from data_samples.draw.garments.torso import (
    NeckName,
    Torso,
    draw_inner_back,
    draw_sleeves,
    draw_torso,
    full_neckline,
    hem_line,
)
from data_samples.draw.painter import Painter


def draw_shirt_collar(p: Painter, cloth: Cloth, half: float, spread: float, drop: float) -> None:
    """A turned-down collar: stand behind, two points in front meeting at (0, drop)."""
    top = -0.20
    stand = symmetric([(0.0, top + 0.02), (half * 0.9, top, 1), (half + 0.03, -0.02), (0.0, 0.12)])
    p.part(stand, cloth, tone=0.72, dome=0.06, shadow=0.1)
    for turn in (1.0, -1.0):
        wing = closed_curve([
            (half * 0.86, top - 0.02, 1), (half + 0.09, 0.0),
            (half * 0.5 + spread, drop + 0.24, 1), (half * 0.35, drop + 0.12), (0.015, drop, 1),
            (half * 0.55, -0.02),
        ]) * np.array([turn, 1.0])  # fmt: skip
        p.part(wing, cloth, dome=0.05, bulge=0.04, shadow=0.45)
        p.stitch((wing - wing.mean(axis=0)) * 0.86 + wing.mean(axis=0), tone=-0.2)


def draw_placket(p: Painter, fabric: Fabric, cloth: Cloth, top: float, bottom: float) -> None:
    """The buttoned band down the front."""
    p.part(
        rectangle(-0.085, top, 0.085, bottom),
        cloth,
        inside=True,
        dome=0.03,
        bulge=0.03,
        shadow=0.22,
    )
    for x in (-0.06, 0.06):
        p.stitch(np.array([[x, top], [x, bottom]]), tone=-0.2)
    count = max(int((bottom - top) / 0.36), 2)
    for y in np.linspace(top + 0.14, bottom - 0.22, count):
        p.button(0.0, float(y), 0.036, fabric.thread)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shirt(Tailored):
    """A collared, buttoned shirt with a yoke and a curved hem."""

    torso: Torso
    pockets: int
    spread: float

    @classmethod
    def sample(cls, rng: np.random.Generator, cut: str) -> Shirt:
        """One design."""
        women = cut == "women"
        body = Tailored(cut="women" if women else "men").body
        torso = Torso(
            body=body, neck="open", neck_half=body.neck + 0.06,
            neck_depth=between(rng, 0.22, 0.34), sleeve=pick(rng, "long", "long", "short"),
            ease=between(rng, 0.08, 0.20),
            shape=between(rng, 0.3, 0.8) if women else between(rng, 0.0, 0.3),
            hem_y=between(rng, 2.75, 3.05), hem_curve=between(rng, 0.10, 0.2),
            arm_ease=between(rng, 0.02, 0.05),
        )  # fmt: skip
        return cls(
            cut="women" if women else "men",
            torso=torso,
            pockets=int(rng.choice([0, 1, 1, 2])),
            spread=between(rng, 0.02, 0.14),
        )

    @property
    def words(self) -> tuple[str, ...]:
        """Sleeve."""
        return ("Short Sleeve",) if self.torso.sleeve == "short" else ()

    @property
    def focus(self) -> tuple[float, float, float]:
        """Collar and first buttons."""
        return (0.05, 0.45, 0.62)

    def draw(self, p: Painter, fabric: Fabric, view: View) -> None:
        """Sleeves, front, placket, pockets, collar."""
        cloth = fabric.main.folded(Folds(depth=0.03, across=2.0, along=0.8))
        draw_sleeves(p, self.torso, cloth, cuff=cloth if self.torso.sleeve == "long" else None)
        draw_inner_back(p, self.torso, cloth, view)
        draw_torso(p, self.torso, cloth, view)
        p.stitch(hem_line(self.torso, 0.05), tone=-0.25)
        half = self.torso.neck_half
        sx, sy = self.torso.shoulder
        if view == "back":
            yoke = open_curve([(-sx + 0.03, sy + 0.3), (0.0, sy + 0.36), (sx - 0.03, sy + 0.3)])
            p.line(yoke, 0.018, tone=-0.3)
            p.crease(np.array([[0.0, sy + 0.36], [0.02, 2.2]]), 0.05, 0.12)
            collar = symmetric(
                [(0.0, -0.22), (half * 0.9, -0.2, 1), (half + 0.06, 0.06, 1), (0.0, 0.10)]
            )
            p.part(collar, cloth, dome=0.06, bulge=0.06, shadow=0.4)
            return
        for side in (-1.0, 1.0):
            yoke = open_curve([(half * 0.9, 0.16), (sx - 0.02, sy + 0.18)])
            p.line(yoke * np.array([side, 1.0]), 0.014, tone=-0.2)
        draw_placket(p, fabric, cloth, self.torso.neck_depth - 0.02, self.torso.hem_y + 0.16)
        for i in range(self.pockets):
            draw_patch_pocket(p, cloth, 0.40 if i == 0 else -0.40, 0.92, 0.18, 0.42)
        draw_shirt_collar(p, cloth, half, self.spread, self.torso.neck_depth)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blouse(Tailored):
    """A flowing women's top: wrapped, bowed, ruffled or off with puffed sleeves."""

    torso: Torso
    style: str

    @classmethod
    def sample(cls, rng: np.random.Generator, cut: str) -> Blouse:
        """One design; always cut for women."""
        body = Tailored(cut="women").body
        style = pick(rng, "wrap", "bow", "ruffle", "peasant", "peplum")
        necks: dict[str, NeckName] = {
            "wrap": "v", "bow": "high", "ruffle": "v", "peasant": "square", "peplum": "scoop",
        }  # fmt: skip
        neck = necks[style]
        depth = {"v": 0.80, "high": 0.0, "square": 0.45, "scoop": 0.38}[neck]
        torso = Torso(
            body=body, neck=neck,
            neck_half=body.neck + {"square": 0.26, "high": 0.0}.get(neck, 0.12),
            neck_depth=depth, sleeve=pick(rng, "long", "three-quarter", "elbow", "short"),
            sleeve_form=pick(rng, "puff", "puff", "bell", "loose"),
            ease=between(rng, 0.08, 0.16), shape=0.9 if style in ("wrap", "peplum") else 0.25,
            hem_y=between(rng, 2.6, 2.85), hem_flare=between(rng, 0.0, 0.14),
            hem_curve=between(rng, 0.03, 0.10), arm_ease=between(rng, 0.01, 0.05),
        )  # fmt: skip
        return cls(cut="women", torso=torso, style=style)

    @property
    def words(self) -> tuple[str, ...]:
        """Style and sleeve form."""
        form = {"puff": "Puff Sleeve", "bell": "Bell Sleeve", "loose": ""}[self.torso.sleeve_form]
        style = {
            "wrap": "Wrap",
            "bow": "Bow",
            "ruffle": "Ruffle",
            "peasant": "Peasant",
            "peplum": "Peplum",
        }[self.style]
        return tuple(word for word in (style, form) if word)

    @property
    def focus(self) -> tuple[float, float, float]:
        """The neckline and its ornament."""
        return (0.0, 0.6, 0.65)

    def draw(self, p: Painter, fabric: Fabric, view: View) -> None:
        """Sleeves, front, gathers and the ornament of the style."""
        cloth = fabric.main.folded(Folds(depth=0.05, across=2.8, along=0.45))
        banded = self.torso.sleeve_form == "puff"
        draw_sleeves(p, self.torso, cloth, cuff=cloth.plain() if banded else None)
        draw_inner_back(p, self.torso, cloth, view)
        draw_torso(p, self.torso, cloth, view)
        p.line(full_neckline(self.torso, view) + np.array([0.0, 0.03]), 0.014, tone=-0.22)
        if self.style in ("wrap", "peplum"):
            self._draw_waist(p, fabric, view)
        if view == "back":
            p.line(np.array([[0.0, 0.05], [0.0, 0.6]]), 0.016, tone=-0.3)
            p.button(0.0, 0.08, 0.04, fabric.thread)
            return
        if self.style == "wrap":
            self._draw_wrap(p)
        elif self.style == "bow":
            draw_bow(p, cloth.plain(), 0.10)
            p.line(np.array([[0.0, 0.3], [0.0, self.torso.hem_y]]), 0.016, tone=-0.18)
        elif self.style == "ruffle":
            for side in (1.0, -1.0):
                self._draw_ruffle(p, cloth, side)
            for y in np.linspace(0.95, self.torso.hem_y - 0.2, 5):
                p.button(0.0, float(y), 0.034, fabric.thread)
        elif self.style == "peasant":
            for x in np.linspace(-0.36, 0.36, 9):
                p.crease(np.array([[x, 0.48], [x * 1.2, 0.95]]), 0.022, 0.2)
            p.line(
                full_neckline(self.torso, view) + np.array([0.0, 0.07]),
                0.03,
                rgb=fabric.thread,
                tone=0.8,
            )

    def _draw_waist(self, p: Painter, fabric: Fabric, view: View) -> None:
        half = self.torso.body.waist + self.torso.ease + 0.04
        for x in np.linspace(-half, half, 11):
            p.crease(
                np.array([[x * 0.9, 2.0], [x * 1.25, 2.0 + 0.7 * (self.torso.hem_y - 2.0)]]),
                0.03,
                0.22,
            )
        tie = limb([(-half, 1.95), (0.0, 2.0), (half, 1.95)], [0.05, 0.05])
        p.part(tie, fabric.main.plain(), inside=True, dome=0.04, shadow=0.35)
        if view != "back" and self.style == "wrap":
            draw_knot(p, fabric.main.plain(), 0.30, 1.98)

    def _draw_wrap(self, p: Painter) -> None:
        x, y = self.torso.neck_point
        edge = open_curve([(x, y), (0.10, 0.62), (-0.16, 1.15), (-self.torso.body.waist, 1.93)])
        p.line(edge + np.array([-0.02, 0.02]), 0.05, tone=-0.3, soft=0.03)
        p.line(edge, 0.03, tone=0.16)
        for share in (0.2, 0.5, 0.8):
            start = edge[int(share * (len(edge) - 1))]
            p.crease(
                open_curve([tuple(start), (0.32, 1.1 + 0.5 * share), (0.46, 1.86)]), 0.035, 0.14
            )

    def _draw_ruffle(self, p: Painter, cloth: Cloth, side: float) -> None:
        x, y = self.torso.neck_point
        depth = self.torso.neck_depth
        steps = np.linspace(0, 1, 40)
        base = np.stack([x * (1 - steps), y + (depth + 0.7 - y) * steps], axis=1)
        wave = 0.17 + 0.035 * np.sin(steps * 34)
        outer = base + np.stack([wave * (1 - 0.4 * steps), 0.03 * np.cos(steps * 34)], axis=1)
        frill = np.vstack([base, outer[::-1]]) * np.array([side, 1.0])
        p.part(frill, cloth, dome=0.05, bulge=0.05, shadow=0.4)
        for i in range(3, 38, 4):
            p.crease(np.stack([base[i], outer[i]]) * np.array([side, 1.0]), 0.018, 0.24)


def draw_bow(p: Painter, cloth: Cloth, y: float, size: float = 1.0) -> None:
    """A tied bow at (0, y) with two loops and two ends."""
    for turn, long in ((1.0, 0.95), (-1.0, 0.80)):
        end = limb(
            [(0.0, y), (0.10 * turn, y + 0.4 * size), (0.16 * turn, y + long * size)],
            [0.04 * size, 0.08 * size, 0.10 * size],
        )
        p.part(end, cloth, dome=0.06, shadow=0.4)
        loop = closed_curve(
            [
                (0.0, y, 1),
                (0.22 * size * turn, y - 0.16 * size),
                (0.42 * size * turn, y - 0.05 * size),
                (0.38 * size * turn, y + 0.15 * size),
                (0.18 * size * turn, y + 0.12 * size),
            ]
        )
        p.part(loop, cloth, dome=0.1, bulge=0.12, shadow=0.4)
        p.crease(np.array([[0.03 * turn, y], [0.26 * size * turn, y - 0.01]]), 0.03, 0.35)
    p.part(
        ellipse(0.0, y + 0.01, 0.07 * size, 0.085 * size), cloth, dome=0.06, bulge=0.1, shadow=0.4
    )


def draw_knot(p: Painter, cloth: Cloth, x: float, y: float) -> None:
    """A side knot with two hanging ends."""
    for dx, long in ((0.14, 0.62), (-0.06, 0.50)):
        end = limb(
            [(x, y), (x + 0.5 * dx, y + 0.5 * long), (x + dx, y + long)], [0.03, 0.055, 0.07]
        )
        p.part(end, cloth, dome=0.05, shadow=0.4)
    p.part(ellipse(x, y, 0.075, 0.075), cloth, dome=0.06, bulge=0.1, shadow=0.4)


def lapel(half: float, top: float, notch: float, bottom: float, width: float) -> Curve:
    """The right lapel of a jacket, from the neck point down to (0, bottom)."""
    return closed_curve([
        (half * 0.92, top, 1), (half + 0.10, top + 0.16), (half + 0.5 * width, notch - 0.06, 1),
        (half * 0.75, notch + 0.02, 1), (half + width, notch + 0.06, 1),
        (0.55 * (half + width), 0.5 * (notch + bottom) + 0.1), (0.0, bottom, 1),
        (half * 0.62, 0.42 * bottom),
    ])  # fmt: skip


def draw_lapels(
    p: Painter, cloth: Cloth, half: float, bottom: float, *, width: float = 0.26, cross: float = 0.0
) -> None:
    """Notched lapels meeting at (cross, bottom); the wearer's left one lies on top."""
    shape = lapel(half, -0.14, 0.46, bottom, width)
    lower = flip(shape)
    lower[:, 0] += cross * np.clip((lower[:, 1] - 0.4) / (bottom - 0.4), 0, 1)
    upper = shape.copy()
    upper[:, 0] += cross * np.clip((upper[:, 1] - 0.4) / (bottom - 0.4), 0, 1)
    collar = symmetric(
        [(0.0, -0.2), (half * 0.9, -0.2, 1), (half + 0.08, 0.02), (half * 0.5, 0.06), (0.0, 0.04)]
    )
    p.part(collar, cloth, tone=0.85, dome=0.06, shadow=0.3)
    for piece in (lower, upper):
        p.part(piece, cloth, dome=0.06, bulge=0.05, shadow=0.5)
