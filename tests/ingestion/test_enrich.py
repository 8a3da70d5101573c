from __future__ import annotations

import numpy as np
import pytest

from engine.composition import Wish
from engine.payload import MAYBE_FLOOR, PREDICTED, build_point, maybe, ranking_keys
from engine.query.lexicon import default_lexicon
from engine.ranking.agreement import GUESSED, chance
from engine.types import Attribute, Facet, Product, Provenance
from ingestion.enrich import TITLE_CONFIDENCE, enrich, predictions_of

LEXICON = default_lexicon()
LABELS = {Facet.COLOUR: ("red", "navy blue", "green"), Facet.TYPE: ("dress", "skirt")}


def predict(colour: tuple[float, ...], kind: tuple[float, ...]):
    rows = {
        Facet.COLOUR: np.array([colour], np.float32),
        Facet.TYPE: np.array([kind], np.float32),
    }
    return predictions_of(rows, LABELS)[0]


def by_facet(attributes: tuple[Attribute, ...]) -> dict[str, list[tuple[str, Provenance]]]:
    held: dict[str, list[tuple[str, Provenance]]] = {}
    for each in attributes:
        held.setdefault(each.name, []).append((each.value, each.provenance))
    return held


def test_the_feed_beats_the_title_and_the_title_the_picture():
    found = by_facet(
        enrich(
            [Attribute(name=Facet.COLOUR, value="green")],
            title="Red Skirt",
            lexicon=LEXICON,
            prediction=predict((0.9, 0.1, 0.0), (0.9, 0.1)),
        )
    )
    assert found["colour"] == [("green", Provenance.FEED)]
    assert found["type"] == [("skirt", Provenance.TITLE)]
    assert found["colour_family"] == [("green", Provenance.FEED)]


def test_a_prediction_keeps_every_possible_value_the_likeliest_first():
    attributes = enrich(
        (), title="Xyz", lexicon=LEXICON, prediction=predict((0.2, 0.75, 0.05), (0.95, 0.05))
    )
    found = by_facet(attributes)
    assert found["colour"] == [("navy blue", Provenance.MODEL), ("red", Provenance.MODEL)]
    assert found["type"] == [("dress", Provenance.MODEL)]
    assert found["colour_family"] == [("blue", Provenance.MODEL)]
    confidences = [each.confidence for each in attributes if each.name is Facet.COLOUR]
    assert confidences == pytest.approx([0.75, 0.2], abs=1e-4)
    assert min(confidences) >= MAYBE_FLOOR

    product = Product(product_id="1", title="Xyz", attributes=attributes)  # type: ignore[arg-type]
    payload = build_point(product, {}, version="v").payload
    assert payload["colour"] == ["navy blue"]
    assert payload[maybe(Facet.COLOUR)] == ["navy blue", "red"]


def test_a_flat_prediction_still_has_a_likeliest_value():
    labels = {Facet.COLOUR: tuple("abcdefghijklmnopqrst")}
    rows = {Facet.COLOUR: np.full((1, 20), 0.05, np.float32)}
    (prediction,) = predictions_of(rows, labels)
    assert [each.value for each in prediction[Facet.COLOUR]] == ["a"]


def test_a_row_of_zeros_says_nothing_and_a_sleeve_is_guessed_only():
    labels = {Facet.SLEEVE: ("sleeveless", "long sleeves")}
    rows = {Facet.SLEEVE: np.array([[0, 0], [0.15, 0.8]], np.float32)}
    silent, sure = predictions_of(rows, labels)
    assert silent == {}
    attributes = enrich((), title="Xyz", lexicon=LEXICON, prediction=sure)
    held = [(each.value, each.provenance, each.confidence) for each in attributes]
    assert held == [
        ("long sleeves", Provenance.MODEL, pytest.approx(0.8)),
        ("sleeveless", Provenance.MODEL, pytest.approx(0.15)),
    ]
    product = Product(product_id="1", title="Xyz", attributes=attributes)  # type: ignore[arg-type]
    payload = build_point(product, {}, version="v").payload
    assert payload["sleeve"] == ["long sleeves"]
    assert payload[PREDICTED] == ["sleeve"]
    wish = Wish(facet=Facet.SLEEVE, credits={"long sleeves": 1.0}, weight=1.0)
    assert chance(payload, wish) == pytest.approx(GUESSED * 0.8)
    assert set(ranking_keys([Facet.SLEEVE])) >= {"sleeve", maybe(Facet.SLEEVE)}


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Shirt Dress", "dress"),
        ("Red Dress with Jacket", "dress"),
        ("Handbag for dress, black", "handbag"),
        ("Women Blue Casual Shoes", "casual shoes"),
        ("Jacket & Trousers", "jacket"),
    ],
)
def test_the_type_is_what_the_title_is_about(title: str, kind: str):
    assert by_facet(enrich((), title=title, lexicon=LEXICON))["type"] == [(kind, Provenance.TITLE)]


def test_titles_are_trusted_a_little_less_than_the_feed():
    attributes = enrich((), title="Red Dress", lexicon=LEXICON)
    assert {each.confidence for each in attributes} == {TITLE_CONFIDENCE}


def test_nothing_known_gives_nothing():
    assert enrich((), title="Xyz", lexicon=LEXICON) == ()
    assert predictions_of({}, {}) == []
