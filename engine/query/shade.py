"""From the shade of a vocabulary file to CIE Lab."""

from __future__ import annotations

Lab = tuple[float, float, float]
"""CIE L*a*b* under D65: L in 0..100, a and b about -128..127."""

_WHITE = (0.95047, 1.0, 1.08883)  # D65, 2 degrees


def lab_of_hex(shade: str) -> Lab:
    """Lab of an sRGB colour written as six hexadecimal digits.

    Raises:
        ValueError: For anything but six hexadecimal digits.
    """
    if len(shade) != 6:
        raise ValueError(f"expected six hexadecimal digits, got {shade!r}")
    red, green, blue = (_linear(int(shade[at : at + 2], 16) / 255) for at in (0, 2, 4))
    x = 0.4124564 * red + 0.3575761 * green + 0.1804375 * blue
    y = 0.2126729 * red + 0.7151522 * green + 0.0721750 * blue
    z = 0.0193339 * red + 0.1191920 * green + 0.9503041 * blue
    fx, fy, fz = (_root(part / white) for part, white in zip((x, y, z), _WHITE, strict=True))
    return (116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz))


def _linear(level: float) -> float:
    return level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4


def _root(part: float) -> float:
    return part ** (1 / 3) if part > 216 / 24389 else (24389 / 27 * part + 16) / 116
