"""What a renderer wants of the catalogue: pictures whose captions are near a prompt's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.ids import ProductId
from engine.rendering import Source
from engine.types import ImageRGB

__all__ = ["Neighbour", "PictureBank"]

Neighbour = tuple[Source, str, ImageRGB]
"""A product, its caption as `models.variants.prompts.caption` writes it, and its picture."""


class PictureBank(Protocol):
    """Text-image pairs of the catalogue, and what was computed of them."""

    def nearest(
        self, caption: str, *, count: int, without: frozenset[ProductId]
    ) -> Sequence[Neighbour]:
        """At most `count` products, nearest caption first.

        Args:
            caption: Of what is to be drawn.
            count: How many.
            without: Products that must not help.
        """
        ...

    def features(self, key: str, make: Callable[[], NDArray[np.float16]]) -> NDArray[np.float16]:
        """What is kept under a key; made and kept where there is nothing yet.

        Args:
            key: Names the picture, its caption, the engine's revision and what of it this is.
            make: Computes it.
        """
        ...
