"""Retrieval metrics, a value for every query, computed by ir-measures (extra ``eval``).

A ranking is a row of document numbers, best first; relevance is a set of document numbers. Every
metric lies in [0, 1]. A query without relevant documents is an error of the task, not a score of 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidInput, ModelUnavailable

__all__ = ["precision_full", "retrieval_metrics", "share_of_top", "top_ranked"]

Values = NDArray[np.float64]
Ranking = Sequence[int] | NDArray[np.int64]

_NAMES: Mapping[str, str] = {
    "recall@1": "R@1",
    "recall@10": "R@10",
    "precision@1": "P@1",
    "precision@10": "P@10",
    "mrr": "RR",
}
_CHUNK = 256


class _Value(Protocol):
    """What ir-measures yields."""

    query_id: str
    measure: object
    value: float


_Calculate = Callable[
    [Sequence[object], Mapping[str, Mapping[str, int]], Mapping[str, Mapping[str, float]]],
    Iterator[_Value],
]


def retrieval_metrics(
    rankings: Sequence[Ranking], relevant: Sequence[frozenset[int]], metrics: Sequence[str]
) -> dict[str, Values]:
    """Standard metrics of each query.

    Args:
        rankings: Document numbers of each query, best first, no document twice. ``mrr`` is cut
            at the length of the ranking.
        relevant: Relevant documents of each query, at least one.
        metrics: Of ``recall@1``, ``recall@10``, ``precision@1``, ``precision@10``, ``mrr``.

    Returns:
        Metric → (Q,) float64, queries in the order given.

    Raises:
        InvalidInput: Lengths differ, a query has no relevant document, a ranking repeats a
            document, or a metric is not known.
        ModelUnavailable: ir-measures is not installed.
    """
    unknown = [name for name in metrics if name not in _NAMES]
    if unknown:
        raise InvalidInput(f"unknown metrics {unknown}", hint=f"Known: {', '.join(_NAMES)}.")
    _check(rankings, relevant)
    try:
        import ir_measures
    except ImportError as error:
        raise ModelUnavailable(
            "the package ir-measures is not installed",
            hint="Install the extra: pip install 'lookalike[eval]'",
        ) from error
    measures: dict[object, str] = {
        ir_measures.parse_measure(_NAMES[name]): name for name in metrics
    }
    judgements = {
        str(number): {str(document): 1 for document in documents}
        for number, documents in enumerate(relevant)
    }
    # Scores that fall by one a place keep our order: the library breaks ties by its own rule.
    runs = {
        str(number): {
            str(int(document)): float(len(ranking) - place)
            for place, document in enumerate(ranking)
        }
        for number, ranking in enumerate(rankings)
    }
    values = {name: np.zeros(len(rankings)) for name in metrics}
    # Its signature also takes pandas frames, which are not installed here.
    calculate = cast("_Calculate", ir_measures.iter_calc)  # pyright: ignore[reportUnknownMemberType]
    for each in calculate(list(measures), judgements, runs):
        values[measures[each.measure]][int(each.query_id)] = each.value
    return values


def precision_full(
    rankings: Sequence[Ranking], relevant: Sequence[frozenset[int]], *, depth: int = 10
) -> Values:
    """Hits among the first `depth` over the most hits there could be, min(depth, relevant).

    Plain precision cannot reach 1 for a query with fewer relevant documents than `depth`.

    Returns:
        (Q,) float64 in [0, 1].
    """
    _check(rankings, relevant)
    return np.array(
        [
            len(documents.intersection(map(int, ranking[:depth]))) / min(depth, len(documents))
            for ranking, documents in zip(rankings, relevant, strict=True)
        ],
        dtype=np.float64,
    )


def share_of_top(
    rankings: Sequence[Ranking], holds: Sequence[NDArray[np.bool_]], *, depth: int = 10
) -> Values:
    """Share of the first `depth` places that hold a property; an empty place does not.

    Args:
        rankings: Document numbers of each query, best first.
        holds: For each query a (documents,) mask.
        depth: Places that count.

    Returns:
        (Q,) float64 in [0, 1].
    """
    return np.array(
        [
            np.count_nonzero(mask[np.asarray(ranking[:depth], dtype=np.int64)]) / depth
            for ranking, mask in zip(rankings, holds, strict=True)
        ],
        dtype=np.float64,
    )


def top_ranked(
    queries: NDArray[np.float32],
    documents: NDArray[np.float32],
    *,
    depth: int,
    without: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Exact nearest documents by cosine of unit rows; equal scores by document number.

    Args:
        queries: (Q, D) unit rows.
        documents: (N, D) unit rows.
        depth: Documents a query, cut to what there is.
        without: (Q,) a document that each query must not return, its own reference.

    Returns:
        (Q, min(depth, N)) document numbers, best first; one fewer than N with `without`.
    """
    most = len(documents) - (1 if without is not None else 0)
    depth = max(0, min(depth, most))
    found = np.empty((len(queries), depth), np.int64)
    if depth == 0:
        return found
    for start in range(0, len(queries), _CHUNK):
        scores = queries[start : start + _CHUNK] @ documents.T  # (chunk, N)
        if without is not None:
            scores[np.arange(len(scores)), without[start : start + _CHUNK]] = -np.inf
        for row, row_scores in enumerate(scores):
            found[start + row] = _best(row_scores, depth)
    return found


def _best(scores: NDArray[np.float32], depth: int) -> NDArray[np.int64]:
    # Everything that ties with the last place takes part, so that ties fall by number.
    floor = np.partition(scores, len(scores) - depth)[len(scores) - depth]
    candidates = np.flatnonzero(scores >= floor)
    order = np.lexsort((candidates, -scores[candidates]))
    return candidates[order[:depth]]


def _check(rankings: Sequence[Ranking], relevant: Sequence[frozenset[int]]) -> None:
    if len(rankings) != len(relevant):
        raise InvalidInput(f"got {len(rankings)} rankings for {len(relevant)} queries")
    for number, documents in enumerate(relevant):
        if not documents:
            raise InvalidInput(
                f"query {number} has no relevant document", hint="Leave such queries out of a task."
            )
    for number, ranking in enumerate(rankings):
        if len(set(map(int, ranking))) != len(ranking):
            raise InvalidInput(f"the ranking of query {number} holds a document twice")
