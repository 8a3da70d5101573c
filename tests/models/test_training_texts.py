"""Subwords, phrases and text augmentation."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra [models]")

from models.training.pairs import ATTRIBUTES, encode_labels, normalise_title
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
