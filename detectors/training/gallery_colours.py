"""The colour of a thing in words, measured from its pixels."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from engine.query.lexicon import default_lexicon
from engine.query.shade import lab_of_hex

__all__ = ["colour_name"]

_NAMES = (
    "black", "white", "grey", "beige", "brown", "red", "pink", "orange", "yellow", "green", "blue",
    "navy blue", "purple", "cream", "burgundy", "olive",
)  # fmt: skip


def colour_name(pixels: NDArray[np.uint8]) -> str:
    """The nearest of some plain colours to the median pixel; empty for no pixels.

    Args:
        pixels: uint8 (N, 3), sRGB.
    """
    if not len(pixels):
        return ""
    red, green, blue = (int(each) for each in np.median(pixels, axis=0))
    measured = np.array(lab_of_hex(f"{red:02x}{green:02x}{blue:02x}"))
    labs = _labs()
    return min(labs, key=lambda name: float(np.linalg.norm(labs[name] - measured)))


@functools.cache
def _labs() -> dict[str, NDArray[np.float64]]:
    lexicon = default_lexicon()
    return {name: np.array(lexicon.lab(name)) for name in _NAMES if name in lexicon.labs}
