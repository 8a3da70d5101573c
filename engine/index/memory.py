"""The exact index in memory: the meaning that the other two have to agree with.

For tests, demonstrations and small catalogues; nothing survives the process.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.filters import Filter, PayloadValue, matches
from engine.ids import PointId
from engine.index.points import CheckedPoint, check_limit, check_points, check_query_vector
from engine.index.ranked import VECTOR_DECIMALS, WORDS_DECIMALS
from engine.index.translate import check_filter
from engine.index.words import inverse_document_frequency, query_terms
from engine.payload import VERSION
from engine.types import Facet, FacetCount, IndexPoint, ScoredPoint, VectorName, VectorQuery


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Snapshot:
    """Search structures over the points in order of their ids, so that ties stay in that order.

    Attributes:
        rows: Vector name → rows that have it (N,).
        matrices: Vector name → (N, D) float64: rounding noise of float32 would break ties.
        postings: Term → (row, weight) of each document that holds it.
        documents: How many points have words.
    """

    points: tuple[CheckedPoint, ...]
    rows: dict[VectorName, NDArray[np.int64]]
    matrices: dict[VectorName, NDArray[np.float64]]
    postings: dict[int, list[tuple[int, float]]]
    documents: int


class MemoryIndex:
    """`VectorIndex` by comparing with everything.

    Args:
        dims: Length of every vector.
    """

    def __init__(self, dims: int):
        self._dims = dims
        self._points: dict[PointId, CheckedPoint] = {}
        self._snapshot: _Snapshot | None = None
        self._lock = threading.RLock()

    def upsert(self, points: Sequence[IndexPoint]) -> None:
        """See `VectorIndex.upsert`."""
        checked = check_points(points, dims=self._dims)
        with self._lock:
            self._points.update((point.point_id, point) for point in checked)
            self._snapshot = None

    def delete(self, point_ids: Sequence[PointId]) -> None:
        """See `VectorIndex.delete`."""
        with self._lock:
            for each in point_ids:
                self._points.pop(each, None)
            self._snapshot = None

    def flush(self) -> None:
        """Nothing to do: memory does not survive anyway."""

    def search(self, query: VectorQuery) -> list[ScoredPoint]:
        """See `VectorIndex.search`."""
        vector = check_query_vector(query.vector, dims=self._dims)
        limit = check_limit(query.limit)
        condition = check_filter(query.condition)
        view = self._view()
        if query.using not in view.rows:
            return []
        scores = np.round(view.matrices[query.using] @ vector.astype(np.float64), VECTOR_DECIMALS)
        hits: list[ScoredPoint] = []
        for place in np.argsort(-scores, kind="stable"):
            point = view.points[view.rows[query.using][place]]
            if matches(condition, point.payload):
                hits.append(
                    _scored(
                        point,
                        float(scores[place]),
                        keys=query.keys,
                        with_vectors=query.with_vectors,
                    )
                )
                if len(hits) == limit:
                    break
        return hits

    def search_words(
        self,
        text: str,
        *,
        condition: Filter | None = None,
        limit: int = 10,
        keys: tuple[str, ...] = (),
    ) -> list[ScoredPoint]:
        """See `VectorIndex.search_words`."""
        check_limit(limit)
        check_filter(condition)
        view = self._view()
        scores: defaultdict[int, float] = defaultdict(float)
        for term in query_terms(text).indices:
            held = view.postings.get(term, [])
            idf = inverse_document_frequency(documents=view.documents, holding=len(held))
            for row, weight in held:
                scores[row] += idf * weight
        rounded = [(-round(score, WORDS_DECIMALS), row) for row, score in scores.items()]
        passing = [
            (score, row)
            for score, row in sorted(rounded)
            if matches(condition, view.points[row].payload)
        ]
        return [_scored(view.points[row], -score, keys=keys) for score, row in passing[:limit]]

    def retrieve(
        self, point_ids: Sequence[PointId], *, with_vectors: bool = False
    ) -> list[ScoredPoint]:
        """See `VectorIndex.retrieve`."""
        with self._lock:
            found = [self._points[each] for each in point_ids if each in self._points]
        return [_scored(point, 0.0, with_vectors=with_vectors) for point in found]

    def count(self, condition: Filter | None = None) -> int:
        """See `VectorIndex.count`."""
        check_filter(condition)
        return sum(matches(condition, point.payload) for point in self._view().points)

    def facet(
        self, key: Facet, *, condition: Filter | None = None, limit: int = 100
    ) -> list[FacetCount]:
        """See `VectorIndex.facet`."""
        check_limit(limit)
        check_filter(condition)
        counts: Counter[str] = Counter()
        for point in self._view().points:
            if matches(condition, point.payload):
                counts.update(_distinct(point.payload.get(key.value, ())))
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return [FacetCount(value=value, count=count) for value, count in ordered[:limit]]

    def point_ids(self) -> Iterator[tuple[PointId, str]]:
        """See `VectorIndex.point_ids`."""
        for point in self._view().points:
            yield point.point_id, str(point.payload.get(VERSION, ""))

    def optimise(self) -> None:
        """Nothing to do: every search is exact."""

    def close(self) -> None:
        """Nothing to release."""

    def _view(self) -> _Snapshot:
        with self._lock:
            if self._snapshot is None:
                self._snapshot = _build(self._points)
            return self._snapshot


def _build(points: dict[PointId, CheckedPoint]) -> _Snapshot:
    ordered = tuple(points[each] for each in sorted(points))
    rows: dict[VectorName, NDArray[np.int64]] = {}
    matrices: dict[VectorName, NDArray[np.float64]] = {}
    for name in VectorName:
        having = [row for row, point in enumerate(ordered) if name in point.vectors]
        if having:
            rows[name] = np.array(having)
            matrices[name] = np.stack([ordered[row].vectors[name] for row in having]).astype(
                np.float64
            )
    postings: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
    for row, point in enumerate(ordered):
        for term, weight in zip(point.terms.indices, point.terms.weights, strict=True):
            postings[term].append((row, weight))
    return _Snapshot(
        points=ordered,
        rows=rows,
        matrices=matrices,
        postings=dict(postings),
        documents=sum(bool(point.terms) for point in ordered),
    )


def _scored(
    point: CheckedPoint, score: float, *, keys: tuple[str, ...] = (), with_vectors: bool = False
) -> ScoredPoint:
    held = point.payload
    return ScoredPoint(
        point_id=point.point_id,
        score=score,
        payload={key: held[key] for key in keys if key in held} if keys else dict(held),
        vectors={name: vector.copy() for name, vector in point.vectors.items()}
        if with_vectors
        else {},
    )


def _distinct(value: PayloadValue) -> set[str]:
    return {value} if isinstance(value, str) else {str(each) for each in _listed(value)}


def _listed(value: PayloadValue) -> Sequence[str | int | float | bool]:
    return (value,) if isinstance(value, str | int | float | bool) else value
