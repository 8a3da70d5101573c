"""The seams: what the engine asks of neural networks and of vector indexes.

Each docstring is the whole contract; `tests/contracts/` holds one battery a port, which every
adapter passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.filters import Filter
from engine.ids import PointId
from engine.types import (
    Edit,
    EncoderId,
    Facet,
    FacetCount,
    ImageRGB,
    IndexPoint,
    ScoredPoint,
    VectorQuery,
    Vectors,
)


class ImageEncoder(Protocol):
    """Pictures to unit vectors."""

    @property
    def encoder_id(self) -> EncoderId:
        """What makes the vectors."""
        ...

    def embed_images(self, images: Sequence[ImageRGB]) -> Vectors:
        """Embed pictures of any sizes.

        Returns:
            (N, D) float32, unit rows, in the order given; (0, D) for no pictures. A batch gives
            what its pictures give one by one, within 1e-4.
        """
        ...


class TextEncoder(Protocol):
    """Texts to unit vectors of the same space as the pictures'."""

    @property
    def encoder_id(self) -> EncoderId:
        """What makes the vectors."""
        ...

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Embed texts; the same promises as `ImageEncoder.embed_images`. An empty text is fine."""
        ...


class DualEncoder(ImageEncoder, TextEncoder, Protocol):
    """Pictures and texts into one space."""


class AttributePredictor(Protocol):
    """Attributes read from picture vectors, so that a cached embedding needs no picture again."""

    @property
    def labels(self) -> Mapping[Facet, tuple[str, ...]]:
        """Canonical values that each predictable facet can take."""
        ...

    def predict(self, vectors: Vectors) -> Mapping[Facet, NDArray[np.float32]]:
        """Probabilities of each value.

        Args:
            vectors: (N, D) picture vectors.

        Returns:
            Facet → (N, C) float32, rows sum to 1, columns as in `labels`.
        """
        ...


class Composer(Protocol):
    """Moves a picture's vector by a change in words, within the space of one encoder."""

    @property
    def encoder(self) -> str:
        """Fingerprint of the encoder whose vectors it takes and gives; no other's mean anything."""
        ...

    def compose(
        self,
        reference: NDArray[np.float32],
        *,
        words: NDArray[np.float32],
        target: NDArray[np.float32],
        source: NDArray[np.float32],
        edits: Sequence[Edit],
    ) -> NDArray[np.float32] | None:
        """Where the pictures lie that are meant.

        Args:
            reference: (D,) unit picture vector.
            words: (D,) unit text vector of the shopper's words.
            target: (D,) unit text vector of what is looked for, described in words.
            source: (D,) unit text vector of the reference, described in the same words.
            edits: What was understood of the words, prices left out.

        Returns:
            (D,) float32, unit length; ``None`` for a change of a kind that it has not learned, and
            for none at all.
        """
        ...


class VectorIndex(Protocol):
    """Points with named unit vectors, words and payloads, whose lists may come back as tuples.

    Filters mean what `engine.filters.matches` says. Scores are cosine similarities for vectors and
    BM25 for words, higher is better. Results come best first; equal scores by point id. A point is
    visible to reads as soon as `upsert` returns and durable as soon as `flush` returns.
    """

    def upsert(self, points: Sequence[IndexPoint]) -> None:
        """Add or replace whole points.

        Raises:
            InvalidInput: A vector has another length, is not finite or not of unit length (±1e-3).
                Nothing of the batch is written then.
        """
        ...

    def delete(self, point_ids: Sequence[PointId]) -> None:
        """Remove points; unknown ids are ignored."""
        ...

    def flush(self) -> None:
        """Make everything written so far survive a loss of power."""
        ...

    def search(self, query: VectorQuery) -> list[ScoredPoint]:
        """Nearest points that pass the filter. Points without the named vector do not take part.

        Raises:
            InvalidInput: The vector has another length or is not finite.
        """
        ...

    def search_words(
        self,
        text: str,
        *,
        condition: Filter | None = None,
        limit: int = 10,
        keys: tuple[str, ...] = (),
    ) -> list[ScoredPoint]:
        """Best points by BM25 over `IndexPoint.words`; only points that share a word.

        `keys` as in `VectorQuery.keys`.
        """
        ...

    def retrieve(
        self, point_ids: Sequence[PointId], *, with_vectors: bool = False
    ) -> list[ScoredPoint]:
        """The points that exist, in the order asked, with score 0."""
        ...

    def count(self, condition: Filter | None = None) -> int:
        """How many points pass the filter, exactly."""
        ...

    def facet(
        self, key: Facet, *, condition: Filter | None = None, limit: int = 100
    ) -> list[FacetCount]:
        """Exact counts of each value among points that pass, most frequent first, then by value."""
        ...

    def point_ids(self) -> Iterator[tuple[PointId, str]]:
        """Every point's id with its payload's ``version`` (empty when it has none)."""
        ...

    def optimise(self) -> None:
        """Build or refresh search structures. Slow; not needed for right answers."""
        ...

    def close(self) -> None:
        """Flush and release. Closing twice is fine."""
        ...
