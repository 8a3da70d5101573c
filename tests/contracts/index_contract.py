"""What every `VectorIndex` does, line by line of the port's docstring.

A new adapter subclasses `IndexContract` and gives the fixture `make_index`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import InvalidInput
from engine.filters import Eq, Filter, Not, Or, PayloadValue, matches
from engine.ids import PointId
from engine.index.words import document_terms, inverse_document_frequency
from engine.ports import VectorIndex
from engine.types import Facet, FacetCount, IndexPoint, VectorName, VectorQuery
from tests.contracts.index_cases import (
    CATALOGUE,
    DIMS,
    EAST,
    FILTERS,
    NORTH,
    UP,
    numbers,
    pid,
    point,
)

MakeIndex = Callable[[int], VectorIndex]


class IndexContract:
    """The battery."""

    @pytest.fixture
    def make_index(self) -> MakeIndex:
        raise NotImplementedError("a subclass gives a fresh, empty index of so many dimensions")

    @pytest.fixture
    def index(self, make_index: MakeIndex) -> VectorIndex:
        return make_index(DIMS)

    @pytest.fixture
    def filled(self, index: VectorIndex) -> VectorIndex:
        index.upsert(CATALOGUE)
        return index

    # --- empty ---

    def test_an_empty_index_answers_everything_with_nothing(self, index: VectorIndex):
        assert index.search(VectorQuery(vector=EAST)) == []
        assert index.search_words("shirt") == []
        assert index.retrieve([pid(1)]) == []
        assert index.count() == 0
        assert index.facet(Facet.COLOUR) == []
        assert list(index.point_ids()) == []
        index.delete([pid(1)])
        index.upsert([])
        index.optimise()
        index.flush()

    # --- writes ---

    def test_upserted_points_are_visible_at_once(self, index: VectorIndex):
        index.upsert([point(1)])
        assert numbers(index.search(VectorQuery(vector=EAST))) == [1]
        assert index.count() == 1

    def test_upsert_replaces_the_whole_point(self, index: VectorIndex):
        index.upsert([point(1, EAST, title=EAST, words="shirt", colour="red", type="dress")])
        index.upsert([point(1, NORTH, words="hat", colour="blue")])
        assert index.count() == 1
        (held,) = index.retrieve([pid(1)], with_vectors=True)
        assert dict(held.payload) == {"colour": "blue"}
        assert set(held.vectors) == {VectorName.PICTURE}
        assert index.search(VectorQuery(vector=EAST, using=VectorName.TITLE)) == []
        assert index.search_words("shirt") == []
        assert numbers(index.search_words("hat")) == [1]
        assert index.count(Eq("colour", "red")) == 0
        assert index.facet(Facet.TYPE) == []

    def test_of_points_with_one_id_the_last_counts(self, index: VectorIndex):
        index.upsert([point(1, colour="red"), point(2), point(1, colour="blue")])
        assert index.count() == 2
        assert index.retrieve([pid(1)])[0].payload["colour"] == "blue"

    @pytest.mark.parametrize(
        ("vector", "says"),
        [
            (np.array([1, 0, 0], np.float32), r"shape is \(3,\).*Expected \(4,\)"),
            (np.array([[1, 0, 0, 0]], np.float32), "shape"),
            (np.array([np.nan, 0, 0, 0], np.float32), "length is nan"),
            (np.array([np.inf, 0, 0, 0], np.float32), "length is inf"),
            (np.array([0, 0, 0, 0], np.float32), "unit length"),
            (np.array([1.01, 0, 0, 0], np.float32), "unit length"),
        ],
    )
    @pytest.mark.parametrize("name", list(VectorName))
    def test_nothing_of_a_bad_batch_is_written(
        self, index: VectorIndex, vector: NDArray[np.float32], says: str, name: VectorName
    ):
        bad = IndexPoint(point_id=pid(2), vectors={name: vector}, words="", payload={})
        with pytest.raises(InvalidInput, match=says):
            index.upsert([point(1), bad, point(3)])
        assert index.count() == 0

    @pytest.mark.parametrize(
        "payload",
        [
            {"colour": 1},
            {"colour": ["red", True]},
            {"price_minor": "12"},
            {"price_minor": True},
            {"price_minor": 1.5},
            {"price_minor": 2**60},
            {"anything": float("nan")},
        ],
    )
    def test_payload_that_filters_would_misread_is_refused(
        self, index: VectorIndex, payload: Mapping[str, PayloadValue]
    ):
        with pytest.raises(InvalidInput, match=next(iter(payload))):
            index.upsert([point(1), point(2, **payload)])
        assert index.count() == 0

    def test_at_least_the_keys_asked_for_are_brought(self, index: VectorIndex):
        index.upsert([point(1, words="red dress", colour=["red"], brand="norvik")])
        whole = index.search(VectorQuery(vector=EAST))[0].payload
        assert {"colour", "brand"} <= set(whole)
        some = index.search(VectorQuery(vector=EAST, keys=("colour", "absent")))
        assert [list(each.payload["colour"]) for each in some] == [["red"]]
        assert "absent" not in some[0].payload
        worded = index.search_words("dress", keys=("brand",))
        assert [each.payload.get("brand") for each in worded] == ["norvik"]

    def test_a_payload_that_was_replaced_is_seen_by_the_next_search(self, index: VectorIndex):
        index.upsert([point(1, words="red dress", colour=["red"]), point(2, words="red hat")])
        assert list(index.search(VectorQuery(vector=EAST))[0].payload["colour"]) == ["red"]
        index.upsert([point(1, words="blue dress", colour=["blue"])])
        for found in (index.search(VectorQuery(vector=EAST)), index.search_words("dress")):
            assert list(found[0].payload["colour"]) == ["blue"]
        index.delete([pid(1)])
        assert [each.point_id for each in index.search(VectorQuery(vector=EAST))] == [pid(2)]
        index.upsert([point(1, words="dress")])
        assert "colour" not in index.search_words("dress")[0].payload

    def test_ids_are_canonical_uuids(self, index: VectorIndex):
        for bad in ("sku-1", "", pid(10).upper(), pid(10).replace("-", "")):
            wrong = IndexPoint(point_id=PointId(bad), vectors={}, words="", payload={})
            with pytest.raises(InvalidInput, match="UUID"):
                index.upsert([wrong])

    def test_nearly_unit_vectors_are_stored_at_unit_length(self, index: VectorIndex):
        index.upsert([point(1, EAST * np.float32(1.0009))])
        (hit,) = index.search(VectorQuery(vector=EAST, with_vectors=True))
        assert hit.score == pytest.approx(1, abs=1e-6)
        np.testing.assert_allclose(hit.vectors[VectorName.PICTURE], EAST, atol=1e-6)

    @pytest.mark.parametrize("text", ["a\0b", "\ud800 lone", "👗 é", "x" * 70_000])
    def test_odd_text_is_stored_and_found(self, index: VectorIndex, text: str):
        index.upsert([point(1, words=f"{text} shirt", brand="b", note=text)])
        (held,) = index.retrieve([pid(1)])
        assert held.payload["note"] == text.replace("\ud800", "\ufffd")
        assert numbers(index.search_words("shirt")) == [1]
        index.search_words(text)

    def test_payload_comes_back_as_written(self, index: VectorIndex):
        payload: dict[str, PayloadValue] = {
            "colour": ["red", "blue"],
            "brand": "acme",
            "price_minor": 1999,
            "rating": 4.5,
            "worn": True,
            "sizes": [38, 40],
            "material": [],
        }
        index.upsert([point(1, **payload)])
        (held,) = index.retrieve([pid(1)])
        assert dict(held.payload) == payload
        assert held.payload["worn"] is True

    def test_delete_ignores_unknown_ids(self, filled: VectorIndex):
        filled.delete([pid(1), pid(99), PointId("not an id"), pid(1)])
        assert filled.count() == 4
        assert filled.retrieve([pid(1)]) == []
        assert 1 not in numbers(filled.search(VectorQuery(vector=EAST)))
        filled.delete([])
        assert filled.count() == 4

    # --- search ---

    def test_scores_are_cosines_best_first(self, filled: VectorIndex):
        hits = filled.search(VectorQuery(vector=EAST))
        assert numbers(hits) == [1, 2, 3, 5]
        assert [hit.score for hit in hits] == pytest.approx([1, 0.6, 0, -1], abs=1e-4)

    def test_points_without_the_named_vector_take_no_part(self, filled: VectorIndex):
        hits = filled.search(VectorQuery(vector=EAST, using=VectorName.TITLE))
        assert numbers(hits) == [3, 4]

    def test_exact_gives_the_same_here(self, filled: VectorIndex):
        hits = filled.search(VectorQuery(vector=EAST, exact=True))
        assert numbers(hits) == [1, 2, 3, 5]

    def test_equal_scores_come_by_point_id(self, index: VectorIndex):
        index.upsert([point(number, UP) for number in (40, 7, 300, 9, 8, 31)])
        index.upsert([point(1, EAST)])
        index.upsert([point(number, UP) for number in range(1000, 1040)])
        for limit in (1, 3, 6, 20):
            expected = [7, 8, 9, 31, 40, 300, *range(1000, 1040)][:limit]
            assert numbers(index.search(VectorQuery(vector=UP, limit=limit))) == expected

    def test_limit_is_the_most_returned(self, filled: VectorIndex):
        assert numbers(filled.search(VectorQuery(vector=EAST, limit=2))) == [1, 2]
        for limit in (0, -1):
            with pytest.raises(InvalidInput, match="limit"):
                filled.search(VectorQuery(vector=EAST, limit=limit))

    def test_vectors_come_only_when_asked(self, filled: VectorIndex):
        query = VectorQuery(vector=EAST, using=VectorName.TITLE, limit=1)
        assert filled.search(query)[0].vectors == {}
        (hit,) = filled.search(
            VectorQuery(vector=EAST, using=VectorName.TITLE, limit=1, with_vectors=True)
        )
        assert set(hit.vectors) == {VectorName.PICTURE, VectorName.TITLE}
        np.testing.assert_allclose(hit.vectors[VectorName.PICTURE], NORTH, atol=1e-6)
        assert hit.vectors[VectorName.TITLE].dtype == np.float32

    @pytest.mark.parametrize(
        "vector",
        [EAST[:3], np.array([np.nan, 0, 0, 0]), np.array([np.inf, 0, 0, 0]), np.zeros(DIMS)],
    )
    def test_bad_query_vectors_are_refused(self, filled: VectorIndex, vector: NDArray[np.float32]):
        with pytest.raises(InvalidInput, match="query vector"):
            filled.search(VectorQuery(vector=vector.astype(np.float32)))

    @pytest.mark.parametrize("condition", FILTERS, ids=str)
    def test_filters_mean_what_matches_says(self, filled: VectorIndex, condition: Filter | None):
        passing = {each.point_id for each in CATALOGUE if matches(condition, each.payload)}
        assert filled.count(condition) == len(passing)
        hits = filled.search(VectorQuery(vector=EAST, condition=condition))
        having = {each.point_id for each in CATALOGUE if VectorName.PICTURE in each.vectors}
        assert {hit.point_id for hit in hits} == passing & having
        found = filled.search_words("shirt", condition=condition)
        assert {hit.point_id for hit in found} == passing & {pid(1), pid(2), pid(3)}
        colours = filled.facet(Facet.COLOUR, condition=condition)
        held = [each.payload.get("colour", ()) for each in CATALOGUE if each.point_id in passing]
        assert sum(count.count for count in colours) == sum(
            1 if isinstance(value, str) else len(list(value)) for value in held
        )

    def test_unknown_keys_are_refused_instead_of_matching_nothing(self, filled: VectorIndex):
        condition = Not(Or((Eq("color", "red"), Eq("colour", "red"))))
        for call in (
            lambda: filled.count(condition),
            lambda: filled.search(VectorQuery(vector=EAST, condition=condition)),
            lambda: filled.search_words("shirt", condition=condition),
            lambda: filled.facet(Facet.COLOUR, condition=condition),
        ):
            with pytest.raises(InvalidInput, match=r"'color'.*Keys are type, colour"):
                call()

    def test_nesting_has_an_end(self, filled: VectorIndex):
        condition: Filter = Eq("colour", "red")
        for _ in range(60):
            condition = Not(condition)
        assert filled.count(condition) == 2
        for _ in range(5000):
            condition = Not(condition)
        with pytest.raises(InvalidInput, match="nested"):
            filled.count(condition)

    # --- words ---

    def test_words_score_bm25(self, filled: VectorIndex):
        (first, *_) = hits = filled.search_words("dress shirt")
        assert numbers(hits) == [3, 1, 2] or numbers(hits) == [3, 2, 1]
        idf_dress = inverse_document_frequency(documents=3, holding=1)
        idf_shirt = inverse_document_frequency(documents=3, holding=3)
        terms = document_terms("dress dress shirt")
        shirt = document_terms("shirt").indices[0]
        expected = sum(
            weight * (idf_shirt if term == shirt else idf_dress)
            for term, weight in zip(terms.indices, terms.weights, strict=True)
        )
        assert first.score == pytest.approx(expected, abs=2e-4)

    def test_words_forget_what_was_deleted_or_replaced(self, filled: VectorIndex):
        filled.delete([pid(2)])
        filled.upsert([point(1, words="red cotton trousers")])
        (hit,) = filled.search_words("shirt")
        terms = document_terms("dress dress shirt")
        weight = terms.weights[terms.indices.index(document_terms("shirt").indices[0])]
        idf = inverse_document_frequency(documents=2, holding=1)
        assert hit.score == pytest.approx(idf * weight, abs=2e-4)

    def test_words_find_only_points_that_share_one(self, filled: VectorIndex):
        assert numbers(filled.search_words("cotton unheard")) == [1]
        assert filled.search_words("unheard") == []
        assert filled.search_words("the of") == []
        assert filled.search_words("") == []
        assert len(filled.search_words("shirt", limit=1)) == 1
        with pytest.raises(InvalidInput, match="limit"):
            filled.search_words("shirt", limit=0)

    def test_equal_word_scores_come_by_point_id(self, index: VectorIndex):
        index.upsert([point(number, words="red hat") for number in (30, 2, 200, 11)])
        index.upsert([point(number, words="hat red") for number in range(40, 60)])
        assert numbers(index.search_words("red hat", limit=5)) == [2, 11, 30, 40, 41]

    # --- the rest ---

    def test_retrieve_keeps_the_order_asked(self, filled: VectorIndex):
        found = filled.retrieve([pid(3), pid(99), PointId("no id"), pid(1)], with_vectors=True)
        assert numbers(found) == [3, 1]
        assert [each.score for each in found] == [0, 0]
        np.testing.assert_allclose(found[0].vectors[VectorName.TITLE], EAST, atol=1e-6)
        assert filled.retrieve([pid(4)])[0].vectors == {}
        assert filled.retrieve([]) == []

    def test_facets_count_points_most_frequent_first_then_by_value(self, index: VectorIndex):
        index.upsert(
            [
                point(1, colour="red"),
                point(2, colour=["red", "blue"]),
                point(3, colour=["green", "green"], type="dress"),
                point(4, colour=["amber"], type="dress"),
                point(5),
            ]
        )
        counts = [("red", 2), ("amber", 1), ("blue", 1), ("green", 1)]
        expected = [FacetCount(value=value, count=count) for value, count in counts]
        assert index.facet(Facet.COLOUR) == expected
        assert index.facet(Facet.COLOUR, limit=2) == expected[:2]
        dresses = index.facet(Facet.COLOUR, condition=Eq("type", "dress"))
        assert [(each.value, each.count) for each in dresses] == [("amber", 1), ("green", 1)]
        assert index.facet(Facet.BRAND) == []

    def test_facets_are_exact_with_many_values(self, index: VectorIndex):
        index.upsert([point(number, brand=f"brand {number % 150:03}") for number in range(400)])
        found = index.facet(Facet.BRAND, limit=120)
        expected = [(f"brand {n:03}", 3) for n in range(100)]
        expected += [(f"brand {n:03}", 2) for n in range(100, 120)]
        assert [(each.value, each.count) for each in found] == expected

    def test_point_ids_lists_all_with_their_versions(self, filled: VectorIndex):
        expected = {pid(1): "a", pid(2): "", pid(3): "", pid(4): "", pid(5): "b"}
        assert dict(filled.point_ids()) == expected
        filled.upsert([point(number, version="x") for number in range(100, 2300)])
        assert sum(1 for _ in filled.point_ids()) == 2205

    def test_optimise_changes_no_answer(self, filled: VectorIndex):
        before = filled.search(VectorQuery(vector=EAST))
        words = filled.search_words("dress shirt")
        filled.optimise()
        after = filled.search(VectorQuery(vector=EAST))
        assert [(hit.point_id, hit.score) for hit in after] == [
            (hit.point_id, hit.score) for hit in before
        ]
        assert numbers(filled.search_words("dress shirt")) == numbers(words)
        filled.upsert([point(6, EAST)])
        assert numbers(filled.search(VectorQuery(vector=EAST, limit=2))) == [1, 6]

    def test_closing_twice_is_fine(self, filled: VectorIndex):
        filled.flush()
        filled.close()
        filled.close()
