"""The seams: what the engine asks of neural networks and of vector indexes.

Each docstring is the whole contract; `tests/contracts/` holds one battery a port, which every
adapter passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.detections import Detection, SeenPicture
from engine.filters import Filter
from engine.ids import PointId
from engine.rendering import Change, DrawRequest, Rendering
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
    def revision(self) -> str:
        """Of its weights: another revision may read other values."""
        ...

    @property
    def labels(self) -> Mapping[Facet, tuple[str, ...]]:
        """Canonical values that each predictable facet can take."""
        ...

    def predict(self, vectors: Vectors) -> Mapping[Facet, NDArray[np.float32]]:
        """Probabilities of each value.

        Args:
            vectors: (N, D) picture vectors.

        Returns:
            Facet → (N, C) float32, columns as in `labels`. Rows sum to 1, or to less where a
            product may have none of the values; a row of zeros says nothing.
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


class Network(Protocol):
    """A network of one output; `models.onnx_session.OnnxTower` is one. Safe between threads."""

    @property
    def metadata(self) -> Mapping[str, str]:
        """What its file says of itself."""
        ...

    def run(
        self, count: int, inputs: Callable[[int, int], dict[str, Any]]
    ) -> Iterator[NDArray[np.float32]]:
        """The outputs for so many items, chunk by chunk, in order.

        Args:
            count: How many items there are.
            inputs: Makes the inputs, by name, of the items from one place up to another. It may be
                called in any order and from several threads.
        """
        ...


class Detector(Protocol):
    """Garments and accessories in pictures."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Coarse classes, in the order of each posterior."""
        ...

    @property
    def revision(self) -> str:
        """Of its weights and settings: another revision may find other boxes."""
        ...

    def detect(self, images: Sequence[ImageRGB]) -> list[tuple[Detection, ...]]:
        """Find the boxes of each picture, the surest first.

        Returns:
            One tuple a picture, in the order given; an empty one where nothing was found. Two boxes
            of one class that overlap much are one. A batch gives what its pictures give one by one.
        """
        ...


class MainProductFinder(Protocol):
    """Which boxes of a gallery show the product that is sold."""

    @property
    def revision(self) -> str:
        """Of its weights: another revision may decide otherwise."""
        ...

    def score(
        self, gallery: Sequence[SeenPicture], title: NDArray[np.float32] | None
    ) -> list[NDArray[np.float32]]:
        """Decide over all boxes of all pictures of one product together.

        Args:
            gallery: Its pictures; the vectors are those of the encoder that it was trained with.
            title: (D,) unit text vector of the title by the same encoder; ``None`` without one.

        Returns:
            For each picture float32 (N,): how probable it is, 0 to 1, that a box shows the product.
        """
        ...


class FineNamer(Protocol):
    """Fine classes from coarse ones, by how things lie to one another."""

    @property
    def revision(self) -> str:
        """Of its weights and definitions: another revision may give other names."""
        ...

    @property
    def classes(self) -> Mapping[str, str]:
        """Fine classes that it can tell → the coarse class that each is of."""
        ...

    def name(
        self, detections: Sequence[Detection], *, width_px: int, height_px: int
    ) -> list[Mapping[str, float]]:
        """Name the boxes of one picture.

        Returns:
            For each box, fine class → probability. Those of one coarse class add up to no more than
            the box's probability of it; what is missing is "none of these, or not to be told".
        """
        ...


class Renderer(Protocol):
    """Pictures of a garment as it would be with a change."""

    @property
    def name(self) -> str:
        """By which a caller chooses it: ``small``, ``sd-turbo``."""
        ...

    @property
    def revision(self) -> str:
        """Of its weights and settings: another revision may draw other pictures."""
        ...

    def check(self, change: Change) -> None:
        """Refuse at once a change that `draw` would refuse for any picture; cheap.

        Raises:
            InvalidInput: Nothing of it can be drawn.
            ModelUnavailable: The weights that it needs cannot be had.
        """
        ...

    def draw(self, request: DrawRequest, seeds: Sequence[int]) -> Iterator[Rendering]:
        """Draw one picture a seed, in their order; each is yielded as soon as it is there.

        The same request and seed give the same picture, whatever the other seeds are.

        Raises:
            InvalidInput: Nothing of the change can be drawn.
            ModelUnavailable: Its weights cannot be had.
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
