"""sRGB to Oklab and back, fast on whole pictures.

Ottosson, "A perceptual color space for image processing" (2020): hues stay what they are where
lightness changes, which CIE Lab does not give for blues.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["from_lab", "linear_rgb", "oklab", "rgb_of_linear", "to_linear"]

Colours = NDArray[np.float32]

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    np.float32,
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    np.float32,
)
_FROM_LAB = np.asarray(np.linalg.inv(_TO_LAB), np.float32)
_FROM_LMS = np.asarray(np.linalg.inv(_TO_LMS), np.float32)
_XYZ_TO_LINEAR = np.array(
    [
        [3.2404542, -1.5371385, -0.4985314],
        [-0.9692660, 1.8760108, 0.0415560],
        [0.0556434, -0.2040259, 1.0572252],
    ]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])  # D65, 2 degrees


def _decoded(levels: NDArray[np.float64]) -> Colours:
    return np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4).astype(
        np.float32
    )


_LINEAR = _decoded(np.arange(256) / 255)
_STEPS = 4095
"""Of the table that encodes; indexed by the square root, so that dark levels are not skipped."""
_levels = (np.arange(_STEPS + 1) / _STEPS) ** 2
_ENCODED = (
    255 * np.where(_levels <= 0.0031308, 12.92 * _levels, 1.055 * _levels ** (1 / 2.4) - 0.055)
    + 0.5
).astype(np.uint8)


def to_linear(rgb: NDArray[np.uint8]) -> Colours:
    """uint8 sRGB (…, 3) to linear light, 0 to 1."""
    return _LINEAR[rgb]


def rgb_of_linear(linear: Colours) -> NDArray[np.uint8]:
    """Linear light (…, 3) to uint8 sRGB; what lies outside 0..1 is clipped."""
    return _ENCODED[(np.sqrt(np.clip(linear, 0.0, 1.0)) * _STEPS + 0.5).astype(np.int16)]


def oklab(linear: Colours) -> Colours:
    """Linear sRGB (…, 3) to Oklab: L 0 to 1, a and b about ±0.4."""
    roots = np.cbrt(np.maximum(linear, 0) @ _TO_LMS.T)
    return np.asarray(roots @ _TO_LAB.T, np.float32)


def linear_rgb(colours: Colours) -> Colours:
    """Oklab (…, 3) to linear sRGB, which can lie outside 0..1."""
    roots = colours @ _FROM_LAB.T
    return np.asarray(roots**3 @ _FROM_LMS.T, np.float32)


def from_lab(lab: tuple[float, float, float]) -> Colours:
    """CIE Lab under D65, as the vocabulary keeps colours, to Oklab (3,)."""
    y = (lab[0] + 16) / 116
    bent = np.array([y + lab[1] / 500, y, y - lab[2] / 200])
    xyz = np.where(bent > 6 / 29, bent**3, 3 * (6 / 29) ** 2 * (bent - 4 / 29)) * _WHITE
    return oklab(np.clip(_XYZ_TO_LINEAR @ xyz, 0, 1).astype(np.float32))
