"""What the small generator draws of a garment, helped by the catalogue, and enlarged: a sketch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

from engine.rendering import DrawRequest, Rendering
from engine.types import Facet, ImageRGB
from models.variants.catalogue_bank import Bank, FeatureCache, Neighbour, feature_key
from models.variants.turbo import EDIT_START, Helped, Keep, SmallTurbo

__all__ = ["Sketcher"]

_HELPERS = 1
"""Products whose features help, as in the adapter's training."""
_ENLARGED = 4
_OTHER_THING = frozenset({Facet.TYPE, Facet.GENDER})
_OTHER_SHAPE = _OTHER_THING | {Facet.SLEEVE, Facet.NECK}
_NOTE = "A sketch of what is meant, not a photo of your garment."


class Sketcher:
    """Draws in one step.

    Args:
        turbo: The generator.
        bank: Products that help; without it nothing does.
        features: Their features, so that none is computed twice.
    """

    def __init__(self, turbo: SmallTurbo, bank: Bank | None, features: FeatureCache) -> None:
        self._turbo, self._bank, self._features = turbo, bank, features

    def draw(
        self, request: DrawRequest, reference: ImageRGB, seeds: Sequence[int]
    ) -> Iterator[Rendering]:
        """One sketch a seed, 288 by 384 pixels.

        Args:
            request: What is asked for.
            reference: The garment as packshots show it, in its new colour where it gets one.
            seeds: Of the noise.
        """
        prompt, facets = request.change.after, request.change.facets
        keep: Keep = "nothing" if facets & _OTHER_SHAPE else "outline"
        helpers: list[Neighbour] = []
        if self._bank is not None:
            near = self._bank.nearest(prompt, count=_HELPERS, without=request.without)
            helpers = [each for each in near if each.source.similarity > 0]  # the gate λ
        helped = self._helped(helpers)
        for seed in seeds:
            small = self._turbo.draw(
                [prompt],
                seeds=[seed],
                references=[reference],
                keep=keep,
                helped=helped,
                start=1.0 if facets & _OTHER_THING else EDIT_START,
            )[0]
            yield Rendering(
                image=_enlarged(small),
                seed=seed,
                sketch=True,
                sources=tuple(each.source for each in helpers),
                notes=(_NOTE,),
            )

    def _helped(self, helpers: Sequence[Neighbour]) -> Helped | None:
        if not helpers:
            return None
        keys = [feature_key(each, self._turbo.revision) for each in helpers]
        held = self._features.get(keys)
        missing = [at for at, key in enumerate(keys) if key not in held]
        if missing:
            made = self._turbo.middle(
                [helpers[at].picture for at in missing], [helpers[at].attributes for at in missing]
            ).astype(np.float16)
            fresh = {keys[at]: each for at, each in zip(missing, made, strict=True)}
            self._features.put(fresh)
            held |= fresh
        return Helped(
            features=np.stack([held[key] for key in keys])[None].astype(np.float32),
            similarity=np.array([[each.source.similarity for each in helpers]], np.float32),
        )


def _enlarged(small: ImageRGB) -> ImageRGB:
    high, wide = small.shape[:2]
    size = (wide * _ENLARGED, high * _ENLARGED)
    return np.array(Image.fromarray(small).resize(size, Image.Resampling.LANCZOS))
