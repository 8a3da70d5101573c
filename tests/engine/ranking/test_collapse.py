"""Variants of one design."""

from engine.ids import PointId, ProductId
from engine.ranking.collapse import collapse
from engine.ranking.fusion import Candidate


def candidate(product: str, group: str, score: float) -> Candidate:
    payload = {"product_id": product, "group_id": group}
    return Candidate(point_id=PointId(product), payload=payload, score=score, parts={})


CANDIDATES = [
    candidate("red-dress", "dress", 3.0),
    candidate("cap", "cap", 2.5),
    candidate("blue-dress", "dress", 2.0),
    candidate("green-dress", "dress", 1.0),
]


def test_the_best_of_a_design_stands_for_it():
    groups = collapse(CANDIDATES)
    assert [(group.best.payload["product_id"], group.variants) for group in groups] == [
        ("red-dress", (ProductId("blue-dress"), ProductId("green-dress"))),
        ("cap", ()),
    ]


def test_without_grouping_every_product_is_a_hit():
    groups = collapse(CANDIDATES, variants=False)
    assert [group.best for group in groups] == CANDIDATES
    assert all(not group.variants for group in groups)
