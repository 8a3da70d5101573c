"""The reference meaning of filters obeys logic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.filters import And, Eq, Filter, In, Not, Or, Payload, Range, both, matches
from tests.strategies import filters, payloads


@given(filters(), payloads())
def test_not_not_changes_nothing(condition: Filter, payload: Payload):
    assert matches(Not(Not(condition)), payload) == matches(condition, payload)
    assert matches(Not(condition), payload) != matches(condition, payload)


@given(st.lists(filters(), max_size=4).map(tuple), payloads())
def test_de_morgan(parts: tuple[Filter, ...], payload: Payload):
    negated = tuple(Not(part) for part in parts)
    assert matches(Not(And(parts)), payload) == matches(Or(negated), payload)
    assert matches(Not(Or(parts)), payload) == matches(And(negated), payload)


@given(filters(), filters(), payloads())
def test_both_is_the_conjunction(left: Filter, right: Filter, payload: Payload):
    assert matches(both(left, right), payload) == (
        matches(left, payload) and matches(right, payload)
    )
    assert both(left, None) is left
    assert both(None, None) is None


@given(st.lists(st.sampled_from(("a", "b", "c")), max_size=3).map(tuple))
def test_in_is_a_disjunction_of_equals(values: tuple[str, ...]):
    for payload in ({}, {"colour": "a"}, {"colour": ["b", "c"]}):
        expected = any(matches(Eq("colour", value), payload) for value in values)
        assert matches(In("colour", values), payload) == expected


@pytest.mark.parametrize(
    ("condition", "payload", "expected"),
    [
        (None, {}, True),
        (And(()), {}, True),
        (Or(()), {}, False),
        (In("colour", ()), {"colour": "red"}, False),
        (Eq("colour", "red"), {}, False),
        (Not(Eq("colour", "red")), {}, True),
        (Eq("colour", "red"), {"colour": ["blue", "red"]}, True),
        (Eq("price_minor", 1), {"price_minor": True}, False),
        (Eq("price_minor", True), {"price_minor": 1}, False),
        (Range("price_minor", 0, 2), {"price_minor": True}, False),
        (Range("price_minor", 5, 5), {"price_minor": 5}, True),
        (Range("price_minor", 3, 4), {"price_minor": [1, 9]}, False),
        (Range("price_minor"), {"price_minor": 7}, True),
        (Range("price_minor"), {}, False),
        (Range("colour", 0, 9), {"colour": "5"}, False),
    ],
)
def test_corner_cases(condition: Filter | None, payload: Payload, expected: bool):
    assert matches(condition, payload) is expected
