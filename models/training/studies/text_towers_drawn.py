"""Two-coloured garments, drawn for the word-order test: "red shirt with blue collar" and its twin.

A twin is the same design with the two colours exchanged, so that its text holds the same words in
another order. Colour pairs are split: the pairs of the test are never seen in training, each of
their colours is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from models.training.studies.text_towers_features import HEIGHT_PX, WIDTH_PX

__all__ = ["COLOURS", "DrawnGarment", "draw_garment", "drawn_garments", "split_colour_pairs"]

Rgb = tuple[int, int, int]
COLOURS: dict[str, Rgb] = {
    "red": (200, 32, 40),
    "blue": (45, 95, 195),
    "green": (45, 135, 70),
    "yellow": (242, 205, 60),
    "black": (34, 34, 38),
    "grey": (145, 147, 150),
    "pink": (240, 150, 182),
    "purple": (120, 65, 155),
    "orange": (240, 125, 40),
    "brown": (120, 78, 50),
}
_SHADE_STD = 8.0
_ZOOM = 2
"""Drawn at twice the size and shrunk, which softens the edges."""
_WHITE = (255, 255, 255)
Point = tuple[float, float]
Shape = list[Point]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnGarment:
    """One picture of the test.

    Attributes:
        kind: Garment, a key of the painter's designs.
        body: Colour of the garment.
        trim: Colour of its second part.
        design_seed: Of the cut and the shades; twins share it.
    """

    kind: str
    body: str
    trim: str
    design_seed: int

    @property
    def title(self) -> str:
        """What a catalogue would call it."""
        garment, part = self.kind.split("/")
        return f"{self.body} {garment} with {self.trim} {part}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    """A design's measures, in shares of the picture's width and height."""

    left: float
    right: float
    top: float
    bottom: float
    flare: float
    part: float


def _mirror(points: Shape) -> Shape:
    return [*points, *[(1 - x, y) for x, y in reversed(points)]]


def _sleeve(cut: _Cut, *, right: bool, length: float) -> Shape:
    side = cut.right if right else cut.left
    out = 1 if right else -1
    return [
        (side - out * 0.04, cut.top),
        (side + out * 0.02, cut.top + 0.02),
        (side + out * 0.14, cut.top + length),
        (side + out * 0.02, cut.top + length + 0.03),
        (side - out * 0.01, cut.top + 0.14),
    ]


def _torso(cut: _Cut) -> Shape:
    return [
        (cut.left, cut.top),
        (0.42, cut.top - 0.03),
        (0.58, cut.top - 0.03),
        (cut.right, cut.top),
        (cut.right + cut.flare, cut.bottom),
        (cut.left - cut.flare, cut.bottom),
    ]


def _shirt_collar(cut: _Cut) -> tuple[list[Shape], list[Shape]]:
    high = 0.08 + 0.06 * cut.part
    collar = [(0.37, cut.top - 0.04), (0.5, cut.top + high * 0.55), (0.41, cut.top + high)]
    body = [
        _torso(cut),
        _sleeve(cut, right=False, length=0.3),
        _sleeve(cut, right=True, length=0.3),
    ]
    return body, [collar, [(1 - x, y) for x, y in collar]]


def _tshirt_stripe(cut: _Cut) -> tuple[list[Shape], list[Shape]]:
    middle, half = cut.top + 0.22 + 0.1 * cut.part, 0.04 + 0.03 * cut.part
    stripe = _mirror([(cut.left, middle - half), (cut.left, middle + half)])
    body = [
        _torso(cut),
        _sleeve(cut, right=False, length=0.17),
        _sleeve(cut, right=True, length=0.17),
    ]
    return body, [stripe]


def _jacket_sleeves(cut: _Cut) -> tuple[list[Shape], list[Shape]]:
    length = 0.4 + 0.1 * cut.part
    sleeves = [_sleeve(cut, right=side, length=length) for side in (False, True)]
    return [_torso(cut)], sleeves


def _dress_belt(cut: _Cut) -> tuple[list[Shape], list[Shape]]:
    waist, half = cut.top + 0.26 + 0.05 * cut.part, 0.03 + 0.02 * cut.part
    low = min(0.95, cut.bottom + 0.15)
    body = _mirror([(cut.left + 0.04, cut.top), (0.34, waist), (cut.left - 0.06, low)])
    return [body], [_mirror([(0.33, waist - half), (0.33, waist + half)])]


_DESIGNS: dict[str, Callable[[_Cut], tuple[list[Shape], list[Shape]]]] = {
    "shirt/collar": _shirt_collar,
    "t-shirt/stripe": _tshirt_stripe,
    "jacket/sleeves": _jacket_sleeves,
    "dress/belt": _dress_belt,
}


def _shade(colour: str, rng: np.random.Generator) -> Rgb:
    moved = np.clip(np.array(COLOURS[colour]) + rng.normal(0, _SHADE_STD, 3), 0, 250)
    red, green, blue = (int(value) for value in np.rint(moved))
    return red, green, blue


def draw_garment(garment: DrawnGarment) -> NDArray[np.uint8]:
    """Paint a garment on white: uint8 (128, 96, 3), the same for the same garment."""
    rng = np.random.default_rng((garment.design_seed, 1))
    width = rng.uniform(0.17, 0.23)
    top = rng.uniform(0.14, 0.22)
    cut = _Cut(
        left=0.5 - width,
        right=0.5 + width,
        top=top,
        bottom=rng.uniform(0.72, 0.84),
        flare=rng.uniform(-0.01, 0.04),
        part=rng.uniform(0, 1),
    )
    body, trim = _DESIGNS[garment.kind](cut)
    shades = np.random.default_rng((garment.design_seed, 2))
    wide, high = WIDTH_PX * _ZOOM, HEIGHT_PX * _ZOOM
    picture = Image.new("RGB", (wide, high), _WHITE)
    painter = ImageDraw.Draw(picture)
    for shapes, colour in ((body, garment.body), (trim, garment.trim)):
        fill = _shade(colour, shades)
        edge = tuple(int(value * 0.75) for value in fill)
        for shape in shapes:
            painter.polygon([(x * wide, y * high) for x, y in shape], fill=fill, outline=edge)
    return np.asarray(picture.resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.BOX))


def split_colour_pairs(seed: int = 0) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Unordered colour pairs for training (two thirds) and for the test (one third).

    Every colour is in a pair of both parts, so that the test asks for new combinations of known
    colours.
    """
    pairs = list(combinations(COLOURS, 2))
    for attempt in range(1000):
        order = np.random.default_rng((seed, attempt)).permutation(len(pairs))
        cut = round(len(pairs) * 2 / 3)
        parts = [pairs[place] for place in order[:cut]], [pairs[place] for place in order[cut:]]
        if all(len({colour for pair in part for colour in pair}) == len(COLOURS) for part in parts):
            return parts
    raise AssertionError("no split of the colour pairs holds every colour on both sides")


def drawn_garments(
    pairs: list[tuple[str, str]], *, designs: int, seed: int
) -> list[tuple[DrawnGarment, DrawnGarment]]:
    """Twins: for each colour pair and kind of garment, some designs in both colourings."""
    found: list[tuple[DrawnGarment, DrawnGarment]] = []
    for one, other in pairs:
        for kind in _DESIGNS:
            for _ in range(designs):
                design = seed * 1_000_003 + len(found)
                found.append(
                    (
                        DrawnGarment(kind=kind, body=one, trim=other, design_seed=design),
                        DrawnGarment(kind=kind, body=other, trim=one, design_seed=design),
                    )
                )
    return found
