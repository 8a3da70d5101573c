"""A garment in another colour: its light, folds and prints stay, its surroundings are untouched.

Per pixel in Oklab: how much lighter or darker than the cloth it is stays, squeezed to the room
that the new colour leaves; chroma follows light, as dyed cloth does (in shadow it falls with light,
in sheen it goes to white). Prints on a cloth of one colour keep theirs; where no colour is the
cloth's, all move along.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidInput
from engine.types import ImageRGB
from models.variants.cloth import cloth_of
from models.variants.edges import unmixed
from models.variants.oklab import linear_rgb, oklab, rgb_of_linear, to_linear
from models.variants.patterns import pattern_field

__all__ = ["Garment"]

_LEAST = 1 / 255


class Garment:
    """A garment in a picture, prepared once for any number of colours.

    Args:
        image: uint8 (H, W, 3), sRGB; not changed.
        mask: float32 (H, W), 0 to 1: its pixels. What is 0 is never touched.

    Raises:
        InvalidInput: The mask is of another size, or empty.
    """

    def __init__(self, image: ImageRGB, mask: NDArray[np.float32]):
        if mask.shape != image.shape[:2]:
            raise InvalidInput(
                f"got a mask of {mask.shape} for a picture of {image.shape[:2]}", where="mask"
            )
        rows, columns = (np.flatnonzero((mask > _LEAST).any(axis=axis)) for axis in (1, 0))
        if not rows.size:
            raise InvalidInput("got an empty mask, expected one with a garment", where="mask")
        self._image = image
        self._part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        linear, alpha = to_linear(image[self._part]), mask[self._part]
        self._inside = alpha > _LEAST
        self._linear = linear[self._inside]
        own, shares = unmixed(linear, alpha)
        self._alpha = shares[self._inside]
        self._colours = oklab(own[self._inside])
        self._before = linear_rgb(self._colours)
        self.cloth = cloth_of(self._colours, self._alpha)
        self._accents = self.cloth.accents(self._colours)

    def recoloured(self, colour: NDArray[np.float32]) -> ImageRGB:
        """The picture with the garment in another colour.

        Args:
            colour: float32 (3,), Oklab.

        Returns:
            uint8 (H, W, 3); where the mask is 0 it is the picture itself, to the bit.
        """
        return self._laid(self._dyed(colour))

    def patterned(
        self,
        pattern: str,
        colour: NDArray[np.float32],
        *,
        ground: NDArray[np.float32] | None = None,
    ) -> ImageRGB:
        """The picture with a pattern on the garment: a sketch, see `models.variants.patterns`.

        Args:
            pattern: One of `models.variants.patterns.PATTERNS`.
            colour: float32 (3,), Oklab: of the stripes, checks or dots.
            ground: Of the cloth below; as it is by default.

        Raises:
            InvalidInput: The pattern is not known.
        """
        below = self._colours if ground is None else self._dyed(ground)
        alpha = np.zeros(self._inside.shape, np.float32)
        light = alpha.copy()
        alpha[self._inside], light[self._inside] = self._alpha, self._colours[:, 0]
        field = pattern_field(pattern, alpha, light)[self._inside][:, None]
        moved = self._dyed(colour)
        moved -= below
        moved *= field
        moved += below
        return self._laid(moved)

    def _laid(self, moved: NDArray[np.float32]) -> ImageRGB:
        """The picture with the garment's pixels in other colours: Oklab (N, 3)."""
        change = np.clip(linear_rgb(moved), 0, 1) - self._before
        change *= self._alpha[:, None]
        change += self._linear
        found = self._image.copy()
        part = found[self._part]
        part[self._inside] = rgb_of_linear(change)
        return found

    def _dyed(self, colour: NDArray[np.float32]) -> NDArray[np.float32]:
        """Every pixel in another colour, but what is no cloth: Oklab (N, 3)."""
        moved = self._moved(colour)
        if self._accents.any():
            moved += self._accents[:, None] * (self._colours - moved)
        return moved

    def _moved(self, colour: NDArray[np.float32]) -> NDArray[np.float32]:
        """Every pixel as if it were cloth of that colour: Oklab (N, 3)."""
        target = float(colour[0])
        light = self._lightness(target)
        found = np.empty_like(self._colours)
        found[:, 0] = light
        share = np.where(
            light <= target, light / max(target, 1e-3), (1 - light) / max(1 - target, 1e-3)
        )
        found[:, 1:] = share[:, None] * colour[1:]
        return found

    def _lightness(self, target: float) -> NDArray[np.float32]:
        """L of each pixel: that of the cloth's middle becomes `target`, steps from there stay."""
        # Light cloth shows shadows, dark cloth sheen: what was the one has to become the other.
        percent = round(100 * np.clip(0.3 + 0.4 * target, 0, 1))
        step = self._colours[:, 0] - self.cloth.lightness[percent]
        below, above = max(target, 1e-3), max(1 - target, 0.02)
        room = np.where(step < 0, below, above).astype(np.float32)
        return target + np.sign(step) * room * (1 - np.exp(-np.abs(step) / room))
