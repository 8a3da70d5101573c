"""Corrects simple typing errors towards the vocabulary.

A word is left alone when it is known: part of the vocabulary, of a brand, or an ordinary English
word ("bed" is not "red"). One error is forgiven in words of four to seven letters, two from eight;
two letters in the wrong order count as one error. A correction that is not clear is not made.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

SHORTEST = 4
TWO_ERRORS_FROM = 8
_LONGEST = 24
_CACHE_SIZE = 8192


@dataclass(frozen=True, slots=True)
class Corrector:
    """Finds the vocabulary word that a mistyped word stands for.

    Attributes:
        targets: Words that a mistyped word may become, and what tells them apart: words of equal
            sense ("stripe", "stripes") are no ambiguity.
        ordinary: Words that are never corrected.
    """

    targets: Mapping[str, object]
    ordinary: Collection[str]
    _by_length: Mapping[int, tuple[str, ...]] = field(init=False, repr=False, compare=False)
    _cache: dict[str, str] = field(
        init=False, repr=False, compare=False, default_factory=dict[str, str]
    )

    def __post_init__(self) -> None:
        groups: dict[int, list[str]] = {}
        for word in sorted(self.targets):
            groups.setdefault(len(word), []).append(word)
        by_length = {length: tuple(words) for length, words in groups.items()}
        object.__setattr__(self, "_by_length", by_length)

    def correct(self, word: str) -> str:
        """The word itself when it is known, too short, or not clearly an error."""
        if not SHORTEST <= len(word) <= _LONGEST or not (word.isascii() and word.isalpha()):
            return word
        if word in self.targets or word in self.ordinary:
            return word
        found = self._cache.get(word)
        if found is None:
            found = self._nearest(word)
            if len(self._cache) < _CACHE_SIZE:
                self._cache[word] = found
        return found

    def _nearest(self, word: str) -> str:
        # Imported late: a process that never meets a typing error does without.
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import extract

        allowed = 2 if len(word) >= TWO_ERRORS_FROM else 1
        # Few people mistype the first letter, and many ordinary words differ just there.
        choices = [
            each
            for length in range(max(SHORTEST, len(word) - allowed), len(word) + allowed + 1)
            for each in self._by_length.get(length, ())
            if each[0] == word[0]
        ]
        ranked = extract(
            word, choices, scorer=OSA.distance, processor=None, score_cutoff=allowed, limit=4
        )
        if not ranked:
            return word
        best, errors, _ = ranked[0]
        rivals = [other for other, count, _ in ranked if count == errors]
        if any(self.targets[other] != self.targets[best] for other in rivals):
            return word
        return best
