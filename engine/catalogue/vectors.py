"""How stored embeddings become the vectors of a product's point.

Ingestion and repair use the same recipe on the same rounded numbers, so a point that was repaired
equals the one that was ingested.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from engine.types import Product, VectorName, Vectors
from engine.views import view_key


class ContentKind(StrEnum):
    """What was embedded."""

    PICTURE = "picture"
    VIEW = "view"
    """The part of a picture that shows the product; stored under `engine.views.view_key`."""
    TEXT = "text"


def text_hash(text: str) -> str:
    """SHA-256 of a text, as hex: the key of its embedding."""
    return hashlib.sha256(text.encode()).hexdigest()


def rounded(vectors: Vectors) -> Vectors:
    """Unit rows (N, D) as they come back from float16 storage."""
    return normalised(vectors.astype(np.float16).astype(np.float32))


def normalised(vectors: Vectors) -> Vectors:
    """Unit rows (N, D); a zero row stays zero."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(norms, 1e-12)).astype(np.float32)


def combine_pictures(gallery: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """One unit vector (D,) for a gallery, main picture first.

    The main picture weighs as much as all the others together: a gallery of many worn shots
    must not drown the packshot.
    """
    main = gallery[0]
    if len(gallery) == 1:
        return main
    mixed = main + np.mean(np.stack(gallery[1:]), axis=0)
    norm = float(np.linalg.norm(mixed))
    # Opposite pictures cancel out; the main one decides then.
    return main if norm < 1e-6 else (mixed / norm).astype(np.float32)


def gallery_keys(product: Product) -> tuple[str, ...]:
    """What the vectors of a product's gallery are stored under, the one that leads first.

    The main picture leads, unless the product surely is in another one and not in it.
    """
    if not product.views:
        return product.pictures
    return tuple(view_key(each) for each in sorted(product.views, key=lambda view: not view.box))


def product_vectors(
    product: Product,
    *,
    pictures: Mapping[str, NDArray[np.float32]],
    texts: Mapping[str, NDArray[np.float32]],
) -> dict[VectorName, NDArray[np.float32]] | None:
    """The named vectors of a product's point.

    Args:
        product: Its views, or pictures, and its title say which embeddings are needed.
        pictures: Picture hash or `engine.views.view_key` → unit vector (D,).
        texts: `text_hash` → unit vector (D,).

    Returns:
        ``None`` when an embedding is missing.
    """
    title = texts.get(text_hash(product.title))
    keys = gallery_keys(product)
    gallery = [pictures[each] for each in keys if each in pictures]
    if title is None or len(gallery) != len(keys):
        return None
    vectors = {VectorName.TITLE: title}
    if gallery:
        vectors[VectorName.PICTURE] = combine_pictures(gallery)
    return vectors
