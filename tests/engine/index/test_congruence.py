"""Edge and the server's client answer as the exact index does, whatever is stored and asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qdrant_client import QdrantClient

from engine.filters import Filter
from engine.ids import PointId
from engine.index.edge import EdgeIndex
from engine.index.memory import MemoryIndex
from engine.index.server import ServerIndex
from engine.ports import VectorIndex
from engine.types import EncoderId, Facet, IndexPoint, ScoredPoint, VectorQuery
from tests.strategies import DIMS, filters, point_ids, points, texts, vector_queries

ENCODER = EncoderId(name="test", revision="1", preprocess="p", dims=DIMS)

pytestmark = pytest.mark.filterwarnings("ignore:Local mode performs exact")


@pytest.fixture(scope="module")
def edge(quick_folder: Path) -> Iterator[VectorIndex]:
    index = EdgeIndex(quick_folder / "congruence", ENCODER)
    yield index
    index.close()


@pytest.fixture(scope="module")
def server() -> Iterator[VectorIndex]:
    index = ServerIndex(QdrantClient(":memory:"), ENCODER)
    yield index
    index.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is written and what is asked."""

    batches: list[list[IndexPoint]]
    removed: list[PointId]
    query: VectorQuery
    condition: Filter | None
    text: str
    facet: Facet
    limit: int


CASES = st.builds(
    Case,
    batches=st.lists(st.lists(points(), max_size=20), max_size=3),
    removed=st.lists(point_ids, max_size=4),
    query=vector_queries(),
    condition=st.none() | filters(),
    text=texts,
    facet=st.sampled_from((Facet.COLOUR, Facet.TYPE, Facet.BRAND)),
    limit=st.integers(1, 25),
)


def check(index: VectorIndex, case: Case) -> None:
    # One index for all examples: what was deleted before may not shine through either.
    index.delete([each for each, _ in index.point_ids()])
    exact: VectorIndex = MemoryIndex(DIMS)
    for each in (exact, index):
        for batch in case.batches:
            each.upsert(batch)
        each.delete(case.removed)
    assert index.count() == exact.count()
    assert dict(index.point_ids()) == dict(exact.point_ids())
    assert index.count(case.condition) == exact.count(case.condition)
    counted = [
        each.facet(case.facet, condition=case.condition, limit=case.limit)
        for each in (index, exact)
    ]
    assert counted[0] == counted[1]
    same(index.search(case.query), exact.search(case.query), within=1e-4)
    found = [
        each.search_words(case.text, condition=case.condition, limit=case.limit)
        for each in (index, exact)
    ]
    same(found[0], found[1], within=2e-4)
    ids = [each for each, _ in exact.point_ids()]
    held = [[dict(point.payload) for point in each.retrieve(ids)] for each in (index, exact)]
    assert held[0] == held[1]


def same(found: Sequence[ScoredPoint], expected: Sequence[ScoredPoint], *, within: float) -> None:
    assert [hit.score for hit in found] == pytest.approx([h.score for h in expected], abs=within)
    assert [hit.point_id for hit in found] == [hit.point_id for hit in expected]
    assert [set(hit.vectors) for hit in found] == [set(hit.vectors) for hit in expected]


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=CASES)
def test_edge_agrees_with_the_exact_index(edge: VectorIndex, case: Case):
    check(edge, case)


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=CASES)
def test_the_server_agrees_with_the_exact_index(server: VectorIndex, case: Case):
    check(server, case)
