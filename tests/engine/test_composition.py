"""From a parse and a reference to a target."""

import numpy as np
import pytest

from engine.change import combine
from engine.composition import Reference, Target, compose
from engine.filters import And, Eq, Not, Range, matches
from engine.query.lexicon import default_lexicon
from engine.query.parse import parse_modification, parse_query
from engine.types import Facet, Weights

LEXICON = default_lexicon()
BLUE_TSHIRT = Reference(
    picture=np.eye(4, dtype=np.float32)[0],
    beliefs={
        Facet.TYPE: {"t-shirt": 1.0},
        Facet.COLOUR: {"blue": 1.0},
        Facet.GENDER: {"men": 1.0},
    },
    price_minor=2999,
    currency="EUR",
)


def target(words: str, reference: Reference | None = BLUE_TSHIRT) -> Target:
    parse = parse_modification if reference else parse_query
    return compose(
        parse(words, lexicon=LEXICON), reference=reference, lexicon=LEXICON, weights=Weights()
    )


def wishes(made: Target) -> dict[str, dict[str, float]]:
    return {wish.facet.value: dict(wish.credits) for wish in made.wishes}


def test_but_red_replaces_the_colour_and_keeps_type_and_gender():
    made = target("like this but red")
    assert made.description == "men red t-shirt"
    assert made.source == "men blue t-shirt"
    assert wishes(made)["colour"]["red"] == 1.0
    assert "blue" not in wishes(made)["colour"]
    assert wishes(made)["type"] == {"t-shirt": 1.0}
    assert wishes(made)["gender"] == {"men": 1.0, "unisex": 0.7}
    assert made.hard is None


def test_a_family_covers_its_shades_for_less():
    credits = wishes(target("but blue"))["colour"]
    assert credits["blue"] == 1.0
    assert 0 < credits["navy blue"] < 1.0


def test_alternatives_are_one_wish():
    made = target("in red or green")
    assert {"red", "green"} <= set(wishes(made)["colour"])
    assert [wish.facet for wish in made.wishes if wish.edit] == [Facet.COLOUR]


def test_only_makes_it_hard():
    made = target("but only in red")
    assert matches(made.hard, {"colour": ["red"]})
    assert not matches(made.hard, {"colour": ["blue"]})


def test_price_is_hard_and_in_its_currency():
    made = target("but under 40 euros")
    assert made.hard == And((Range("price_minor", at_most=4000.0), Eq("currency", "EUR")))


def test_negation_is_hard_and_keeps_products_that_do_not_say():
    made = target("but not black")
    assert isinstance(made.hard, Not)
    assert not matches(made.hard, {"colour": ["black"]})
    assert matches(made.hard, {})
    assert "black" in made.avoid
    assert "black" not in made.description


def test_cheaper_is_relative_to_the_reference():
    made = target("cheaper")
    assert matches(made.hard, {"price_minor": 2998, "currency": "EUR"})
    assert not matches(made.hard, {"price_minor": 2999, "currency": "EUR"})


def test_cheaper_than_nothing_is_left_out_and_said():
    upload = Reference(picture=BLUE_TSHIRT.picture, beliefs=BLUE_TSHIRT.beliefs)
    made = target("cheaper", upload)
    assert made.hard is None
    assert "no price" in made.degraded[0].message


def test_darker_is_relative_to_the_reference():
    credits = wishes(target("darker"))["colour"]
    assert "navy blue" in credits
    assert "white" not in credits
    assert credits["navy blue"] > credits["black"]


def test_a_new_type_replaces_the_old_one():
    made = target("but as a dress")
    assert "t-shirt" not in wishes(made)["type"]
    assert "dress" in made.description
    assert "t-shirt" in made.source


def test_words_without_a_reference_become_wishes_too():
    made = target("red dresses for women", None)
    assert set(wishes(made)) == {"colour", "type", "gender"}
    assert made.source == ""
    assert "red" in made.description


def test_likely_keeps_what_may_fulfil_every_wish():
    (likely,) = target("but red").likely
    assert matches(
        likely,
        {"type_maybe": ["t-shirt"], "colour_maybe": ["pink", "red"], "gender_maybe": ["men"]},
    )
    assert not matches(
        likely, {"type_maybe": ["t-shirt"], "colour_maybe": ["blue"], "gender_maybe": ["men"]}
    )
    assert target("", None).likely == ()


def test_likely_first_asks_for_what_else_was_wished_for():
    every, main = target("but red, with long sleeves").likely
    t_shirt = {"type_maybe": ["t-shirt"], "colour_maybe": ["red"], "gender_maybe": ["men"]}
    assert matches(every, {**t_shirt, "sleeve": ["long sleeves"]})
    assert not matches(every, t_shirt)
    assert matches(main, t_shirt)


def test_a_doubtful_prediction_is_not_kept():
    doubtful = Reference(
        picture=BLUE_TSHIRT.picture, beliefs={Facet.TYPE: {"t-shirt": 0.25, "top": 0.2}}
    )
    assert wishes(target("but red", doubtful)).keys() == {"colour"}


def test_dropped_weight_of_words_leaves_the_picture():
    picture, words, source = np.eye(4, dtype=np.float32)[:3]
    np.testing.assert_allclose(
        combine(picture, words, source, Weights(words=0.0)), picture, atol=1e-6
    )
    moved = combine(picture, words, source, Weights())
    assert np.linalg.norm(moved) == pytest.approx(1.0, abs=1e-6)
    assert moved @ words > 0 > moved @ source


def test_another_type_keeps_the_colour_unless_it_is_edited_or_refused():
    made = target("but as a dress")
    assert wishes(made)["colour"] == {"blue": 1.0}
    assert "blue" in made.description
    assert made.source == "men blue t-shirt"
    assert wishes(target("but for women"))["colour"] == {"blue": 1.0}
    assert "blue" not in wishes(target("but as a dress in red"))["colour"]
    assert "colour" not in wishes(target("but as a dress, not blue"))
    assert "colour" not in wishes(target("but striped"))
