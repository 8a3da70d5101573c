"""Asking the index: several retrievers for the pool that is ranked, one for what lies beyond it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.filters import Filter, both
from engine.ids import PointId
from engine.ports import VectorIndex
from engine.ranking.fusion import Candidate, RankedList
from engine.types import ScoredPoint, VectorName, VectorQuery, Weights

POOL = 100
"""Candidates that each retriever brings."""
ENOUGH = POOL // 2
"""Likely candidates, two pages of them, after which nobody looks at the less likely ones."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """What the index is asked.

    Attributes:
        picture: (D,) composed picture vector; ``None`` without a reference.
        description: (D,) text vector of the target; ``None`` when the words change nothing.
        words: Words for BM25; empty for none.
        hard: What every candidate fulfils.
        likely: What candidates that fulfil every wish have in common, the strictest first.
        keys: What ranking reads of a payload.
        named: Points that the query names itself and that are no hits. They are taken out here
            and not by the filter, which would cost the index its graph and facets their cache.
    """

    picture: NDArray[np.float32] | None
    description: NDArray[np.float32] | None
    words: str
    hard: Filter | None
    likely: tuple[Filter, ...]
    weights: Weights
    keys: tuple[str, ...] = ()
    named: frozenset[PointId] = frozenset()


def pool(index: VectorIndex, question: Question) -> list[RankedList]:
    """The lists to fuse.

    Each vector is asked among the likely ones first, so that hits which fulfil every wish are in
    the pool however far they lie; and where those are few, among all.
    """
    lists: list[RankedList] = []

    tiers = (*question.likely, None)

    def near(
        name: str,
        vector: NDArray[np.float32],
        weight: float,
        using: VectorName = VectorName.PICTURE,
        tiers: Sequence[Filter | None] = tiers,
    ) -> None:
        for tier in tiers:
            condition = both(question.hard, tier)
            asked = VectorQuery(
                vector=vector, using=using, condition=condition, limit=POOL, keys=question.keys
            )
            found = index.search(asked)
            lists.append(RankedList(name=name, weight=weight, points=_unnamed(found, question)))
            if len(found) >= ENOUGH:
                return

    weights = question.weights
    if question.picture is not None:
        near("picture", question.picture, weights.picture)
    if question.description is not None:
        near("description", question.description, weights.words)
        if question.picture is None:
            # Pictures fill the pool where few are likely; titles need not do it again.
            widest = question.likely[-1] if question.likely else None
            near("title", question.description, weights.words, VectorName.TITLE, (widest,))
    if question.words:
        found = index.search_words(
            question.words, condition=question.hard, limit=POOL, keys=question.keys
        )
        points = _unnamed(found, question)
        lists.append(RankedList(name="words", weight=weights.words, points=points))
    return lists


def beyond(
    index: VectorIndex,
    question: Question,
    *,
    seen: Collection[PointId],
    count: int,
    below: float,
) -> list[Candidate]:
    """At most `count` candidates after the pool, in the order of the main vector alone.

    Their scores stay under `below`, the score that the pool ends with.
    """
    vector = question.picture if question.picture is not None else question.description
    if vector is None or count <= 0:
        return []
    asked = VectorQuery(
        vector=vector, condition=question.hard, limit=count + len(seen), keys=question.keys
    )
    found = [
        point for point in _unnamed(index.search(asked), question) if point.point_id not in seen
    ]
    return [
        Candidate(
            point_id=point.point_id,
            payload=point.payload,
            score=below - (1 - point.score),  # a cosine is at most 1
            parts={},
        )
        for point in found[:count]
    ]


def _unnamed(points: Sequence[ScoredPoint], question: Question) -> list[ScoredPoint]:
    if not question.named:
        return list(points)
    return [point for point in points if point.point_id not in question.named]
