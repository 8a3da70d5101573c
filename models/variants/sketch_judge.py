"""What can be seen in a sketch, by the eyes of the attribute tagger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.ports import AttributePredictor, ImageEncoder
from engine.query.lexicon import Lexicon
from engine.types import Facet, ImageRGB

__all__ = ["SketchJudge"]


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

    def seen(
        self,
        pictures: Sequence[ImageRGB],
        wanted: Mapping[Facet, str],
        *,
        any_of_category: bool = False,
    ) -> Mapping[Facet, NDArray[np.float32]]:
        """How likely each of N pictures shows each value.

        Args:
            pictures: Each uint8 (H, W, 3).
            wanted: Facet → canonical value.
            any_of_category: A sweatshirt will do for a sweater.

        Returns:
            Facet → float32 (N,), 0 to 1, NaN where the tagger says nothing of a picture; without
            those whose value it does not know.
        """
        shares = self._tagger.predict(self._encoder.embed_images(pictures))
        found: dict[Facet, NDArray[np.float32]] = {}
        for facet, value in wanted.items():
            meant = self._lexicon.narrower(facet, value)
            labels = self._tagger.labels.get(facet, ())
            if facet is Facet.TYPE and any_of_category:
                category = self._lexicon.category(value)
                meant |= {each for each in labels if self._lexicon.category(each) == category}
            columns = [place for place, label in enumerate(labels) if label in meant]
            if columns and facet in shares:
                says = shares[facet].any(axis=1)
                found[facet] = np.where(says, shares[facet][:, columns].sum(axis=1), np.nan)
        return found
