"""SD-Turbo behind the port `Renderer`: the shopper's garment with the change.

Colours and cloths are laid into the reference inside the product's mask; another shape takes the
whole drawing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple

import numpy as np
from numpy.typing import NDArray

from engine.look import LookService
from engine.query.lexicon import Lexicon
from engine.rendering import Change, DrawRequest, Rendering, Source, facets_to_draw
from engine.types import ImageRGB
from models.hub.sd_turbo.engine import Lent, SdTurbo
from models.hub.sd_turbo.plan import Kind, Strengths, kind_of, prompt_for
from models.preprocess import letterbox
from models.variants.catalogue_bank import (
    Bank,
    FeatureCache,
    MemoryFeatures,
    Neighbour,
    feature_key,
)
from models.variants.lay_in import lay_in, tint
from models.variants.mask import GarmentMasks
from models.variants.request_mask import mask_revision, request_mask
from models.variants.start import start_from
from models.variants.window import whole_window, window_around

__all__ = ["SdTurboRenderer"]

_VERSION = 2
"""Of what this file, the plan and the prompts make of the networks' output."""
_SKETCH_FROM = 1.5
"""A reference of so many times the drawing's pixels a side makes the drawing a sketch: enlarged
further it would be visibly softer than the picture beside it."""
_WHOLE_NOTE = "The whole picture was drawn anew; details differ from the product's."


class SdTurboRenderer:
    """Draws with SD-Turbo.

    Args:
        engine: The pipeline.
        masks: Finds a garment's pixels.
        lexicon: Shades of colours.
        look: Finds the garment; without it the box, or the whole picture, is looked at.
        bank: Products that help; without it nothing does.
        features: Their features, so that none is computed twice.
        steps: Calls of the UNet, 1 or 4.
        neighbours: Pictures that help; without an adapter the first alone does.
        strengths: Of the noise.
    """

    name = "sd-turbo"

    def __init__(
        self,
        engine: SdTurbo,
        *,
        masks: GarmentMasks,
        lexicon: Lexicon,
        look: LookService | None = None,
        bank: Bank | None = None,
        features: FeatureCache | None = None,
        steps: int = 1,
        neighbours: int = 1,
        strengths: Strengths | None = None,
    ) -> None:
        self._engine, self._lexicon = engine, lexicon
        self._masks, self._look, self._bank = masks, look, bank
        self._features = features or MemoryFeatures()
        self._steps, self._neighbours = steps, neighbours if engine.adapted else 1
        self._strengths = strengths or Strengths()
        seen_by = mask_revision(masks, look)
        settings = (_VERSION, seen_by, steps, self._neighbours, astuple(self._strengths))
        told = hashlib.sha256(repr(settings).encode()).hexdigest()[:8]
        self.revision = f"{engine.revision}-{told}"

    def check(self, change: Change) -> None:
        """See `engine.ports.Renderer`."""
        facets_to_draw(change)

    def draw(self, request: DrawRequest, seeds: Sequence[int]) -> Iterator[Rendering]:
        """See `engine.ports.Renderer`.

        Raises:
            InvalidInput: Nothing of the change can be drawn, or the garment was not found.
        """
        kind = kind_of(request.change)
        if kind is Kind.SHAPE:
            return self._whole(request, seeds)
        mask = request_mask(request, self._masks, self._look).alpha
        return self._inside(request, seeds, kind, mask)

    def _inside(
        self, request: DrawRequest, seeds: Sequence[int], kind: Kind, mask: NDArray[np.float32]
    ) -> Iterator[Rendering]:
        reference = request.reference
        window = window_around(mask)
        start = window.cut(
            start_from(reference, mask, request.change, self._lexicon), self._engine.size_px
        )
        high, wide = mask.shape
        put = tint if kind is Kind.COLOUR else lay_in
        for seed, drawn, sources in self._drawn(request, seeds, kind, start):
            image = put(reference, window.back(drawn, (wide, high)), mask)
            yield Rendering(image=image, seed=seed, sources=sources)

    def _whole(self, request: DrawRequest, seeds: Sequence[int]) -> Iterator[Rendering]:
        high, wide = request.reference.shape[:2]
        size_px = self._engine.size_px
        start = whole_window((wide, high)).cut(request.reference, size_px)
        sketch = max(high, wide) > _SKETCH_FROM * size_px
        scale = size_px / max(high, wide) if sketch else 1.0
        size_wh = max(1, round(wide * scale)), max(1, round(high * scale))
        window = whole_window(size_wh)
        for seed, drawn, sources in self._drawn(request, seeds, Kind.SHAPE, start):
            yield Rendering(
                image=window.back(drawn, size_wh),
                seed=seed,
                sketch=sketch,
                sources=sources,
                notes=(_WHOLE_NOTE,),
            )

    def _drawn(
        self, request: DrawRequest, seeds: Sequence[int], kind: Kind, start: ImageRGB
    ) -> Iterator[tuple[int, ImageRGB, tuple[Source, ...]]]:
        prompt = prompt_for(request.change.after)
        lent, sources = self._lent(request, prompt)
        pictures = self._engine.draw(
            start,
            prompt,
            seeds,
            strength=self._strengths.of(kind),
            steps=self._steps,
            lent=lent,
        )
        for seed, picture in zip(seeds, pictures, strict=True):
            yield seed, picture, sources

    def _lent(self, request: DrawRequest, prompt: str) -> tuple[Lent | None, tuple[Source, ...]]:
        """What the catalogue lends, and whose it is: pictures with a gate above 0."""
        if self._bank is None:
            return None, ()
        near = self._bank.nearest(
            request.change.after, count=self._neighbours, without=request.without
        )
        if not near:
            return None, ()
        engine = self._engine
        texts = self._kept("text", near, lambda each: engine.text(prompt_for(each.attributes)))
        gates = texts.astype(np.float32) @ engine.text(prompt).astype(np.float32)
        held = [each for each, gate in zip(near, gates, strict=True) if gate > 0]
        if not held:
            return None, ()
        middle = self._kept("middle", held, self._middle)
        return Lent(features=middle, similarity=gates[gates > 0]), tuple(e.source for e in held)

    def _middle(self, helper: Neighbour) -> NDArray[np.float16]:
        size_px = self._engine.size_px
        square = letterbox(helper.picture, height_px=size_px, width_px=size_px)
        return self._engine.middle(square, prompt_for(helper.attributes))

    def _kept(
        self,
        part: str,
        helpers: Sequence[Neighbour],
        make: Callable[[Neighbour], NDArray[np.float16]],
    ) -> NDArray[np.float16]:
        """A row a helper, from the cache or made and put there."""
        model = f"{self.name}/{self._engine.revision}/{_VERSION}/{part}"
        keys = [feature_key(each, model) for each in helpers]
        held = self._features.get(keys)
        fresh = {
            key: make(each) for key, each in zip(keys, helpers, strict=True) if key not in held
        }
        if fresh:
            self._features.put(fresh)
        return np.stack([(held | fresh)[key] for key in keys])
