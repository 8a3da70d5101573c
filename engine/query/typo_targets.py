"""Which words a typing error may stand for, and which are never taken for one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from engine.query.inflect import derived
from engine.query.language import Cue, Language
from engine.query.phrases import PhraseTable
from engine.query.qualities import Qualities
from engine.query.typos import SHORTEST
from engine.query.vocabulary_files import Entry
from engine.types import Facet

# Every word of whose phrases may be mistyped: "sleevs", "nekline".
_SHAPES = frozenset({Facet.SLEEVE, Facet.NECK})
_MISTYPED_CUES = frozenset(
    {Cue.NEGATION, Cue.HARD, Cue.SOFT, Cue.MORE, Cue.LESS, Cue.HARD_AFTER, Cue.SOFT_AFTER}
)


def correction_targets(
    entries: Mapping[Facet, Sequence[Entry]], qualities: Qualities, language: Language
) -> dict[str, object]:
    """Words that a mistyped word may become, with what tells them apart.

    Only words that carry sense on their own, and those of sleeves and necks ("sleeve"): the more
    targets, the more ordinary words look like errors.
    """
    targets: dict[str, object] = {}
    for word, sense in (*_of_values(entries), *_of_language(qualities, language)):
        if len(word) >= SHORTEST and word.isascii() and word.isalpha():
            targets.setdefault(word, sense)
    return targets


def words_of(
    spoken: PhraseTable[tuple[Facet, str]], qualities: Qualities, language: Language
) -> set[str]:
    """All words of all phrases that are understood."""
    tables = (
        spoken.meanings,
        qualities.comparatives.meanings,
        qualities.adjectives.meanings,
        qualities.alone.meanings,
        language.cues.meanings,
    )
    return {word for phrases in tables for phrase in phrases for word in phrase.split(" ")}


def _of_values(entries: Mapping[Facet, Sequence[Entry]]) -> Iterator[tuple[str, object]]:
    for facet, of_facet in entries.items():
        for entry in of_facet:
            for phrase in (entry.key, *entry.words, *entry.nouns):
                if " " not in phrase:
                    yield phrase, (facet, entry.value)
                elif facet in _SHAPES:
                    for word in phrase.split(" "):
                        yield word, word.removesuffix("s")
            if facet is Facet.TYPE:
                for form in derived(entry.key, plurals=True):
                    yield form, (facet, entry.value)


def _of_language(qualities: Qualities, language: Language) -> Iterator[tuple[str, object]]:
    for table in (qualities.comparatives, qualities.adjectives, qualities.alone):
        yield from table.meanings.items()
    for phrase, cues in language.cues.meanings.items():
        if cues & _MISTYPED_CUES:
            yield phrase, phrase
