"""Named colours as the recolouring takes them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidInput
from engine.query.lexicon import Lexicon
from models.variants.oklab import from_lab

__all__ = ["MAIN_COLOURS", "shade_of"]

MAIN_COLOURS = (
    "black", "white", "grey", "beige", "brown", "red",
    "orange", "yellow", "green", "blue", "purple", "pink",
)  # fmt: skip
"""One of each family of the vocabulary, metal and many colours left out."""

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
