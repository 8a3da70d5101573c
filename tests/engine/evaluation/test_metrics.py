"""Metrics against brute-force loops, and the properties that every metric has."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidInput
from engine.evaluation.metrics import (
    precision_full,
    retrieval_metrics,
    share_of_top,
    top_ranked,
)

METRICS = ("recall@1", "recall@10", "precision@1", "precision@10", "mrr")
DOCUMENTS = 25


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[list[int]], list[frozenset[int]]]:
    count = draw(st.integers(1, 5))
    ranking = st.permutations(range(DOCUMENTS)).map(list)
    rankings = [draw(ranking)[: draw(st.integers(0, DOCUMENTS))] for _ in range(count)]
    relevant = st.frozensets(st.integers(0, DOCUMENTS - 1), min_size=1)
    return rankings, [draw(relevant) for _ in range(count)]


def by_hand(metric: str, ranking: list[int], relevant: frozenset[int]) -> float:
    if metric == "mrr":
        for place, document in enumerate(ranking, start=1):
            if document in relevant:
                return 1 / place
        return 0.0
    kind, _, depth = metric.partition("@")
    hits = 0
    for document in ranking[: int(depth)]:
        hits += document in relevant
    return hits / (len(relevant) if kind == "recall" else int(depth))


@given(cases())
@settings(max_examples=80, deadline=None)
def test_equal_to_loops_and_in_range(case: tuple[list[list[int]], list[frozenset[int]]]) -> None:
    rankings, relevant = case
    found = retrieval_metrics(rankings, relevant, METRICS)
    for metric, values in found.items():
        expected = [by_hand(metric, *each) for each in zip(rankings, relevant, strict=True)]
        np.testing.assert_allclose(values, expected, atol=1e-9)
        assert ((values >= 0) & (values <= 1)).all()
    assert (found["recall@10"] >= found["recall@1"]).all()


@given(cases())
@settings(max_examples=80, deadline=None)
def test_full_precision_is_hits_over_what_is_possible(
    case: tuple[list[list[int]], list[frozenset[int]]],
) -> None:
    rankings, relevant = case
    values = precision_full(rankings, relevant)
    for value, ranking, documents in zip(values, rankings, relevant, strict=True):
        hits = sum(document in documents for document in ranking[:10])
        assert value == pytest.approx(hits / min(10, len(documents)))
        assert 0 <= value <= 1


def test_a_perfect_ranking_scores_one() -> None:
    relevant = [frozenset({3}), frozenset(range(4, 16)), frozenset({1, 2})]
    rankings = [[*sorted(each), *(set(range(20)) - each)] for each in relevant]
    assert precision_full(rankings, relevant).tolist() == [1, 1, 1]
    found = retrieval_metrics(rankings, relevant, METRICS)
    assert found["mrr"].tolist() == found["precision@1"].tolist() == [1, 1, 1]
    assert found["recall@10"].tolist() == pytest.approx([1, 10 / 12, 1])


def test_no_results_score_zero() -> None:
    found = retrieval_metrics([[]], [frozenset({1})], METRICS)
    assert all(values.tolist() == [0] for values in found.values())
    assert precision_full([[]], [frozenset({1})]).tolist() == [0]
    assert share_of_top([[]], [np.ones(3, bool)]).tolist() == [0]


def test_share_counts_empty_places_as_misses() -> None:
    mask = np.array([True, False, True, True])
    assert share_of_top([[0, 1, 2]], [mask], depth=10).tolist() == [0.2]
    assert share_of_top([[0, 1, 2, 3]], [mask], depth=2).tolist() == [0.5]


@pytest.mark.parametrize(
    ("rankings", "relevant", "metrics", "message"),
    [
        ([[1]], [frozenset({1})], ["ndcg"], "unknown metrics"),
        ([[1]], [], ["mrr"], "1 rankings for 0 queries"),
        ([[1]], [frozenset()], ["mrr"], "no relevant document"),
        ([[1, 1]], [frozenset({1})], ["mrr"], "twice"),
    ],
)
def test_what_cannot_be_scored_is_refused(
    rankings: list[list[int]], relevant: list[frozenset[int]], metrics: list[str], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        retrieval_metrics(rankings, relevant, metrics)


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.booleans())
@settings(max_examples=60, deadline=None)
def test_top_ranked_equals_a_stable_sort(seed: int, depth: int, leave_out: bool) -> None:
    generator = np.random.default_rng(seed)
    # Few distinct values, so that ties are common.
    documents = generator.integers(-1, 2, (9, 3)).astype(np.float32)
    queries = generator.integers(-1, 2, (4, 3)).astype(np.float32)
    without = generator.integers(0, 9, 4) if leave_out else None
    found = top_ranked(queries, documents, depth=depth, without=without)
    for row, query in enumerate(queries):
        scores = documents @ query
        order = [
            int(each)
            for each in np.argsort(-scores, kind="stable")
            if without is None or each != without[row]
        ]
        assert found[row].tolist() == order[:depth]
