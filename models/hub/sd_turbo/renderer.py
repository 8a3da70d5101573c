"""SD-Turbo behind the port `Renderer`: the shopper's garment with the change.

Colours and cloths are laid into the reference inside the product's mask; another shape takes the
whole drawing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import astuple

import numpy as np
from numpy.typing import NDArray

from engine.query.lexicon import Lexicon
from engine.rendering import DrawRequest, Rendering, Source
from engine.types import ImageRGB
from models.hub.sd_turbo.engine import Lent, SdTurbo
from models.hub.sd_turbo.plan import Kind, Strengths, kind_of, prompt_for, prompt_of
from models.preprocess import letterbox
from models.variants.lay_in import lay_in, tint
from models.variants.picture_bank import Neighbour, PictureBank
from models.variants.prompts import caption
from models.variants.request_mask import RequestMask
from models.variants.start import start_from
from models.variants.window import whole_window, window_around

__all__ = ["SdTurboRenderer"]

_SKETCH_FROM = 1.5
"""A reference of so many times the drawing's pixels a side makes the drawing a sketch: enlarged
further it would be visibly softer than the picture beside it."""
_WHOLE_NOTE = "The whole picture was drawn anew; details differ from the product's."


class SdTurboRenderer:
    """Draws with SD-Turbo.

    Args:
        engine: The pipeline.
        masks: Finds the product's pixels.
        lexicon: Shades of colours.
        bank: Of the catalogue; ``None`` for no help.
        steps: Calls of the UNet, 1 or 4.
        neighbours: Pictures that help; without an adapter the first alone does.
        strengths: Of the noise.
    """

    name = "sd-turbo"

    def __init__(
        self,
        engine: SdTurbo,
        *,
        masks: RequestMask,
        lexicon: Lexicon,
        bank: PictureBank | None = None,
        steps: int = 1,
        neighbours: int = 1,
        strengths: Strengths | None = None,
    ) -> None:
        self._engine, self._masks, self._lexicon, self._bank = engine, masks, lexicon, bank
        self._steps, self._neighbours = steps, neighbours if engine.adapted else 1
        self._strengths = strengths or Strengths()
        settings = (steps, self._neighbours, astuple(self._strengths), prompt_of("*"), "v1")
        self.revision = (
            f"{engine.revision}-{hashlib.sha256(repr(settings).encode()).hexdigest()[:8]}"
        )

    def draw(self, request: DrawRequest, seeds: Sequence[int]) -> Iterator[Rendering]:
        """See `engine.ports.Renderer`.

        Raises:
            InvalidInput: Nothing of the change can be drawn, or the garment was not found.
        """
        kind = kind_of(request.change)
        if kind is Kind.SHAPE:
            return self._whole(request, seeds)
        return self._inside(request, seeds, kind, self._masks(request))

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
            caption(request.change.after), count=self._neighbours, without=request.without
        )
        asked = self._engine.text(prompt).astype(np.float32)
        gates = [float(self._text(self._bank, each) @ asked) for each in near]
        held = [(each, gate) for each, gate in zip(near, gates, strict=True) if gate > 0]
        if not held:
            return None, ()
        lent = Lent(
            features=np.stack([self._middle(self._bank, each) for each, _ in held]),
            similarity=np.array([gate for _, gate in held], np.float32),
        )
        return lent, tuple(source for (source, _, _), _ in held)

    def _text(self, bank: PictureBank, neighbour: Neighbour) -> NDArray[np.float32]:
        told = prompt_of(neighbour[1])
        return bank.features(self._key(neighbour, "text"), lambda: self._engine.text(told)).astype(
            np.float32
        )

    def _middle(self, bank: PictureBank, neighbour: Neighbour) -> NDArray[np.float16]:
        _, words, picture = neighbour

        def make() -> NDArray[np.float16]:
            size_px = self._engine.size_px
            square = letterbox(picture, height_px=size_px, width_px=size_px)
            return self._engine.middle(square, prompt_of(words))

        return bank.features(self._key(neighbour, "middle"), make)

    def _key(self, neighbour: Neighbour, part: str) -> str:
        source, words, _ = neighbour
        told = hashlib.sha256(prompt_of(words).encode()).hexdigest()[:16]
        return f"{self.name}/{self._engine.revision}/{part}/{source.picture}/{told}"
