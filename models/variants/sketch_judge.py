"""What can be seen in a sketch, by the eyes of the attribute tagger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.ports import AttributePredictor, ImageEncoder
from engine.query.lexicon import Lexicon
from engine.types import Facet, ImageRGB

__all__ = ["SketchJudge"]

Looked = Mapping[Facet, NDArray[np.float32]]
"""See `engine.ports.AttributePredictor.predict`."""


class SketchJudge:
    """Says how surely pictures show what they should.

    Args:
        encoder: Reads pictures.
        tagger: Reads its vectors.
        lexicon: Knows which values are narrower ones of another.
    """

    def __init__(self, encoder: ImageEncoder, tagger: AttributePredictor, lexicon: Lexicon) -> None:
        self._encoder, self._tagger, self._lexicon = encoder, tagger, lexicon
        self.revision = tagger.revision

    def look(self, pictures: Sequence[ImageRGB]) -> Looked:
        """What the tagger says of N pictures, each uint8 (H, W, 3)."""
        return self._tagger.predict(self._encoder.embed_images(pictures))

    def seen(
        self, looked: Looked, wanted: Mapping[Facet, str], *, any_of_category: bool = False
    ) -> Mapping[Facet, NDArray[np.float32]]:
        """How likely each of N pictures shows each value.

        Args:
            looked: At the pictures.
            wanted: Facet → canonical value.
            any_of_category: A sweatshirt will do for a sweater.

        Returns:
            Facet → float32 (N,), 0 to 1, NaN where the tagger says nothing of a picture; without
            those whose value it does not know.
        """
        found: dict[Facet, NDArray[np.float32]] = {}
        for facet, value in wanted.items():
            meant = self._lexicon.narrower(facet, value)
            labels = self._tagger.labels.get(facet, ())
            if facet is Facet.TYPE and any_of_category:
                category = self._lexicon.category(value)
                meant |= {
                    each for each in labels if category and self._lexicon.category(each) == category
                }
            columns = [place for place, label in enumerate(labels) if label in meant]
            if columns:
                shares = looked[facet]
                found[facet] = np.where(shares.any(axis=1), shares[:, columns].sum(axis=1), np.nan)
        return found
