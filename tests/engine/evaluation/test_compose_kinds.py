"""Questions about types, patterns, negations, comparisons and two changes at once."""

from __future__ import annotations

import random

import pytest

from engine.evaluation.compose_kinds import KINDS, PATTERN_STEMS, draw_kinds, pattern_of
from engine.evaluation.kagl import Row

TITLES = {"striped": "Brand {} Striped", "solid": "Brand {} Solid", "": "Brand {}"}


def make_rows() -> list[Row]:
    """Two types, three colours, two genders; striped, solid and unnamed, seven of each."""
    return [
        Row(
            product_id=f"{gender}-{kind}-{colour}-{pattern}-{number}",
            title=TITLES[pattern].format(kind),
            gender=gender,
            type=kind,
            colour=colour,
            category="Apparel",
            split="test" if number == 0 else "train",
        )
        for gender in ("Men", "Women")
        for kind in ("Shirts", "Shorts")
        for colour in ("Black", "Red", "White")
        for pattern in TITLES
        for number in range(7)
    ]


def test_a_title_names_one_pattern_or_none() -> None:
    assert pattern_of("Brand Men Stripes Blue Shirt") == "striped"
    assert pattern_of("Brand CHECK shirt") == "checked"
    assert pattern_of("Brand Printed Striped Tee") == ""
    assert pattern_of("Brand stripper checkout printer") == ""
    for title in ("stripes", "checked", "plaid", "prints", "solid", "plain"):
        assert pattern_of(title)
        assert title.startswith(PATTERN_STEMS)


def test_answers_fulfil_the_change_and_keep_the_rest() -> None:
    rows = make_rows()
    drawn = draw_kinds(rows)
    assert set(drawn) == set(KINDS)
    for kind, queries in drawn.items():
        for query in queries:
            own = rows[query.reference]
            answers = [rows[number] for number in query.relevant]
            assert own.split == "test"
            assert query.reference not in query.relevant
            assert len(answers) >= 5
            assert query.words
            assert query.modification.startswith("but ")
            if kind == "type":
                (other,) = {each.type for each in answers}
                assert other != own.type
                assert other.casefold() in query.modification
                assert {(each.gender, each.colour) for each in answers} == {
                    (own.gender, own.colour)
                }
            if kind == "pattern":
                (pattern,) = {pattern_of(each.title) for each in answers}
                assert pattern in query.modification
                assert pattern != pattern_of(own.title)
                assert {(each.gender, each.type) for each in answers} == {(own.gender, own.type)}
            if kind == "negation" and "stripes" not in query.modification:
                assert query.modification == f"but not {own.colour.casefold()}"
                assert own.colour not in {each.colour for each in answers}
            if kind == "comparative":
                order = ("Black", "Red", "White")
                darker = query.words == "darker"
                assert all(
                    (order.index(each.colour) < order.index(own.colour)) is darker
                    and each.colour != own.colour
                    for each in answers
                )
            if kind == "two-changes":
                (colour,) = {each.colour for each in answers}
                assert colour != own.colour
                assert colour.casefold() in query.modification
                assert len({(each.gender, each.type) for each in answers}) == 1


def test_refusing_a_pattern_is_answered_by_titles_that_name_another() -> None:
    rows = make_rows()
    refused = [
        query
        for seed in range(4)
        for query in draw_kinds(rows, seed=seed)["negation"]
        if query.modification == "but no stripes"
    ]
    assert refused
    for query in refused:
        assert pattern_of(rows[query.reference].title) == "striped"
        assert {pattern_of(rows[number].title) for number in query.relevant} == {"solid"}


def test_questions_do_not_depend_on_the_order_of_rows_and_are_limited() -> None:
    rows = make_rows()
    shuffled = list(rows)
    random.Random(3).shuffle(shuffled)

    def named(each: list[Row]) -> dict[str, set[tuple[str, str]]]:
        return {
            kind: {(each[query.reference].product_id, query.modification) for query in queries}
            for kind, queries in draw_kinds(each).items()
        }

    assert named(rows) == named(shuffled)
    limited = draw_kinds(rows, limit=3)
    assert {len(queries) for queries in limited.values()} == {3}


def test_what_the_rows_do_not_allow_is_left_out() -> None:
    plain = [
        Row(product_id=str(number), title="x", gender="Men", type="T", colour="Red", split="test")
        for number in range(9)
    ]
    assert draw_kinds(plain) == {}


@pytest.mark.parametrize("colour", ["Multi", "Metallic"])
def test_colours_without_a_shade_are_neither_darker_nor_lighter(colour: str) -> None:
    rows = [
        Row(product_id=f"{shade}{number}", title="x", gender="Men", type="T", colour=shade,
            split="test" if shade == colour else "train")
        for shade in (colour, "Black", "White")
        for number in range(6)
    ]  # fmt: skip
    assert "comparative" not in draw_kinds(rows)
