"""A renderer for tests: it dyes what is not white, at once and by arithmetic."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence

import numpy as np

from engine.ids import PictureHash, ProductId
from engine.query.lexicon import default_lexicon
from engine.rendering import Change, DrawRequest, Rendering, Source, facets_to_draw
from engine.types import Facet, ImageRGB

SKETCH_WH = (72, 96)


class DyeingRenderer:
    """Draws the colours of the vocabulary onto a garment, everything else as a small sketch.

    Args:
        name: By which it is chosen.
        seconds: That each picture takes.
        gate: Each picture waits for it.
        sources: What it says has helped.
    """

    def __init__(
        self,
        name: str = "dyes",
        *,
        revision: str = "1",
        seconds: float = 0.0,
        gate: threading.Semaphore | None = None,
        sources: Sequence[Source] = (),
    ) -> None:
        self.name = name
        self.revision = revision
        self.drawn: list[int] = []
        """Seeds of all pictures, in the order in which they were drawn."""
        self.requests: list[DrawRequest] = []
        self._seconds = seconds
        self._gate = gate
        self._sources = tuple(sources)

    def check(self, change: Change) -> None:
        """See `engine.ports.Renderer`."""
        facets_to_draw(change)

    def draw(self, request: DrawRequest, seeds: Sequence[int]) -> Iterator[Rendering]:
        """See `engine.ports.Renderer`."""
        self.check(request.change)
        self.requests.append(request)
        return self._drawn(request, seeds)

    def _drawn(self, request: DrawRequest, seeds: Sequence[int]) -> Iterator[Rendering]:
        is_sketch = request.change.facets != {Facet.COLOUR}
        for seed in seeds:
            if self._gate is not None:
                self._gate.acquire()
            time.sleep(self._seconds)
            image = dyed(request, seed)
            self.drawn.append(seed)
            yield Rendering(
                image=small(image) if is_sketch else image,
                seed=seed,
                sketch=is_sketch,
                sources=self._sources,
                notes=("a sketch: shapes are only hinted at",) if is_sketch else (),
            )


def dyed(request: DrawRequest, seed: int) -> ImageRGB:
    """The reference with all that is not white in the wanted colour, each seed a shade of it."""
    colour = request.change.after.get(Facet.COLOUR, "grey")
    lightness, a, b = default_lexicon().lab(colour)
    shade = np.array([lightness + a, lightness - a / 2, lightness - b], np.float32) * 2.55
    shade += np.random.default_rng(seed).uniform(-12, 12, 3).astype(np.float32)
    image = request.reference.copy()
    image[(image < 245).any(axis=2)] = np.clip(shade, 0, 244).astype(np.uint8)
    return image


def small(image: ImageRGB) -> ImageRGB:
    """The picture at the size of a sketch, every nearest pixel."""
    rows = np.linspace(0, image.shape[0] - 1, SKETCH_WH[1]).round().astype(int)
    columns = np.linspace(0, image.shape[1] - 1, SKETCH_WH[0]).round().astype(int)
    return np.ascontiguousarray(image[rows][:, columns])


def a_source(product_id: str, picture: str) -> Source:
    """A product that helped."""
    return Source(
        product_id=ProductId(product_id),
        title=f"Title of {product_id}",
        picture=PictureHash(picture),
        similarity=0.75,
    )
