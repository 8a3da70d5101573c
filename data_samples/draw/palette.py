"""The twelve named colours, their natural variation, and which name a measured colour deserves."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

ColourName = Literal[
    "black", "white", "grey", "red", "blue", "navy blue", "green", "yellow", "orange", "pink",
    "purple", "brown",
]  # fmt: skip
COLOURS: tuple[ColourName, ...] = get_args(ColourName)

Rgb = tuple[float, float, float]

# sRGB bytes of the cloth in even light, chosen so that shaded cloth keeps its own name.
_CENTRES: dict[ColourName, tuple[int, int, int]] = {
    "black": (37, 37, 41),
    "white": (243, 243, 240),
    "grey": (142, 144, 148),
    "red": (205, 32, 44),
    "blue": (52, 112, 205),
    "navy blue": (34, 44, 88),
    "green": (48, 136, 76),
    "yellow": (246, 208, 58),
    "orange": (242, 126, 38),
    "pink": (243, 152, 184),
    "purple": (122, 68, 156),
    "brown": (122, 80, 52),
}
# Standard deviation of a shade around its centre, in Lab units (L, a, b).
_SPREAD: dict[ColourName, tuple[float, float, float]] = {
    "black": (2.5, 1.0, 1.5),
    "white": (1.2, 0.6, 1.6),
    "grey": (6.0, 1.0, 2.0),
    "red": (4.0, 4.0, 5.0),
    "blue": (7.0, 4.0, 6.0),
    "navy blue": (2.5, 2.0, 4.0),
    "green": (7.0, 6.0, 6.0),
    "yellow": (3.0, 3.0, 8.0),
    "orange": (3.5, 4.0, 5.0),
    "pink": (4.5, 6.0, 4.0),
    "purple": (6.0, 5.0, 5.0),
    "brown": (5.0, 3.0, 4.0),
}
_MAX_DRAWS = 32


def rgb_to_lab(rgb: NDArray[np.floating]) -> NDArray[np.float64]:
    """CIE Lab (D65) of sRGB values in [0, 1]; shape (..., 3) in and out."""
    value = np.asarray(rgb, dtype=np.float64)
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    matrix = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = linear @ matrix.T / np.array([0.95047, 1.0, 1.08883])
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = root[..., 0], root[..., 1], root[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def lab_to_rgb(lab: NDArray[np.floating]) -> NDArray[np.float64]:
    """SRGB in [0, 1], clipped, of CIE Lab (D65) values; shape (..., 3) in and out."""
    value = np.asarray(lab, dtype=np.float64)
    y = (value[..., 0] + 16) / 116
    root = np.stack([y + value[..., 1] / 500, y, y - value[..., 2] / 200], axis=-1)
    xyz = np.where(root > 0.206893, root**3, (root - 16 / 116) / 7.787)
    xyz = xyz * np.array([0.95047, 1.0, 1.08883])
    matrix = np.array(
        [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]
    )
    linear = np.clip(xyz @ matrix.T, 0.0, 1.0)
    low = linear <= 0.0031308
    return np.where(low, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


_CENTRES_LAB = rgb_to_lab(np.array([_CENTRES[name] for name in COLOURS]) / 255.0)


def centre_rgb(name: ColourName) -> Rgb:
    """The middle of a named colour, sRGB in [0, 1]."""
    red, green, blue = _CENTRES[name]
    return (red / 255, green / 255, blue / 255)


def nearest_colour(rgb: NDArray[np.floating] | Rgb) -> ColourName:
    """The named colour whose centre is nearest in Lab to one sRGB triple in [0, 1]."""
    lab = rgb_to_lab(np.asarray(rgb))
    return COLOURS[int(np.argmin(((_CENTRES_LAB - lab) ** 2).sum(axis=1)))]


def sample_shade(name: ColourName, rng: np.random.Generator) -> Rgb:
    """One natural shade of a named colour; never one that another name would fit better."""
    centre = _CENTRES_LAB[COLOURS.index(name)]
    for _ in range(_MAX_DRAWS):
        offset = np.clip(rng.standard_normal(3), -1.7, 1.7) * np.array(_SPREAD[name])
        rgb = lab_to_rgb(centre + offset)
        if nearest_colour(rgb) == name:
            return (float(rgb[0]), float(rgb[1]), float(rgb[2]))
    return centre_rgb(name)


def luminance(rgb: Rgb) -> float:
    """Rough perceived brightness of an sRGB triple, in [0, 1]."""
    return 0.30 * rgb[0] + 0.59 * rgb[1] + 0.11 * rgb[2]


def mix(first: Rgb, second: Rgb, share: float) -> Rgb:
    """`share` of the second colour in the first; share in [0, 1]."""
    keep = 1.0 - share
    return (
        first[0] * keep + second[0] * share,
        first[1] * keep + second[1] * share,
        first[2] * keep + second[2] * share,
    )
