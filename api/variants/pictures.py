"""Drawn pictures on their way out: kept as drawn, marked, and known for ever."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from pydantic import TypeAdapter

from api.variants.asked import Asked
from api.variants.mark import marked
from api.variants.provenance import Provenance, as_webp, without_loss
from api.variants.store import VariantFolder
from engine.catalogue.rendered import RenderedPicture
from engine.catalogue.store import CatalogueStore
from engine.images import decode_image
from engine.provenance import pixel_hash_of
from engine.rendering import Rendering, Source
from engine.types import ImageRGB

__all__ = ["Drawn", "VariantPictures", "note_generated", "provenance_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What a rendering says besides its pixels."""

    sources: tuple[Source, ...]
    notes: tuple[str, ...]

    @staticmethod
    def from_json(text: str) -> Drawn:
        """As it is kept with the picture."""
        return _DRAWN.validate_json(text)


_DRAWN = TypeAdapter(Drawn)


class VariantPictures:
    """Pictures of all jobs of a home; safe to share between threads.

    Args:
        catalogue: Knows what there is.
        folder: Has the files.
        clock: Unix time.
    """

    def __init__(
        self,
        catalogue: CatalogueStore,
        folder: VariantFolder,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._catalogue = catalogue
        self._folder = folder
        self._clock = clock

    def held(self, keys: Collection[str]) -> dict[str, RenderedPicture]:
        """Those that need not be drawn again."""
        found = self._catalogue.rendered.hold(keys, now_s=self._clock())
        return {key: each for key, each in found.items() if self._folder.has_drawn(key)}

    def keep(self, key: str, rendering: Rendering) -> RenderedPicture:
        """Keep what was drawn, for this job and for others."""
        high, wide = rendering.image.shape[:2]
        held = Drawn(sources=rendering.sources, notes=rendering.notes)
        picture = RenderedPicture(
            picture_key=key,
            width_px=wide,
            height_px=high,
            sketch=rendering.sketch,
            document=_DRAWN.dump_json(held).decode(),
        )
        self._folder.put_drawn(key, without_loss(rendering.image))
        self._catalogue.rendered.put(picture, now_s=self._clock())
        return picture

    def hand_out(
        self,
        job_id: str,
        number: int,
        asked: Asked,
        picture: RenderedPicture,
        *,
        image: ImageRGB | None = None,
    ) -> None:
        """Write a job's copy, with the mark and with its own words in it.

        Args:
            job_id: Whose.
            number: From 1.
            asked: What the job asked for.
            picture: What was drawn.
            image: Its pixels, where they are at hand.
        """
        if image is None:
            image = decode_image(self._folder.drawn(picture.picture_key))
        said = provenance_of(
            asked,
            seed=asked.seeds[number - 1],
            sketch=picture.sketch,
            sources=Drawn.from_json(picture.document).sources,
        )
        data = as_webp(marked(image), said)
        note_generated(self._catalogue, data)
        self._folder.put_picture(job_id, number, data)


def note_generated(catalogue: CatalogueStore, data: bytes) -> None:
    """Remember a generated picture before anybody has it, so that no feed can bring it in."""
    pixels, (wide, high) = pixel_hash_of(data)
    catalogue.generated.put(pixels, width_px=wide, height_px=high)


def provenance_of(
    asked: Asked, *, seed: int, sketch: bool, sources: tuple[Source, ...]
) -> Provenance:
    """What is written into one picture."""
    return Provenance(
        engine=asked.engine,
        revision=asked.revision,
        seed=seed,
        modification=asked.modification,
        reference=asked.product_id or asked.reference,
        sketch=sketch,
        sources=sources,
    )
