"""Drawing composed questions, the baselines, and the scores, on a small made-up catalogue."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest

from engine.errors import InvalidInput
from engine.evaluation.compose import ComposeQuery, baselines, draw_queries, score
from engine.evaluation.kagl import Row
from engine.types import EncoderId, Vectors

COLOURS = ("Red", "Blue", "Green", "Navy Blue")


def make_rows() -> list[Row]:
    """Men's shirts in four colours, six each; women's in two, four of them green; odd ones."""
    rows: list[Row] = []

    def add(gender: str, kind: str, colour: str, count: int) -> None:
        rows.extend(
            Row(
                product_id=f"{gender}-{kind}-{colour}-{number}",
                title=f"{colour} {kind}",
                gender=gender,
                type=kind,
                colour=colour,
                split="test" if number == 0 else "train",
            )
            for number in range(count)
        )

    for colour in COLOURS:
        add("Men", "Shirts", colour, 6)
    add("Women", "Shirts", "Red", 7)
    add("Women", "Shirts", "Green", 4)
    add("Men", "Shirts", "", 8)
    add("Women", "Watches", "Red", 1)
    return rows


def test_questions_ask_for_other_colours_that_are_there() -> None:
    rows = make_rows()
    queries = draw_queries(rows)
    for query in queries:
        reference = rows[query.reference]
        assert reference.split == "test"
        assert query.colour not in ("", reference.colour)
        expected = {
            number
            for number, row in enumerate(rows)
            if (row.gender, row.type, row.colour)
            == (reference.gender, reference.type, query.colour)
        }
        assert query.relevant == expected
        assert len(expected) >= 5
        assert query.reference not in query.relevant
    asked = [rows[query.reference].product_id for query in queries]
    # Women's green shirts are too few to be asked for; the colourless and the watch ask nothing.
    assert sorted(set(asked)) == sorted(
        [*(f"Men-Shirts-{colour}-0" for colour in COLOURS), "Women-Shirts-Green-0"]
    )
    assert all(asked.count(each) == (1 if each.startswith("Women") else 2) for each in asked)


def test_drawing_is_deterministic_and_blind_to_the_order_of_rows() -> None:
    rows = make_rows()
    shuffled = list(rows)
    random.Random(3).shuffle(shuffled)

    def named(drawn: Sequence[Row]) -> set[tuple[str, str]]:
        return {(drawn[q.reference].product_id, q.colour) for q in draw_queries(drawn)}

    assert draw_queries(rows) == draw_queries(rows)
    assert named(rows) == named(shuffled)
    assert {draw_queries(rows, seed=seed) for seed in range(8)} != {draw_queries(rows)}


def test_limit_keeps_some_of_the_same_questions() -> None:
    rows = make_rows()
    kept = draw_queries(rows, limit=4)
    assert len(kept) == 4
    assert set(kept) < set(draw_queries(rows))


def test_nothing_to_ask_is_an_error() -> None:
    with pytest.raises(InvalidInput, match="at least 5 times"):
        draw_queries([Row(product_id="1", title="x", gender="Men", type="T", colour="Red",
                          split="test")])  # fmt: skip


def test_the_shopper_says_the_colour() -> None:
    query = ComposeQuery(reference=0, colour="Navy Blue", relevant=frozenset({1}))
    assert query.modification == "but in navy blue"


class ColourEncoder:
    """Texts on the axis of the colour that they name."""

    encoder_id = EncoderId(name="colours", revision="1", preprocess="1", dims=6)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        names = [each.casefold() for each in COLOURS]
        return np.eye(6, dtype=np.float32)[[names.index(each) for each in texts]]


def picture_vectors(rows: Sequence[Row]) -> Vectors:
    """Axes 0 to 3 are the colours, 4 and 5 the genders."""
    vectors = np.zeros((len(rows), 6), np.float32)
    for vector, row in zip(vectors, rows, strict=True):
        if row.colour:
            vector[COLOURS.index(row.colour)] = 0.6
        vector[4 if row.gender == "Men" else 5] = 0.8
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_baselines_do_what_they_are_called_and_leave_the_reference_out() -> None:
    rows = make_rows()
    queries = draw_queries(rows)
    found = baselines(queries, encoder=ColourEncoder(), pictures=picture_vectors(rows))
    assert set(found) == {"picture", "words", "sum"}
    for place, query in enumerate(queries):
        reference = rows[query.reference]
        for rankings in found.values():
            assert len(rankings[place]) == 10
            assert query.reference not in rankings[place]
        nearest = rows[found["picture"][place][0]]
        assert (nearest.gender, nearest.colour) == (reference.gender, reference.colour)
        assert all(rows[number].colour == query.colour for number in found["words"][place][:6])


def test_scores_are_those_counted_by_hand() -> None:
    rows = make_rows()
    queries = [
        ComposeQuery(reference=0, colour="Blue", relevant=frozenset(range(6, 12))),
        ComposeQuery(reference=6, colour="Red", relevant=frozenset(range(6))),
    ]
    perfect = [[*range(6, 12), 1, 2, 3, 4], [*range(6), 7, 8, 9, 10]]
    found = {
        each.metric: each for each in score(queries, perfect, rows, arm="best", condition="known")
    }
    assert found["precision@10"].value == 1
    assert found["type-kept"].value == 1
    assert found["colour-hit"].value == pytest.approx(0.6)
    half = [[6, 7, 8, 1, 2], [24, 25, 26, 43]]
    rows_hit = [rows[number].colour for number in half[1]]
    found = {
        each.metric: each for each in score(queries, half, rows, arm="half", condition="known")
    }
    assert rows_hit == ["Red", "Red", "Red", "Red"]
    assert found["precision@10"].value == pytest.approx((3 / 6 + 0) / 2)
    assert found["colour-hit"].value == pytest.approx((0.3 + 0.4) / 2)
    assert found["type-kept"].value == pytest.approx((0.5 + 0.3) / 2)


def test_the_reference_among_the_results_is_an_error() -> None:
    rows = make_rows()
    queries = [ComposeQuery(reference=0, colour="Blue", relevant=frozenset({6}))]
    with pytest.raises(InvalidInput, match="among its results"):
        score(queries, [[0, 6]], rows, arm="odd", condition="known")
