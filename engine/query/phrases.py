"""Phrases of one or more words, found longest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from engine.query.tokens import Token

Meaning = TypeVar("Meaning")


@dataclass(frozen=True, slots=True)
class Found(Generic[Meaning]):
    """A phrase that was found: what it means and how many words it takes."""

    meaning: Meaning
    length: int


@dataclass(frozen=True, slots=True)
class PhraseTable(Generic[Meaning]):
    """Phrases (words joined by single spaces) and what they mean."""

    meanings: Mapping[str, Meaning]
    longest_by_first_word: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        longest: dict[str, int] = {}
        for phrase in self.meanings:
            first, _, _ = phrase.partition(" ")
            longest[first] = max(longest.get(first, 0), phrase.count(" ") + 1)
        object.__setattr__(self, "longest_by_first_word", longest)

    def longest_at(self, tokens: Sequence[Token], position: int) -> Found[Meaning] | None:
        """The longest phrase that starts at a word and crosses no separator."""
        most = self.longest_by_first_word.get(tokens[position].word, 0)
        if not most:
            return None
        reach = position + 1
        while reach < len(tokens) and reach - position < most and tokens[reach].joined:
            reach += 1
        for end in range(reach, position, -1):
            phrase = " ".join(token.word for token in tokens[position:end])
            if phrase in self.meanings:
                return Found(self.meanings[phrase], end - position)
        return None
