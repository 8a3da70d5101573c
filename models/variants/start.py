"""The picture that a generator starts from: the reference with what is asked for laid in roughly.

A generator that is to keep folds and outline is given little noise, and with little noise it keeps
the colour too, whatever the prompt says. So the named shade is put there before, and a pattern as a
sketch; the generator makes cloth of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidInput
from engine.query.lexicon import Lexicon
from engine.rendering import Change
from engine.types import Facet, ImageRGB
from models.variants.patterns import PATTERNS, contrasts
from models.variants.recolour import Garment
from models.variants.shades import shade_of

__all__ = ["start_from"]


def start_from(
    reference: ImageRGB, mask: NDArray[np.float32], change: Change, lexicon: Lexicon
) -> ImageRGB:
    """The reference with the change's colour and pattern, where there is a shade or a sketch.

    Args:
        reference: uint8 (H, W, 3); not changed.
        mask: float32 (H, W), 0 to 1: the garment.
        change: What becomes of it.
        lexicon: Shades of colours.

    Returns:
        uint8 (H, W, 3); the reference itself where nothing can be laid in.

    Raises:
        InvalidInput: The mask is of another size, or empty.
    """
    garment = Garment(reference, mask)
    shade = _shade(change, lexicon)
    pattern = change.after.get(Facet.PATTERN, "") if Facet.PATTERN in change.facets else ""
    if pattern in PATTERNS:
        other = contrasts(garment.cloth.colour if shade is None else shade, lexicon)[0]
        return garment.patterned(pattern, other, ground=shade)
    return reference if shade is None else garment.recoloured(shade)


def _shade(change: Change, lexicon: Lexicon) -> NDArray[np.float32] | None:
    if Facet.COLOUR not in change.facets:
        return None
    try:
        return shade_of(change.after[Facet.COLOUR], lexicon)
    except InvalidInput:
        return None  # many colours at once: the prompt alone says it
