"""Named colours as the recolouring takes them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidInput
from engine.query.lexicon import Lexicon
from models.variants.oklab import from_lab, linear_rgb

__all__ = ["MAIN_COLOURS", "is_shade", "named_by", "shade_near", "shade_of"]

MAIN_COLOURS = (
    "black", "white", "grey", "beige", "brown", "red",
    "orange", "yellow", "green", "blue", "purple", "pink",
)  # fmt: skip
"""One of each family of the vocabulary, metal and many colours left out."""

_TRIES = 20
_TURN, _LIGHT, _VIVID = 0.12, 0.09, 0.15
"""Spread of other shades: hue in radians, lightness and chroma as factors."""
_NO_SHADE: Mapping[str, str] = {"multicolour": "It is no one colour; ask for a pattern."}


def shade_of(colour: str, lexicon: Lexicon) -> NDArray[np.float32]:
    """The typical shade of a canonical colour: float32 (3,), Oklab.

    Metallic colours are shades like any other: nothing will shine.

    Raises:
        InvalidInput: The vocabulary has no such colour, or no single shade for it.
    """
    lab = lexicon.labs.get(colour)
    if lab is None or colour in _NO_SHADE:
        raise InvalidInput(
            f"{colour!r} has no shade",
            where="colour",
            hint=_NO_SHADE.get(colour, f"Such as: {', '.join(MAIN_COLOURS)}."),
        )
    return from_lab(lab)


def is_shade(colour: str, lexicon: Lexicon) -> bool:
    """Whether `shade_of` has one."""
    return colour in lexicon.labs and colour not in _NO_SHADE


def shade_near(colour: str, lexicon: Lexicon, seed: int) -> NDArray[np.float32]:
    """Another shade that goes by the same name: float32 (3,), Oklab.

    Args:
        colour: As for `shade_of`.
        lexicon: Shades.
        seed: Draws it; 0 is the typical one.
    """
    typical = shade_of(colour, lexicon)
    rng = np.random.default_rng(seed)
    for _ in range(_TRIES if seed else 0):
        turn, (light, vivid) = rng.normal(0, _TURN), rng.normal(1, (_LIGHT, _VIVID))
        cos, sin = vivid * np.cos(turn), vivid * np.sin(turn)
        found = np.array(
            [
                np.clip(typical[0] * light, 0.05, 0.99),
                cos * typical[1] - sin * typical[2],
                sin * typical[1] + cos * typical[2],
            ],
            np.float32,
        )
        shown = linear_rgb(found)  # what no screen can show would come out as another shade
        shows = bool((shown >= 0).all() and (shown <= 1).all())
        if shows and named_by(found, lexicon) == lexicon.family(colour):
            return found
    return typical


def named_by(shade: NDArray[np.float32], lexicon: Lexicon) -> str:
    """Family of the colour whose typical shade is nearest to one (3,), Oklab."""
    names = [each for each in lexicon.labs if is_shade(each, lexicon)]
    shades = np.stack([from_lab(lexicon.labs[each]) for each in names])
    return lexicon.family(names[int(np.linalg.norm(shades - shade, axis=1).argmin())])
