"""What a change in words makes of a garment's attributes."""

from __future__ import annotations

import pytest

from engine.composition import Beliefs
from engine.query.lexicon import default_lexicon
from engine.query.parse import parse_modification
from engine.rendering import Change, change_of
from engine.types import Facet

BLUE_STRIPED_TOP: Beliefs = {
    Facet.TYPE: {"t-shirt": 1.0},
    Facet.COLOUR: {"blue": 0.8, "navy blue": 0.2},
    Facet.PATTERN: {"striped": 0.9},
    Facet.SLEEVE: {"long sleeves": 0.25},
    Facet.BRAND: {"acme": 1.0},
}


def change(words: str, beliefs: Beliefs = BLUE_STRIPED_TOP) -> Change:
    lexicon = default_lexicon()
    return change_of(parse_modification(words, lexicon=lexicon), beliefs, lexicon)


def test_what_is_asked_for_replaces_what_was_and_the_rest_stays():
    found = change("but red, no sleeves, under 40")
    assert found.after == {
        Facet.TYPE: "t-shirt",
        Facet.COLOUR: "red",
        Facet.PATTERN: "striped",
        Facet.SLEEVE: "sleeveless",
    }
    assert found.facets == {Facet.COLOUR, Facet.SLEEVE}
    assert [edit.attribute for edit in found.edits] == ["colour", "sleeve"]
    assert [each.message for each in found.unseen] == ["'under 40': a price cannot be seen."]


def test_what_is_hardly_believed_is_not_part_of_the_garment():
    assert Facet.SLEEVE not in change("red").before
    assert Facet.BRAND not in change("red").before


@pytest.mark.parametrize(
    ("words", "facet", "value"),
    [
        ("not striped", Facet.PATTERN, "plain"),
        ("in checked or plain", Facet.PATTERN, "checked"),
        ("not striped but with polka dots", Facet.PATTERN, "polka dot"),
        ("with polka dots, not striped", Facet.PATTERN, "polka dot"),
        ("not blue but red", Facet.COLOUR, "red"),
        ("darker, red", Facet.COLOUR, "red"),
        ("as a skirt", Facet.TYPE, "skirt"),
        ("with a v-neck", Facet.NECK, "v-neck"),
    ],
)
def test_one_facet_changes(words: str, facet: Facet, value: str):
    found = change(words)
    assert found.after[facet] == value
    assert found.facets == {facet}


def test_what_is_refused_needs_no_word_where_something_else_is_named():
    for words in ("not striped but with polka dots", "not blue but red"):
        found = change(words)
        assert [edit.operation.value for edit in found.edits] == ["not", "set"]
        assert not found.unseen


@pytest.mark.parametrize(
    ("words", "why"),
    [("red or green", "'green': red is drawn."), ("red, darker", "'darker': red is drawn.")],
)
def test_what_is_not_drawn_beside_another_is_said(words: str, why: str):
    found = change(words)
    assert [edit.edit_id for edit in found.edits] == ["colour:set:red"]
    assert [each.message for each in found.unseen] == [why]


def test_darker_is_a_shade_of_the_same_family():
    found = change("darker")
    assert found.facets == {Facet.COLOUR}
    lexicon = default_lexicon()
    assert lexicon.lab(found.after[Facet.COLOUR])[0] < lexicon.lab("blue")[0]


def test_a_refusal_of_what_it_is_not_changes_nothing():
    found = change("not floral")
    assert not found.facets
    assert not found.unseen


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("not blue", "'not blue': it says what not, and not what instead."),
        ("cheaper", "'cheaper': a price cannot be seen."),
        ("more formal", "'more formal': this cannot be drawn."),
        ("with zorblax", "'zorblax': nothing is known of it here."),
    ],
)
def test_what_cannot_be_drawn_is_said(words: str, why: str):
    found = change(words)
    assert not found.facets
    assert [each.message for each in found.unseen] == [why]


def test_the_colours_of_a_pattern_are_said_not_to_be_chosen():
    found = change("with red checks")
    assert found.after[Facet.PATTERN] == "checked"
    assert [each.message for each in found.unseen] == [
        "'red': the colours of a pattern cannot be chosen; each seed has another."
    ]


def test_what_a_kind_of_thing_does_not_have_is_said():
    found = change("as a backpack with long sleeves")
    assert found.facets == {Facet.TYPE}
    assert "nothing called backpack has a sleeve" in found.unseen[0].message
    bag = {Facet.TYPE: {"handbag": 0.6}}  # it may as well be a shirt
    assert change("with long sleeves", bag).facets == {Facet.SLEEVE}
    assert not change("with long sleeves", {Facet.TYPE: {"handbag": 1.0}}).facets
    dress = change("with long sleeves, as a dress")
    assert dress.after[Facet.SLEEVE] == "long sleeves"


def test_there_is_an_end_to_lighter():
    found = change("lighter", {Facet.COLOUR: {"white": 1.0}})
    assert "nothing further" in found.unseen[0].message
