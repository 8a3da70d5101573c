from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from engine.errors import InvalidInput
from engine.query.parse import LONGEST_TEXT, parse_modification, parse_query, without
from engine.types import Edit, Operation, Parse

CASES = yaml.safe_load((Path(__file__).parent / "phrases.yaml").read_text(encoding="utf-8"))
BRANDS = frozenset(CASES["brands"])


def written(edit: Edit) -> str:
    currency = f"@{edit.currency}" if edit.currency else ""
    return f"{edit.edit_id}{'!' if edit.hard else ''}{currency}"


def check(parse: Parse, case: list) -> None:
    _, edits, *free_text = case
    assert [written(edit) for edit in parse.edits] == edits
    assert parse.free_text == (free_text[0] if free_text else "")


def test_the_table_is_large():
    assert len(CASES["modifications"]) + len(CASES["queries"]) >= 180


@pytest.mark.parametrize("case", CASES["modifications"], ids=lambda case: case[0])
def test_modification(case):
    check(parse_modification(case[0], brands=BRANDS), case)


@pytest.mark.parametrize("case", CASES["queries"], ids=lambda case: case[0])
def test_query(case):
    check(parse_query(case[0], brands=BRANDS), case)


def test_a_refusal_spans_its_negation():
    (edit,) = parse_modification("please not the red").edits
    assert (edit.text, edit.start, edit.end) == ("not the red", 7, 18)


def test_bounds_around_a_price_share_its_words():
    least, most = parse_modification("around 50 euros").edits
    assert (least.operation, least.text) == (Operation.AT_LEAST, "around")
    assert (most.operation, most.text) == (Operation.AT_MOST, "50 euros")


def test_the_same_wish_twice_is_one_edit():
    parse = parse_modification("red, really red")
    assert [edit.start for edit in parse.edits] == [0]


def test_brands_are_unknown_unless_given():
    assert parse_modification("not nike").edits == ()


def test_without_drops_the_edit_and_its_words():
    parse = without(parse_query("red dress under 40"), {"colour:set:red", "no such edit"})
    assert [edit.edit_id for edit in parse.edits] == ["type:set:dress", "price:at_most:4000"]
    assert parse.free_text == "dress"
    assert parse.dropped == ("colour:set:red",)


def test_without_remembers_what_was_dropped_before():
    parse = without(without(parse_query("red dress"), ["colour:set:red"]), ["type:set:dress"])
    assert parse.edits == ()
    assert parse.dropped == ("colour:set:red", "type:set:dress")


def test_a_text_that_is_too_long_is_refused():
    assert parse_modification("x" * LONGEST_TEXT).edits == ()
    with pytest.raises(InvalidInput, match="2001 characters"):
        parse_modification("x" * (LONGEST_TEXT + 1))


@pytest.mark.parametrize(
    "piece",
    ["not red, ", "with a ", "1,", "under 40 ", "red and ", "more ", "€ ", "qwertzui ", "-", "no "],
)
def test_time_grows_with_length_only(piece):
    def seconds(length: int) -> float:
        text = (piece * length)[:length]
        parse_modification(text)
        runs = []
        for _ in range(3):
            begin = time.thread_time()
            parse_modification(text)
            runs.append(time.thread_time() - begin)
        return min(runs)

    # Ten times the text may take ten times as long; a quadratic reading would take a hundred.
    assert seconds(LONGEST_TEXT) < 40 * seconds(LONGEST_TEXT // 10) + 0.02


@pytest.mark.parametrize(
    ("text", "ignored"),
    [
        ("not acme shoes", ("not acme",)),
        ("red dress without frobnicate, no acme", ("without frobnicate", "no acme")),
        ("no funny stripes", ("no funny stripes",)),
        ("not red, no sleeves, not more than 40", ()),
        ("shoes", ()),
    ],
)
def test_a_refusal_of_something_unknown_is_told(text, ignored):
    assert parse_query(text).ignored == ignored
    assert parse_modification(text).ignored == ignored
