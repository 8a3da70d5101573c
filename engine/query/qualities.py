"""Qualities of which a shopper wants more or less: price, formality, length and their like."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.query.phrases import PhraseTable
from engine.query.vocabulary_files import QualityEntry

Direction = tuple[str, bool]
"""The name of a quality, and whether a word means more of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Qualities:
    """The words for more and less of a quality.

    Attributes:
        poles: Quality → words for much and for little of it.
        adjectives: Plain words, read after "more" and "less": ``formal``.
        comparatives: One-word comparisons: ``cheaper``.
        alone: Adjectives that compare without "more" or "less": ``baggy``.
        of_details: Qualities that are also said of details: "wider straps".
    """

    poles: Mapping[str, tuple[str, str]]
    adjectives: PhraseTable[Direction]
    comparatives: PhraseTable[Direction]
    alone: PhraseTable[Direction]
    of_details: frozenset[str]


def build_qualities(entries: Iterable[QualityEntry]) -> Qualities:
    """The tables from the entries of the file; the first entry that lists a word keeps it."""
    poles: dict[str, tuple[str, str]] = {}
    adjectives: dict[str, Direction] = {}
    comparatives: dict[str, Direction] = {}
    alone: dict[str, Direction] = {}
    of_details: set[str] = set()
    for entry in entries:
        poles[entry.name] = entry.poles
        for words, more in ((entry.more, True), (entry.less, False)):
            for word in words:
                adjectives.setdefault(word, (entry.name, more))
        for words, more in ((entry.rising, True), (entry.falling, False)):
            for word in words:
                comparatives.setdefault(word, (entry.name, more))
        if entry.of_details:
            of_details.add(entry.name)
        for key in entry.alone:
            # "dark in colour" leans where its first word does.
            first = key.partition(" ")[0]
            meaning = adjectives.get(key) or comparatives.get(first) or adjectives.get(first)
            if meaning is not None:
                alone.setdefault(key, meaning)
    return Qualities(
        poles=poles,
        adjectives=PhraseTable(adjectives),
        comparatives=PhraseTable(comparatives),
        alone=PhraseTable(alone),
        of_details=frozenset(of_details),
    )
