"""Words of a text with their places, in the form in which they are looked up."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+(?:['’ʼ`´][^\W_]+)*")
# What may stand between the words of one phrase: "t-shirt", "3/4 sleeve", "black & white".
_JOINS = frozenset(" \t\u00a0\u202f-‐‑‒–/'’._&+\"“”%*")
_APOSTROPHES = str.maketrans("", "", "'’ʼ`´")


@dataclass(frozen=True, slots=True)
class Token:
    """One word.

    Attributes:
        word: As it is looked up: lower case, no accents, no apostrophes, our spelling.
        start: Offset of its first character in the text.
        end: Offset after its last one.
        joined: Nothing that separates phrases (a comma, a full stop, a line break) stands between
            it and the word before.
        corrected: `word` is the correction of a typing error.
    """

    word: str
    start: int
    end: int
    joined: bool
    corrected: bool = False


def fold(text: str) -> str:
    """Case-folded, compatibility-normalised text with single spaces; idempotent."""
    for _ in range(4):
        before = text
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        text = " ".join(text.split())
        if text == before:
            break
    return text


def normal_word(word: str) -> str:
    """A single word as it is looked up, before the spelling is made ours."""
    if not word.isascii():
        decomposed = unicodedata.normalize("NFKD", word.casefold())
        word = "".join(each for each in decomposed if not unicodedata.combining(each))
    return word.lower().translate(_APOSTROPHES)


def tokenise(text: str, spellings: Mapping[str, str]) -> list[Token]:
    """Splits a text into its words; linear in its length."""
    tokens: list[Token] = []
    end = 0
    for match in _WORD.finditer(text):
        start = match.start()
        between = text[end:start]
        joined = bool(tokens) and all(each in _JOINS for each in between)
        if joined and ". " in between:  # ends a sentence, but not after the S of "U.S. Polo"
            joined = len(tokens[-1].word) == 1
        word = normal_word(match.group())
        end = match.end()
        tokens.append(Token(spellings.get(word, word), start, end, joined))
    return tokens


def phrase_key(text: str, spellings: Mapping[str, str]) -> str:
    """The words of a text, joined by single spaces: the form in which phrases are stored."""
    if text.isascii() and text.replace(" ", "").isalpha():  # most phrases, and ten times faster
        return " ".join(spellings.get(word, word) for word in text.lower().split())
    return " ".join(token.word for token in tokenise(text, spellings))
