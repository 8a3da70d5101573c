"""Fusing ranked lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ids import PointId
from engine.ranking.fusion import RankedList, fuse
from engine.types import ScoredPoint

_scores = st.dictionaries(
    st.sampled_from("abcdefgh"), st.integers(-40, 40).map(lambda n: n / 40), min_size=1
)


def ranked(name: str, scores: dict[str, float], weight: float = 1.0) -> RankedList:
    points = [
        ScoredPoint(point_id=PointId(each), score=score, payload={"id": each})
        for each, score in sorted(scores.items(), key=lambda item: -item[1])
    ]
    return RankedList(name=name, weight=weight, points=points)


def order(lists: list[RankedList]) -> list[str]:
    return [each.point_id for each in fuse(lists)]


@given(_scores)
def test_one_list_keeps_its_order(scores):
    expected = [each for each, _ in sorted(scores.items(), key=lambda item: (-item[1], item[0]))]
    assert order([ranked("picture", scores)]) == expected


@given(_scores, _scores)
def test_the_order_of_the_lists_does_not_matter(first, second):
    lists = [ranked("picture", first), ranked("words", second)]
    assert order(lists) == order(lists[::-1])


@given(_scores, _scores, st.sampled_from([0.5, 2.0, 64.0]))
def test_the_scale_of_a_list_does_not_matter(first, second, scale):
    scaled = {each: score * scale for each, score in second.items()}
    plain = fuse([ranked("picture", first), ranked("words", second)])
    other = fuse([ranked("picture", first), ranked("words", scaled)])
    assert {c.point_id: pytest.approx(c.score) for c in plain} == {
        c.point_id: c.score for c in other
    }


@given(_scores, _scores)
def test_shares_lie_between_0_and_1_and_nothing_is_lost(first, second):
    fused = fuse([ranked("picture", first), ranked("words", second)])
    assert {each.point_id for each in fused} == set(first) | set(second)
    assert all(0 <= share <= 1 for each in fused for share in each.parts.values())


def test_a_list_asked_twice_counts_once():
    likely, every = {"a": 0.5}, {"b": 0.9, "a": 0.5, "c": 0.1}
    twice = fuse([ranked("picture", likely), ranked("picture", every)])
    assert {each.point_id: each.score for each in twice} == {
        "b": 1.0,
        "a": pytest.approx(0.5),
        "c": 0.0,
    }


def test_no_lists_give_nothing():
    assert fuse([]) == []
    assert fuse([ranked("picture", {})]) == []
