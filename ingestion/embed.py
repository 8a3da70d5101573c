"""The dear half of a row's way: a batch of pictures decoded once, looked at and embedded together.

What the catalogue has of a picture, its embedding and its boxes, is not made again, and a picture
of which it has all is not decoded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.blobs import BlobFolder
from engine.catalogue.embeddings import EmbeddingBatch
from engine.catalogue.looks import LookBatch, as_stored
from engine.catalogue.store import CatalogueStore
from engine.catalogue.vectors import ContentKind, rounded, text_hash
from engine.detections import SeenPicture
from engine.errors import DecodeError
from engine.ids import PictureHash
from engine.images import decode_image
from engine.look import LookService
from engine.ports import DualEncoder
from engine.provenance import pixel_hash, refusal
from engine.types import ImageRGB
from ingestion.options import IngestOptions
from ingestion.pictures import EncodedPicture
from ingestion.prepare import PreparedRow, stored_sight

__all__ = ["Embedded", "Embedder", "Work"]

K = TypeVar("K")
T = TypeVar("T")
Vector = NDArray[np.float32]
_Decoded = dict[PictureHash, ImageRGB | DecodeError]
_PER_TASK = 32
"""Pictures that one thread decodes at a time; enough for handing over to cost nothing."""
_RECENT = 8
"""Batches whose results are at hand; more than are ever between `start` and being written."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Work:
    """A batch on its way: what is known already, and the pictures being decoded."""

    rows: tuple[PreparedRow, ...]
    pictures: dict[str, Vector]
    texts: dict[str, Vector]
    looks: dict[str, SeenPicture]
    decoding: tuple[Future[_Decoded], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Embedded:
    """A batch with the vectors and boxes of all that could be decoded."""

    rows: tuple[PreparedRow, ...]
    pictures: dict[str, Vector]
    texts: dict[str, Vector]
    looks: dict[str, SeenPicture]
    damaged: dict[str, DecodeError]
    new: tuple[EmbeddingBatch, ...]
    new_looks: LookBatch | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Made:
    """What one batch added to what is known."""

    pictures: Mapping[str, Vector]
    texts: Mapping[str, Vector]
    looks: Mapping[str, SeenPicture]
    damaged: Mapping[str, DecodeError]


class Embedder:
    """Decodes, looks at and embeds what the pictures and titles of prepared rows show.

    Args:
        catalogue: Knows what was made before.
        blobs: Gets the encoded pictures.
        encoder: Makes the vectors.
        look: Finds the product in its pictures; whole pictures are taken when absent.
        options: Limits and sizes of pictures.
    """

    def __init__(
        self,
        *,
        catalogue: CatalogueStore,
        blobs: BlobFolder,
        encoder: DualEncoder,
        look: LookService | None,
        options: IngestOptions,
    ) -> None:
        self._catalogue = catalogue
        self._blobs = blobs
        self._encoder = encoder
        self._look = look
        self._options = options
        self._sight = stored_sight(look, options)
        # What a batch on its way makes is not in the catalogue yet; pictures and titles that the
        # next one shares with it are not decoded, looked at and embedded again.
        # One fewer: what the oldest claim promises must still be at hand when the present batch,
        # which takes the last place, is embedded.
        self._claimed: deque[frozenset[str]] = deque(maxlen=_RECENT - 1)
        self._made: deque[_Made] = deque(maxlen=_RECENT)

    def keep(self, row: PreparedRow) -> None:
        """Make sure that the pictures of an unchanged row are still stored."""
        for each in row.pictures:
            self._blobs.put(each.data, each.content_hash)

    def start(self, rows: Sequence[PreparedRow], decoders: Executor) -> Work:
        """Look up what is known and begin to decode the rest."""
        fingerprint = self._encoder.encoder_id.fingerprint
        encoded = {each.content_hash: each for row in rows for each in row.pictures}
        pictures = self._catalogue.embeddings(
            encoded, fingerprint=fingerprint, kind=ContentKind.PICTURE
        )
        texts = self._catalogue.embeddings(
            [text_hash(row.row.title) for row in rows],
            fingerprint=fingerprint,
            kind=ContentKind.TEXT,
        )
        looks = self._catalogue.looks(encoded, sight=self._sight) if self._look else {}
        new: list[EncodedPicture] = []
        for content_hash, each in encoded.items():
            if any(content_hash in claimed for claimed in self._claimed):
                continue
            if content_hash in pictures and (self._look is None or content_hash in looks):
                # Its product may have been deleted and its file lost since.
                self._blobs.put(each.data, content_hash)
            else:
                new.append(each)
        self._claimed.append(frozenset(each.content_hash for each in new))
        generated = self._catalogue.generated.sizes_wh() if new else frozenset[tuple[int, int]]()
        decoding = tuple(
            decoders.submit(self._decode, new[start : start + _PER_TASK], generated)
            for start in range(0, len(new), _PER_TASK)
        )
        return Work(
            rows=tuple(rows), pictures=pictures, texts=texts, looks=looks, decoding=decoding
        )

    def embed(self, work: Work) -> Embedded:
        """Embed and look at what is new. Batches come in the order in which they were started."""
        fingerprint = self._encoder.encoder_id.fingerprint
        images: dict[PictureHash, ImageRGB] = {}
        damaged: dict[str, DecodeError] = {}
        for future in work.decoding:
            for key, image in future.result().items():
                if isinstance(image, DecodeError):
                    damaged[key] = image
                else:
                    images[key] = image
        fresh = {key: image for key, image in images.items() if key not in work.pictures}
        pictures = _embedded(fresh, self._encoder.embed_images(list(fresh.values())))
        looks = self._see({key: image for key, image in images.items() if key not in work.looks})
        titles = {text_hash(row.row.title): row.row.title for row in work.rows}
        known = {**work.texts, **self._recent(lambda made: made.texts, titles)}
        new_titles = {key: title for key, title in titles.items() if key not in known}
        texts = _embedded(new_titles, self._encoder.embed_texts(list(new_titles.values())))
        self._made.append(_Made(pictures=pictures, texts=texts, looks=looks, damaged=damaged))
        hashes = {each.content_hash for row in work.rows for each in row.pictures}
        return Embedded(
            rows=work.rows,
            pictures={**work.pictures, **self._recent(lambda made: made.pictures, hashes)},
            texts={**known, **texts},
            looks={**work.looks, **self._recent(lambda made: made.looks, hashes)},
            damaged=self._recent(lambda made: made.damaged, hashes),
            new=(
                EmbeddingBatch(fingerprint=fingerprint, kind=ContentKind.PICTURE, vectors=pictures),
                EmbeddingBatch(fingerprint=fingerprint, kind=ContentKind.TEXT, vectors=texts),
            ),
            new_looks=LookBatch(sight=self._sight, looks=looks) if self._look else None,
        )

    def _recent(self, part: Callable[[_Made], Mapping[K, T]], keys: Collection[K]) -> dict[K, T]:
        """What the last batches, the present one included, made of these."""
        return {
            key: value for made in self._made for key, value in part(made).items() if key in keys
        }

    def _see(self, images: Mapping[PictureHash, ImageRGB]) -> dict[str, SeenPicture]:
        if self._look is None:
            return {}
        large = {
            key: image
            for key, image in images.items()
            if max(image.shape[:2]) >= self._options.least_look_px
        }
        seen = dict(zip(large, self._look.see(list(large.values())), strict=True))
        nothing = np.empty((0, 0), np.float32)
        return {
            # Also of those too small to look at: they need not be decoded again either.
            key: as_stored(seen[key])
            if key in seen
            else SeenPicture(
                width_px=image.shape[1], height_px=image.shape[0], detections=(), vectors=nothing
            )
            for key, image in images.items()
        }

    def _decode(
        self, pictures: Sequence[EncodedPicture], generated: Collection[tuple[int, int]]
    ) -> _Decoded:
        """Decode and store pictures.

        Args:
            pictures: Encoded.
            generated: Width and height of pictures that were drawn here: only pictures of such a
                size can be one of them and have to be hashed.
        """
        decoded: _Decoded = {}
        for each in pictures:
            try:
                image = decode_image(
                    each.data, limits=self._options.limits, target_px=self._options.target_px
                )
                size_wh = (image.shape[1], image.shape[0])
                if size_wh in generated and self._catalogue.generated.has(pixel_hash(image)):
                    raise refusal()
            except DecodeError as error:
                # The traceback would keep the picture's buffers alive.
                decoded[each.content_hash] = error.with_traceback(None)
            else:
                decoded[each.content_hash] = image
                self._blobs.put(each.data, each.content_hash)
        return decoded


def _embedded(keys: Iterable[str], vectors: NDArray[np.float32]) -> dict[str, Vector]:
    # Through float16 at once: a point must not differ from the one rebuilt from the catalogue.
    return dict(zip(keys, rounded(vectors), strict=True))
