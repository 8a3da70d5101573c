from __future__ import annotations

import string

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.query.lexicon import default_lexicon
from engine.query.parse import LONGEST_TEXT, parse_modification, parse_query, without
from engine.types import Facet, Parse

LEXICON = default_lexicon()
BRANDS = frozenset({"Nike", "H&M", "Only"})

_WORDS = [
    *list(LEXICON.spoken.meanings)[::7],
    *LEXICON.qualities.comparatives.meanings,
    *LEXICON.language.cues.meanings,
    *["nike", "under 40", "€", "20-50 €", "around 50", "qwertzui", "sleeves", "1.299,00", "zip"],
]
# Sentences in the shopper's language, which reach far more of the parser than random characters.
sentences = st.lists(
    st.tuples(st.sampled_from(_WORDS), st.sampled_from([" ", " ", " ", ", ", ". ", "-", "\n"])),
    max_size=25,
).map(lambda pairs: "".join(word + gap for word, gap in pairs)[:LONGEST_TEXT])
texts = st.one_of(sentences, st.text(max_size=200))
parsers = st.sampled_from([parse_modification, parse_query])


def check_spans(parse: Parse) -> None:
    end = 0
    for edit in parse.edits:
        assert end <= edit.start < edit.end <= len(parse.text)
        assert parse.text[edit.start : edit.end] == edit.text
        end = edit.end


@settings(max_examples=150, deadline=None)
@given(texts, parsers)
def test_spans_lie_in_the_text_and_apart(text, parser):
    parse = parser(text, brands=BRANDS)
    assert parse.text == text
    check_spans(parse)


@settings(max_examples=100, deadline=None)
@given(texts, parsers)
def test_ids_are_unique_and_dropping_all_leaves_none(text, parser):
    parse = parser(text, brands=BRANDS)
    ids = [edit.edit_id for edit in parse.edits]
    assert len(set(ids)) == len(ids)
    bare = without(parse, ids)
    assert bare.edits == ()
    assert set(bare.dropped) == set(ids)


@settings(max_examples=100, deadline=None)
@given(st.one_of(sentences, st.text(string.printable, max_size=80)), parsers)
def test_case_does_not_matter(text, parser):
    if not text.isascii():  # upper-casing other scripts changes lengths
        text = text.encode("ascii", "ignore").decode()

    def facts(parse: Parse) -> list[tuple[object, ...]]:
        return [(each.edit_id, each.hard, each.start, each.end) for each in parse.edits]

    assert facts(parser(text.upper(), brands=BRANDS)) == facts(parser(text.lower(), brands=BRANDS))


@settings(max_examples=15, deadline=None)
@given(st.text(min_size=1500, max_size=LONGEST_TEXT), parsers)
def test_long_texts_are_read(text, parser):
    check_spans(parser(text))


@settings(max_examples=100, deadline=None)
@given(texts, parsers)
def test_free_text_holds_words_of_the_text_in_order(text, parser):
    position = 0
    for word in parser(text, brands=BRANDS).free_text.split():
        position = text.index(word, position) + len(word)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(Facet)), st.one_of(st.sampled_from(_WORDS), st.text(max_size=40)))
def test_canonical_is_idempotent(facet, raw):
    once = LEXICON.canonical(facet, raw)
    assert LEXICON.canonical(facet, once) == once
    assert LEXICON.canonical(facet, f"  {raw}\t") == once


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(list(Facet)), st.one_of(sentences, st.text(max_size=40)))
def test_canonical_all_gives_each_value_once(facet, raw):
    values = LEXICON.canonical_all(facet, raw)
    assert len(set(values)) == len(values)
    assert all(LEXICON.canonical(facet, value) == value for value in values)


@settings(max_examples=100, deadline=None)
@given(texts, st.booleans())
def test_mentions_lie_in_the_text_and_apart(text, correct):
    end = 0
    for mention in LEXICON.mentions(text, correct=correct):
        assert end <= mention.start < mention.end <= len(text)
        assert text[mention.start : mention.end] == mention.text
        assert mention.value in LEXICON.values(mention.facet)
        end = mention.end
