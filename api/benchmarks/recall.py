"""What the index misses of an exact search, unfiltered and under narrow filters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from api.benchmarks.search import timed_ms
from engine.evaluation.figures import Figure, measured
from engine.evaluation.intervals import bootstrap, row_percentile
from engine.evaluation.metrics import top_ranked
from engine.filters import Filter, In, Payload, matches
from engine.ids import PointId
from engine.ports import VectorIndex
from engine.types import Facet, VectorName, VectorQuery, Vectors

__all__ = ["IndexCopy", "copy_index", "draw_filter", "measure_recall"]

DEPTH = 10
SELECTIVITIES = (0.20, 0.05, 0.01)
_KEYS = (Facet.TYPE, Facet.COLOUR, Facet.BRAND, Facet.CATEGORY)
_BATCH = 1000
_TIE = 1e-5
"""Scores this near to the tenth count as ties with it: indexes round differently."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IndexCopy:
    """The points of an index that have a picture vector, for exact search beside it.

    Attributes:
        point_ids: N ids.
        vectors: (N, D) unit rows.
        payloads: N payloads.
    """

    point_ids: Sequence[PointId]
    vectors: Vectors
    payloads: Sequence[Payload]


def copy_index(index: VectorIndex) -> IndexCopy:
    """Read every point back."""
    ids = sorted(point for point, _ in index.point_ids())
    found = [
        point
        for start in range(0, len(ids), _BATCH)
        for point in index.retrieve(ids[start : start + _BATCH], with_vectors=True)
        if VectorName.PICTURE in point.vectors
    ]
    return IndexCopy(
        point_ids=[point.point_id for point in found],
        vectors=np.stack([point.vectors[VectorName.PICTURE] for point in found]),
        payloads=[point.payload for point in found],
    )


def draw_filter(
    payloads: Sequence[Payload], share: float, generator: np.random.Generator
) -> tuple[Filter, NDArray[np.bool_]] | None:
    """A filter that about a given share of the points pass, from values that they hold.

    Values of a random facet are taken in random order as long as they fit.

    Returns:
        The filter with its (N,) mask; ``None`` where no facet comes within half of the share.
    """
    for key in generator.permutation([key.value for key in _KEYS]):
        held = [_values(payload, str(key)) for payload in payloads]
        values = sorted({value for each in held for value in each})
        chosen: set[str] = set()
        mask = np.zeros(len(payloads), bool)
        for value in generator.permutation(np.array(values, dtype=object)):
            wider = mask | np.array([value in each for each in held])
            if wider.mean() <= 1.2 * share:
                chosen.add(str(value))
                mask = wider
            if mask.mean() >= 0.8 * share:
                condition = In(str(key), tuple(sorted(chosen)))
                exact = np.array([matches(condition, payload) for payload in payloads])
                return condition, exact
    return None


def measure_recall(
    index: VectorIndex, held: IndexCopy, queries: Vectors, *, filters_each: int = 5, seed: int = 0
) -> list[Figure]:
    """Recall@10 of the index, and its speed beside exact search in numpy.

    Args:
        index: What is measured.
        held: Its points.
        queries: (Q, D) unit rows.
        filters_each: Filters drawn for each selectivity; queries take turns among them.
        seed: Of the filters.
    """
    everything = np.ones(len(held.point_ids), bool)
    recalls, index_ms, exact_ms = _compare(index, held, queries, [(None, everything)])
    figures = [
        measured(bootstrap(recalls), metric="recall@10", arm="index", condition="unfiltered"),
        *_speed(index_ms, exact_ms),
    ]
    generator = np.random.default_rng(seed)
    for share in SELECTIVITIES:
        drawn = [draw_filter(held.payloads, share, generator) for _ in range(filters_each)]
        filters = [each for each in drawn if each is not None]
        if filters:
            recalls, _, _ = _compare(index, held, queries, filters)
            figures.append(
                measured(
                    bootstrap(recalls),
                    metric="recall@10",
                    arm="index",
                    condition=f"filter-{share:.0%}",
                )
            )
    return figures


def _compare(
    index: VectorIndex,
    held: IndexCopy,
    queries: Vectors,
    filters: Sequence[tuple[Filter | None, NDArray[np.bool_]]],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Recall, milliseconds of the index and of exact search, of each query."""
    places = {point_id: place for place, point_id in enumerate(held.point_ids)}
    narrowed = [(condition, np.flatnonzero(mask)) for condition, mask in filters]
    subsets = [held.vectors[passing] for _, passing in narrowed]
    recalls, index_ms, exact_ms = (np.zeros(len(queries)) for _ in range(3))
    for number, vector in enumerate(queries):
        condition, _ = narrowed[number % len(narrowed)]
        subset = subsets[number % len(narrowed)]
        asked = VectorQuery(vector=vector, condition=condition, limit=DEPTH)
        index_ms[number] = timed_ms(lambda asked=asked: index.search(asked))
        exact_ms[number] = timed_ms(
            lambda vector=vector, subset=subset: top_ranked(vector[None], subset, depth=DEPTH)
        )
        best = np.sort(subset @ vector)[::-1][:DEPTH]
        found = [held.vectors[places[point.point_id]] @ vector for point in index.search(asked)]
        recalls[number] = sum(score >= best[-1] - _TIE for score in found) / len(best)
    return recalls, index_ms, exact_ms


def _speed(index_ms: NDArray[np.float64], exact_ms: NDArray[np.float64]) -> list[Figure]:
    arms = {"index": index_ms, "exact-numpy": exact_ms}
    figures = [
        measured(
            bootstrap(values, statistic=row_percentile(percent)),
            metric=f"ms_p{percent}",
            arm=arm,
            condition="vector-search",
            unit="ms",
        )
        for arm, values in arms.items()
        for percent in (50, 95)
    ]
    ratio = bootstrap(exact_ms / index_ms, statistic=row_percentile(50))
    return [
        *figures,
        measured(
            ratio, metric="ratio", arm="index/exact-numpy", condition="vector-search", unit="ratio"
        ),
    ]


def _values(payload: Payload, key: str) -> frozenset[str]:
    held = payload.get(key)
    if held is None or isinstance(held, bool | int | float):
        return frozenset()
    return frozenset([held] if isinstance(held, str) else map(str, held))
