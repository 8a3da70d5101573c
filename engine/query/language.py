"""How sentences negate, compare and insist; built from ``language.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from engine.errors import InvalidInput
from engine.query.phrases import PhraseTable
from engine.query.tokens import phrase_key


class Cue(StrEnum):
    """What a phrase of the language does to the words around it."""

    NEGATION = "negations"
    NEUTRAL = "neutral"
    WANTED = "wanted"
    HARD = "hard"
    HARD_AFTER = "hard_after"
    SOFT = "soft"
    SOFT_AFTER = "soft_after"
    MORE = "more"
    LESS = "less"
    DEGREE = "degrees"
    FILLER = "fillers"


NO_CUES: Final[frozenset[Cue]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """Phrases of the language itself.

    Attributes:
        spellings: Word in another spelling → ours.
        cues: Phrase → all that it may do; its place in the sentence decides.
    """

    spellings: Mapping[str, str]
    cues: PhraseTable[frozenset[Cue]]


def build_language(
    spellings: Mapping[str, str], lists: Mapping[str, tuple[str, ...]], where: str
) -> Language:
    """The language from the lists of its file.

    Raises:
        InvalidInput: A list is missing or has an unknown name.
    """
    expected = {cue.value for cue in Cue}
    if set(lists) != expected:
        raise InvalidInput(
            f"got the lists {sorted(lists)}, expected {sorted(expected)}", where=where
        )
    cues: dict[str, frozenset[Cue]] = {}
    for cue in Cue:
        for phrase in lists[cue.value]:
            key = phrase_key(phrase, spellings)
            cues[key] = cues.get(key, NO_CUES) | {cue}
    return Language(spellings=spellings, cues=PhraseTable(cues))
