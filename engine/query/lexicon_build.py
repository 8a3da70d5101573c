"""Turns the vocabulary's entries into the look-up tables of a `Lexicon`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from engine.errors import InvalidInput
from engine.query.inflect import derived
from engine.query.language import build_language
from engine.query.lexicon import Lexicon
from engine.query.phrases import PhraseTable
from engine.query.qualities import build_qualities
from engine.query.shade import Lab, lab_of_hex
from engine.query.typo_targets import correction_targets, words_of
from engine.query.typos import Corrector
from engine.query.vocabulary_files import (
    FILES,
    Entry,
    read_facet,
    read_language,
    read_qualities,
    read_words,
)
from engine.types import Facet

# Whose words have plurals in a sentence ("tops", "blacks").
_COUNTED = frozenset({Facet.TYPE, Facet.COLOUR, Facet.PATTERN})

Entries = Mapping[Facet, Sequence[Entry]]
Names = Mapping[Facet, Mapping[str, str]]


def build_lexicon(directory: Path) -> Lexicon:
    """Reads the files of a folder and builds the lexicon.

    Raises:
        InvalidInput: A file is missing or malformed, or two values claim the same word.
    """
    spellings, lists = read_language(directory / "language.yaml")
    language = build_language(spellings, lists, str(directory / "language.yaml"))
    entries = {
        facet: tuple(read_facet(directory / name, spellings)) for facet, name in FILES.items()
    }
    names = {facet: _names(facet, entries[facet]) for facet in FILES}
    spoken = PhraseTable(_spoken(entries, names))
    qualities = build_qualities(read_qualities(directory / "qualities.yaml", spellings))
    above = {facet: _above(facet, entries[facet]) for facet in FILES}
    ordinary = read_words(directory / "ordinary.yaml")
    return Lexicon(
        names=names,
        spoken=spoken,
        nouns=frozenset(noun for entry in entries[Facet.PATTERN] for noun in entry.nouns),
        lacks=PhraseTable(_lacks(entries)),
        below={facet: _below(above[facet]) for facet in FILES},
        above=above,
        families={each.value: each.family for each in entries[Facet.COLOUR]},
        labs={each.value: _lab(each) for each in entries[Facet.COLOUR]},
        categories={each.value: each.category for each in entries[Facet.TYPE]},
        qualities=qualities,
        language=language,
        corrector=Corrector(
            targets=correction_targets(entries, qualities, language),
            ordinary=ordinary | words_of(spoken, qualities, language),
        ),
    )


def _names(facet: Facet, entries: Sequence[Entry]) -> dict[str, str]:
    names: dict[str, str] = {}
    for entry in entries:
        for phrase in (entry.key, *entry.words, *entry.nouns, *entry.feed):
            holder = names.setdefault(phrase, entry.value)
            if holder != entry.value:
                raise InvalidInput(
                    f"{phrase!r} means both {holder!r} and {entry.value!r}",
                    where=FILES[facet],
                    hint="Keep it under one of them.",
                )
    for phrase, value in tuple(names.items()):
        for form in derived(phrase, plurals=facet in _COUNTED):
            names.setdefault(form, value)
    return names


def _spoken(entries: Entries, names: Names) -> dict[str, tuple[Facet, str]]:
    """What a word means in a sentence: what is listed beats what is derived, then facet order."""
    listed: dict[str, tuple[Facet, str]] = {}
    formed: dict[str, tuple[Facet, str]] = {}
    for facet, of_facet in entries.items():
        of_names = names[facet]
        for entry in of_facet:
            meaning = (facet, entry.value)
            own = () if entry.silent else (entry.key,)
            for phrase in (*own, *entry.words, *entry.nouns):
                listed.setdefault(phrase, meaning)
                for form in derived(phrase, plurals=facet in _COUNTED):
                    if of_names[form] == entry.value:
                        formed.setdefault(form, meaning)
    return formed | listed


def _lacks(entries: Entries) -> dict[str, tuple[Facet, str]]:
    return {
        part: (facet, entry.value)
        for facet, of_facet in entries.items()
        for entry in of_facet
        for part in entry.lacks
    }


def _above(facet: Facet, entries: Sequence[Entry]) -> dict[str, tuple[str, ...]]:
    """Value → all broader values, nearest first; a colour's is its family."""
    direct = {
        entry.value: entry.broader or ((entry.family,) if entry.family else ()) for entry in entries
    }
    above: dict[str, tuple[str, ...]] = {}
    for value in direct:
        found: dict[str, None] = {}
        waiting = [each for each in direct[value] if each != value]
        while waiting:
            each = waiting.pop(0)
            if each not in direct:
                raise InvalidInput(
                    f"the broader value {each!r} is not in the vocabulary",
                    where=f"{FILES[facet]}: {value}",
                )
            if each not in found and each != value:
                found[each] = None
                waiting += direct[each]
        above[value] = tuple(found)
    return above


def _below(above: Mapping[str, tuple[str, ...]]) -> dict[str, frozenset[str]]:
    below: dict[str, set[str]] = {value: {value} for value in above}
    for value, broader in above.items():
        for each in broader:
            below[each].add(value)
    return {value: frozenset(covered) for value, covered in below.items()}


def _lab(entry: Entry) -> Lab:
    try:
        return lab_of_hex(entry.shade)
    except ValueError as error:
        raise InvalidInput(str(error), where=f"{FILES[Facet.COLOUR]}: {entry.value}") from error
