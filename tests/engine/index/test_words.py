from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.index.text import clean_text
from engine.index.words import (
    AVERAGE_WORDS,
    document_terms,
    inverse_document_frequency,
    query_terms,
)


def test_weights_are_bm25():
    terms = document_terms("shirt shirt dress")
    length_part = 1.2 * (1 - 0.75 + 0.75 * 3 / AVERAGE_WORDS)
    expected = {frequency * 2.2 / (frequency + length_part) for frequency in (1, 2)}
    assert sorted(terms.weights) == pytest.approx(sorted(expected), rel=1e-6)


def test_forms_of_a_word_are_one_term():
    assert document_terms("Shirts").indices == query_terms("shirt").indices
    assert query_terms("red RED red").weights == (1.0,)


def test_stop_words_and_no_words_are_empty():
    assert not query_terms("the of and")
    assert not document_terms("")
    assert query_terms("été")


def test_rare_words_count_more():
    assert inverse_document_frequency(documents=3, holding=3) == pytest.approx(math.log(8 / 7))
    weights = [inverse_document_frequency(documents=100, holding=n) for n in (1, 10, 50, 100)]
    assert weights == sorted(weights, reverse=True)
    assert min(weights) > 0


@given(st.text(st.characters()))
def test_any_text_can_be_indexed_and_asked(text: str):
    assert set(query_terms(text).indices) == set(document_terms(text).indices)
    assert all(weight > 0 for weight in document_terms(text).weights)
    assert clean_text(clean_text(text)) == clean_text(text)
    clean_text(text).encode()
