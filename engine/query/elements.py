"""Cuts a sentence into elements: values, qualities, prices, cues of the language, other words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from engine.query.brands import BrandTable
from engine.query.language import NO_CUES, Cue
from engine.query.lexicon import Lexicon
from engine.query.phrases import Found
from engine.query.qualities import Direction
from engine.query.tokens import Token
from engine.types import Edit, Facet


class Kind(Enum):
    """What an element is."""

    VALUE = auto()
    """A value of a facet, or a brand."""
    QUALITY = auto()
    """More or less of a quality."""
    PART = auto()
    """A part ("sleeves") whose absence is a value."""
    PRICE = auto()
    CUE = auto()
    WORD = auto()
    """A word of which nothing is known."""


class Gap(Enum):
    """What stands between an element and the one before."""

    NONE = auto()
    COMMA = auto()
    STOP = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """A stretch of a sentence.

    Attributes:
        kind: What it is.
        start: Offset of the first character.
        end: Offset after the last one.
        words: In look-up form.
        gap: What stands before it.
        facet: Of a VALUE, or of a PART's absence.
        value: Canonical, likewise.
        noun: The VALUE was named by a thing that lies on the garment.
        quality: Of a QUALITY.
        more: Whether a QUALITY is to rise.
        degree: MORE or LESS where such a word precedes a VALUE or QUALITY.
        cues: Of a CUE.
    """

    kind: Kind
    start: int
    end: int
    words: str
    gap: Gap
    facet: Facet | None = None
    value: str = ""
    noun: bool = False
    quality: str = ""
    more: bool = True
    degree: Cue | None = None
    cues: frozenset[Cue] = NO_CUES


_STOPS = frozenset(".;!?\n|")
_SLEEVES = frozenset({"sleeve", "sleeves", "sleeved"})
_NEAR = 3  # words between "sleeves" and the "longer" that is said of them


class Scanner:
    """Reads the elements of one sentence from left to right; the longest phrase wins."""

    def __init__(
        self,
        text: str,
        tokens: Sequence[Token],
        prices: Sequence[Edit],
        lexicon: Lexicon,
        brands: BrandTable,
    ):
        self._text = text
        self._tokens = tokens
        self._prices = prices
        self._lexicon = lexicon
        self._brands = brands

    def scan(self) -> list[Element]:
        """The elements in order; together they cover every word."""
        elements: list[Element] = []
        position, price = 0, 0
        while position < len(self._tokens):
            token = self._tokens[position]
            while price < len(self._prices) and self._prices[price].end <= token.start:
                price += 1
            if price < len(self._prices) and self._prices[price].start < token.end:
                element, length = self._element(Kind.PRICE, position, 1), 1
            else:
                element, length = self._read(position)
            elements.append(element)
            position += length
        return elements

    def _read(self, position: int) -> tuple[Element, int]:
        """The element at a word and how many words it takes."""
        tokens, lexicon = self._tokens, self._lexicon
        value = lexicon.spoken.longest_at(tokens, position)
        compared = lexicon.qualities.comparatives.longest_at(tokens, position)
        alone = lexicon.qualities.alone.longest_at(tokens, position)
        cue = lexicon.language.cues.longest_at(tokens, position)
        brand = self._brands.at(tokens, position)
        part = lexicon.lacks.longest_at(tokens, position)
        longest = max(
            (each.length for each in (value, compared, alone, cue, brand, part) if each), default=0
        )
        if cue is not None and cue.length == longest and cue.meaning & {Cue.MORE, Cue.LESS}:
            found = self._degree(position, cue)
            if found is not None:
                return found
        if value is not None and value.length == longest:
            return self._value(position, position, value), longest
        if brand is not None and brand.length == longest:
            return self._brand(position, brand), longest
        if compared is not None and compared.length == longest:
            return self._quality(position, position, compared), longest
        if alone is not None and alone.length == longest:
            return self._quality(position, position, alone), longest
        if part is not None and part.length == longest:
            facet, absent = part.meaning
            element = self._element(Kind.PART, position, longest, facet=facet, value=absent)
            return element, longest
        if cue is not None:
            return self._element(Kind.CUE, position, cue.length, cues=cue.meaning), cue.length
        return self._element(Kind.WORD, position, 1), 1

    def _degree(self, position: int, cue: Found[frozenset[Cue]]) -> tuple[Element, int] | None:
        """What a "more" or "less" says with the words after it; None when it says nothing."""
        degree = Cue.MORE if Cue.MORE in cue.meaning else Cue.LESS
        at = position + cue.length
        while at < len(self._tokens) and self._tokens[at].joined:
            between = self._lexicon.language.cues.longest_at(self._tokens, at)
            adjective = self._lexicon.qualities.adjectives.longest_at(self._tokens, at)
            value = self._lexicon.spoken.longest_at(self._tokens, at)
            compared = self._lexicon.qualities.comparatives.longest_at(self._tokens, at)
            if adjective is not None and (value is None or adjective.length >= value.length):
                element = self._quality(position, at, adjective, degree)
                return element, at + adjective.length - position
            if value is not None:
                return self._value(position, at, value, degree), at + value.length - position
            if compared is not None and degree is Cue.MORE:  # "more brighter"
                return self._quality(position, at, compared), at + compared.length - position
            if between is None or Cue.DEGREE not in between.meaning:
                return None
            at += between.length
        return None

    def _value(
        self,
        start: int,
        position: int,
        found: Found[tuple[Facet, str]],
        degree: Cue | None = None,
    ) -> Element:
        end = position + found.length
        spoken = " ".join(token.word for token in self._tokens[position:end])
        return self._element(
            Kind.VALUE,
            start,
            end - start,
            facet=found.meaning[0],
            value=found.meaning[1],
            noun=spoken in self._lexicon.nouns,
            degree=degree,
        )

    def _brand(self, position: int, found: Found[str]) -> Element:
        return self._element(
            Kind.VALUE, position, found.length, facet=Facet.BRAND, value=found.meaning
        )

    def _quality(
        self, start: int, position: int, found: Found[Direction], degree: Cue | None = None
    ) -> Element:
        quality, more = found.meaning
        end = position + found.length
        if quality == "length" and self._is_about_sleeves(position, end):
            quality = "sleeve"
        return self._element(
            Kind.QUALITY,
            start,
            end - start,
            quality=quality,
            more=more if degree is not Cue.LESS else not more,
            degree=degree,
        )

    def _is_about_sleeves(self, start: int, end: int) -> bool:
        """Whether a "longer" is said of sleeves, as in "the sleeves are longer"."""
        following = self._tokens[end : end + 2]
        if all(token.joined for token in following) and any(
            token.word in _SLEEVES for token in following
        ):
            return following[0].word not in {"with", "and", "but", "has"}
        at = start
        while at > max(0, start - _NEAR) and self._tokens[at].joined:
            at -= 1
            word = self._tokens[at].word
            if word in _SLEEVES:
                return True
            if word not in {"are", "is", "should", "be", "that", "a", "bit", "much", "with"}:
                return False
        return False

    def _element(
        self,
        kind: Kind,
        position: int,
        length: int,
        *,
        facet: Facet | None = None,
        value: str = "",
        noun: bool = False,
        quality: str = "",
        more: bool = True,
        degree: Cue | None = None,
        cues: frozenset[Cue] = NO_CUES,
    ) -> Element:
        words = self._tokens[position : position + length]
        return Element(
            kind=kind,
            start=words[0].start,
            end=words[-1].end,
            words=" ".join(token.word for token in words),
            gap=self._gap(position),
            facet=facet,
            value=value,
            noun=noun,
            quality=quality,
            more=more,
            degree=degree,
            cues=cues,
        )

    def _gap(self, position: int) -> Gap:
        if position == 0:
            return Gap.NONE
        if self._tokens[position].joined:
            return Gap.NONE
        between = self._text[self._tokens[position - 1].end : self._tokens[position].start]
        return Gap.STOP if any(each in _STOPS for each in between) else Gap.COMMA
