"""An encoder that remembers what it has embedded, across worlds, commands and days."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from engine.ports import AttributePredictor, DualEncoder
from engine.types import EncoderId, Facet, ImageRGB, Vectors

__all__ = ["CachingEncoder", "CachingPredictor", "caching"]


class CachingEncoder:
    """A dual encoder whose vectors are kept by content in a folder.

    The files are named after the encoder's fingerprint, so that another encoder never reads them.

    Args:
        encoder: What embeds the rest.
        folder: Where the vectors are kept, or ``None`` to keep them in memory alone.
    """

    def __init__(self, encoder: DualEncoder, folder: Path | None) -> None:
        self._encoder = encoder
        self._pictures = _Shelf(encoder.encoder_id, "pictures", folder)
        self._texts = _Shelf(encoder.encoder_id, "texts", folder)

    @property
    def encoder_id(self) -> EncoderId:
        """Of the encoder inside: the vectors are the same."""
        return self._encoder.encoder_id

    def embed_images(self, images: Sequence[ImageRGB]) -> Vectors:
        """As `engine.ports.ImageEncoder.embed_images`; what is known is not embedded again."""
        keys = [_digest(str(image.shape).encode(), image) for image in images]
        return self._pictures.fill(keys, images, self._encoder.embed_images)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """As `engine.ports.TextEncoder.embed_texts`; what is known is not embedded again."""
        keys = [_digest(text.encode("utf-8", "surrogatepass")) for text in texts]
        return self._texts.fill(keys, texts, self._encoder.embed_texts)

    def save(self) -> None:
        """Write what is new to the folder."""
        self._pictures.save()
        self._texts.save()


class CachingPredictor(CachingEncoder):
    """The same for an encoder that predicts attributes as well."""

    def __init__(self, encoder: DualEncoder, folder: Path | None) -> None:
        super().__init__(encoder, folder)
        self._predictor = cast("AttributePredictor", encoder)

    @property
    def revision(self) -> str:
        """As the encoder's."""
        return self._predictor.revision

    @property
    def labels(self) -> Mapping[Facet, tuple[str, ...]]:
        """As the encoder's."""
        return self._predictor.labels

    def predict(self, vectors: Vectors) -> Mapping[Facet, NDArray[np.float32]]:
        """As the encoder's; cheap, so never cached."""
        return self._predictor.predict(vectors)


def caching(encoder: DualEncoder, folder: Path | None) -> CachingEncoder:
    """Put a cache before an encoder; it predicts attributes if the encoder does."""
    kind = CachingPredictor if hasattr(encoder, "predict") else CachingEncoder
    return kind(encoder, folder)


class _Shelf:
    """Vectors of one kind by key, in memory and in one file."""

    def __init__(self, encoder_id: EncoderId, kind: str, folder: Path | None) -> None:
        name = hashlib.sha256(encoder_id.fingerprint.encode()).hexdigest()[:16]
        self._path = folder / f"{name}-{kind}.npz" if folder else None
        self._dims = encoder_id.dims
        self._vectors: dict[bytes, NDArray[np.float32]] = {}
        self._changed = False
        if self._path is not None and self._path.is_file():
            with np.load(self._path, allow_pickle=False) as held:
                keys: NDArray[np.uint8] = held["keys"]
                vectors: NDArray[np.float32] = held["vectors"]
            self._vectors = {key.tobytes(): row for key, row in zip(keys, vectors, strict=True)}

    def fill(
        self, keys: Sequence[bytes], items: Sequence[Any], embed: Callable[[Sequence[Any]], Vectors]
    ) -> Vectors:
        missing = {
            key: item for key, item in zip(keys, items, strict=True) if key not in self._vectors
        }
        if missing:
            self._vectors.update(zip(missing, embed(list(missing.values())), strict=True))
            self._changed = True
        if not keys:
            return np.zeros((0, self._dims), np.float32)
        return np.stack([self._vectors[key] for key in keys])

    def save(self) -> None:
        if self._path is None or not self._changed:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_suffix(".partial.npz")
        keys = np.frombuffer(b"".join(self._vectors), np.uint8).reshape(len(self._vectors), -1)
        np.savez(partial, keys=keys, vectors=np.stack(list(self._vectors.values())))
        partial.replace(self._path)
        self._changed = False


def _digest(data: bytes, image: ImageRGB | None = None) -> bytes:
    digest = hashlib.blake2b(data, digest_size=20)
    if image is not None:
        digest.update(np.ascontiguousarray(image).data)
    return digest.digest()
