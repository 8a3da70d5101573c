"""Subwords, phrases and text augmentation."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra [models]")

from models.training.pairs import ATTRIBUTES, encode_labels, normalise_title
from models.training.slips import disturb, invent_brand, mistype, say_otherwise
from models.training.synonyms import COLOUR_WORDS, SYNONYMS
from models.training.texts import drop_words, encode_batch, learn_tokenizer, phrase

pytestmark = pytest.mark.models

TITLES = ["puma men red t-shirt", "biba women blue kurta", "nike men black sports shoes"] * 4


def test_tokenizer_pads_cuts_and_reads_any_text() -> None:
    tokenizer = learn_tokenizer(TITLES, size=200, tokens=8)
    ids = encode_batch(tokenizer, ["", "puma men red t-shirt " * 9, "日本"])
    assert ids.shape == (3, 8)
    assert (ids[0] != 0).sum() == 1  # the start alone
    assert (ids[1] != 0).all()
    assert (encode_batch(tokenizer, ["PUMA Mén"]) == encode_batch(tokenizer, ["puma men"])).all()


def test_phrases_name_only_what_is_known_and_never_nothing() -> None:
    labels = ("Tshirts", "Red", "", "", "Summer", "", "")
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(200):
        text, named = phrase(labels, rng)
        assert text
        assert named.any()
        assert all(labels[place] for place in np.flatnonzero(named))
        if named.tolist() == [True, True, False, False, False, False, False]:
            seen.add(text)
    words = {"red", *SYNONYMS["colour"]["Red"]}
    kinds = {"tshirts", *SYNONYMS["type"]["Tshirts"]}
    assert seen <= {f"{a} {b}" for a in words for b in kinds} | {
        f"{b} {a}" for a in words for b in kinds
    }
    assert len(seen) > 10


def test_dropping_words_keeps_order_and_at_least_one() -> None:
    title = "united colors of benetton men navy blue shirt"
    rng = np.random.default_rng(1)
    for _ in range(100):
        kept = drop_words(title, rng, rate=0.4, colour_rate=0.5).split()
        assert kept
        places = [title.split().index(word) for word in kept]
        assert places == sorted(places)
    assert drop_words(title, rng, rate=0, colour_rate=0) == title
    assert not COLOUR_WORDS & set(drop_words(title, rng, rate=0, colour_rate=1).split())


def test_labels_become_codes_and_unknown_minus_one() -> None:
    names = dict.fromkeys(ATTRIBUTES, ("a", "b"))
    codes = encode_labels([("b", "", "z", "a", "a", "a", "a")], names)
    assert codes.tolist() == [[1, -1, -1, 0, 0, 0, 0]]


def test_titles_that_differ_in_case_or_spaces_are_one() -> None:
    assert normalise_title("  Puma  MEN\tTee ") == "puma men tee"


def test_a_slip_changes_one_word_by_one_letter() -> None:
    from rapidfuzz.distance import OSA

    title = "puma men red t-shirt with stripes"
    rng = np.random.default_rng(3)
    found = {mistype(title, rng) for _ in range(300)}
    assert len(found) > 40
    for each in found - {title}:  # equal letters in the wrong order change nothing
        assert OSA.distance(title, each) == 1
        ours, theirs = title.split(), each.split()
        changed = [word for word, other in zip(ours, theirs, strict=True) if word != other]
        assert len(changed) == 1
        assert len(changed[0]) >= 4
        assert changed != ["t-shirt"] or each.startswith("puma men red t-")
    assert mistype("a of 12", rng) == "a of 12"


def test_other_words_keep_the_type_and_whole_words() -> None:
    rng = np.random.default_rng(4)
    said = {say_otherwise("puma men red t-shirt", "Tshirts", rng) for _ in range(200)}
    tails = {each.removeprefix("puma men red ") for each in said}
    assert tails == {"tshirts", *SYNONYMS["type"]["Tshirts"]} - {"t-shirt"}
    assert say_otherwise("puma teeshirts for men", "Tshirts", rng) == "puma teeshirts for men"
    assert say_otherwise("puma red tee", "", rng) == "puma red tee"
    assert say_otherwise("puma red tee", "Astrolabes", rng) == "puma red tee"


def test_brands_are_invented_in_front() -> None:
    rng = np.random.default_rng(5)
    brands = {invent_brand(rng) for _ in range(200)}
    assert len(brands) > 150
    assert all(word.isascii() and word.isalpha() for each in brands for word in each.split())
    assert disturb("red tee", "Tshirts", rng, rate=0.0) == "red tee"
    disturbed = [disturb("blue kurta", "Kurtas", rng, rate=1.0) for _ in range(50)]
    assert all(len(each.split()) >= 3 for each in disturbed)
    assert not any(each.startswith("blue ") or each.endswith("blue kurta") for each in disturbed)
