"""Ways to ask for the same thing: what they change, and how their figures are counted."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidInput
from engine.evaluation.kagl import Row
from engine.evaluation.metrics import Ranking
from engine.evaluation.paraphrases import (
    AS_WRITTEN,
    ParaphraseQuestion,
    draw_paraphrases,
    load_tables,
    score_paraphrases,
    ways_to_ask,
)
from engine.query.lexicon import default_lexicon

TITLE = "Lee Cooper Men Navy Blue Casual Shoes"


def test_every_way_says_the_same_in_other_words() -> None:
    ways = ways_to_ask(TITLE, seed="1")
    assert ways[AS_WRITTEN] == TITLE
    assert ways["reordered"] == "Navy Blue Casual Shoes Men Lee Cooper"
    assert ways["synonyms"] == "Lee Cooper Gents Dark Blue Sneakers"
    assert ways["upper-case"] == TITLE.upper()
    assert ways["lower-case"] == TITLE.lower()
    assert ways["unknown-brand"].endswith(f" {TITLE}")
    assert "spelling" not in ways
    assert ways_to_ask(TITLE, seed="1") == ways


def test_spelling_goes_both_ways_and_keeps_capitals() -> None:
    assert ways_to_ask("Grey pyjama", seed="")["spelling"] == "Gray pajama"
    assert ways_to_ask("Multi Colored Jewelry", seed="")["spelling"] == "Multi Coloured Jewellery"


def test_phrases_are_replaced_whole_once_and_longest_first() -> None:
    ways = ways_to_ask("Women's Track Pants and Pantsuit in t-shirt cotton", seed="")
    assert ways["synonyms"] == "Ladies Joggers and Pantsuit in tee cotton"
    # A saree becomes a sari and a sari a saree, not both in turn.
    assert ways_to_ask("saree", seed="")["synonyms"] == "sari"


def test_without_a_gender_the_first_word_goes_last() -> None:
    assert ways_to_ask("Titan White Watch", seed="")["reordered"] == "White Watch Titan"
    assert "reordered" not in ways_to_ask("Watch", seed="")


@given(st.lists(st.sampled_from(["shirt", "Puma", "ab", "1234567", "Jäger"]), min_size=1),
       st.text(max_size=3))  # fmt: skip
def test_a_typo_is_one_slip_inside_one_long_word(words: list[str], seed: str) -> None:
    title = " ".join(words)
    ways = ways_to_ask(title, seed=seed)
    if not {"shirt", "Jäger"} & set(words):
        assert "typo" not in ways
        return
    mistyped = ways["typo"].split(" ")
    changed = [(one, two) for one, two in zip(words, mistyped, strict=True) if one != two]
    assert len(changed) == 1
    one, two = changed[0]
    assert one in ("shirt", "Jäger")
    assert (one[0], one[-1]) == (two[0], two[-1])
    assert abs(len(one) - len(two)) <= 1
    assert sorted(one) == sorted(two) or len(one) != len(two)


def test_tables_are_lower_case_and_change_what_they_name() -> None:
    tables = load_tables()
    assert len(tables.synonyms) > 50
    assert len(tables.brands) == len(set(tables.brands)) >= 5
    for table in (tables.synonyms, tables.spellings):
        for one, two in table.items():
            assert one == one.lower() != two
            assert two == two.lower()


def test_no_brand_of_the_table_means_anything_to_the_engine() -> None:
    lexicon = default_lexicon()
    assert [each for each in load_tables().brands if list(lexicon.mentions(each))] == []


ROWS = [
    Row(product_id="1", title="Red  Shoes", type="Shoes", colour="Red", split="test"),
    Row(product_id="2", title="red shoes", type="Shoes", colour="Red", split="train"),
    Row(product_id="3", title="Crimson Shoes", type="Shoes", colour="Red", split="train"),
    Row(product_id="4", title="Watch", type="Watches", colour="", split="test"),
    Row(product_id="5", title="Blue Shoes", type="Shoes", colour="Blue", split="test"),
]


def test_questions_are_titles_of_the_test_split_with_a_kind() -> None:
    red, blue = sorted(draw_paraphrases(ROWS), key=lambda each: each.title, reverse=True)
    assert (red.title, blue.title) == ("Red  Shoes", "Blue Shoes")
    assert red.ways[AS_WRITTEN] == "Red Shoes"
    assert red.same_title == {0, 1}
    assert red.same_kind == {0, 1, 2}
    assert len(draw_paraphrases(ROWS, limit=1)) == 1
    assert draw_paraphrases(ROWS, limit=99) == draw_paraphrases(ROWS)
    with pytest.raises(InvalidInput, match="split 'test'"):
        draw_paraphrases(ROWS[1:4])


def test_figures_are_those_counted_by_hand() -> None:
    questions = [
        ParaphraseQuestion(
            title="a",
            ways={AS_WRITTEN: "a", "typo": "aa"},
            same_title=frozenset({0}),
            same_kind=frozenset({0, 1}),
        ),
        ParaphraseQuestion(
            title="b",
            ways={AS_WRITTEN: "b"},
            same_title=frozenset({2, 3}),
            same_kind=frozenset({2, 3}),
        ),
    ]
    answers = {"a": [0, 1], "aa": [1, 2], "b": [3, 0]}

    def rank(texts: Sequence[str]) -> Sequence[Ranking]:
        return [answers[text] for text in texts]

    found = {
        (each.metric, each.condition): (each.value, each.n)
        for each in score_paraphrases(questions, rank, arm="toy")
    }
    assert found == {
        ("recall@10", AS_WRITTEN): (pytest.approx((1 + 0.5) / 2), 2),
        ("precision@10", AS_WRITTEN): (pytest.approx((1 + 0.5) / 2), 2),
        ("recall@10", "typo"): (pytest.approx(0), 1),
        ("recall@10-change", "typo"): (pytest.approx(-1), 1),
        ("precision@10", "typo"): (pytest.approx(0.5), 1),
        ("precision@10-change", "typo"): (pytest.approx(-0.5), 1),
        ("swing", "recall@10"): (pytest.approx((1 + 0) / 2), 2),
        ("swing", "precision@10"): (pytest.approx((0.5 + 0) / 2), 2),
    }
