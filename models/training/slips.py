"""What shoppers make of a title: slips of the finger, other words, brands that no catalogue has."""

from __future__ import annotations

import re
from functools import cache

import numpy as np

from models.training.synonyms import SYNONYMS

__all__ = ["disturb", "invent_brand", "mistype", "say_otherwise"]

_WORD = re.compile(r"[a-z]{4,}")
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_BESIDE = {
    letter: row[max(0, place - 1) : place] + row[place + 1 : place + 2]
    for row in _ROWS
    for place, letter in enumerate(row)
}
_ONSETS = "bcdfghjklmnprstvwz"
_VOWELS = "aeiou"
_CODAS = "lnrstxk"


def mistype(text: str, rng: np.random.Generator) -> str:
    """One slip inside one word of at least four letters; the text itself where there is none.

    Two letters in the wrong order, one left out, doubled or hit beside.
    """
    words = list(_WORD.finditer(text))
    if not words:
        return text
    word = words[int(rng.integers(len(words)))]
    place = int(rng.integers(word.start(), word.end() - 1))
    one, two = text[place], text[place + 1]
    slips = (two + one, one, two, one + one + two, str(rng.choice(list(_BESIDE[one]))) + two)
    return text[:place] + slips[int(rng.integers(len(slips)))] + text[place + 2 :]


def invent_brand(rng: np.random.Generator) -> str:
    """A name of one or two words that can be spoken and means nothing."""

    def syllable() -> str:
        parts = (_ONSETS, _VOWELS, _CODAS if rng.random() < 0.5 else " ")
        return "".join(str(rng.choice(list(part))) for part in parts).strip()

    return " ".join(
        "".join(syllable() for _ in range(int(rng.integers(2, 4))))
        for _ in range(int(rng.integers(1, 3)))
    )


def say_otherwise(text: str, kind: str, rng: np.random.Generator) -> str:
    """The title with another word for its type, where it has a word for it.

    Args:
        text: Lower case.
        kind: Label of the type, empty where unknown.
        rng: Chooses the word.
    """
    pattern = _ways_pattern(kind)
    found = pattern.search(text) if pattern else None
    if found is None:
        return text
    ways = [way for way in (kind.lower(), *SYNONYMS["type"][kind]) if way != found.group()]
    return text[: found.start()] + ways[int(rng.integers(len(ways)))] + text[found.end() :]


@cache
def _ways_pattern(kind: str) -> re.Pattern[str] | None:
    if kind not in SYNONYMS["type"]:
        return None
    ways = sorted((kind.lower(), *SYNONYMS["type"][kind]), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, ways))})(?![\w'-])")


def disturb(text: str, kind: str, rng: np.random.Generator, *, rate: float) -> str:
    """A title as a shopper may type it.

    Args:
        text: Lower case.
        kind: Label of its type, empty where unknown.
        rng: Decides.
        rate: Probability of each: another word for the type, an invented brand in front, a slip.
    """
    otherwise, branded, slipped = rng.random(3) < rate
    if otherwise:
        text = say_otherwise(text, kind, rng)
    if slipped:
        text = mistype(text, rng)
    return f"{invent_brand(rng)} {text}" if branded else text
