"""The words of fashion: which value of which facet a word means, and how values are related.

Feeds use it to map their cells and titles to canonical values, search to understand queries. It
knows no brands: those belong to a catalogue and are handed to the parser.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.query.language import Language
from engine.query.phrases import Found, PhraseTable
from engine.query.qualities import Qualities
from engine.query.shade import Lab
from engine.query.tokens import Token, fold, phrase_key, tokenise
from engine.query.typos import Corrector
from engine.types import Facet

# A cell that holds several values: "Black/White", "Cotton, Linen", "red and blue".
_SEVERAL = re.compile(r"[/,;|&+\n]|\s(?:and|und|et|with)\s", re.IGNORECASE)
_PATH = ">"
"""Separates the levels of a product type: "Apparel > Shirts & Tops > T-Shirts"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A value that a text mentions.

    Attributes:
        facet: Which facet.
        value: Canonical value.
        start: Offset of the first character.
        end: Offset after the last one.
        text: The words as typed.
        corrected: A typing error was corrected to understand it.
    """

    facet: Facet
    value: str
    start: int
    end: int
    text: str
    corrected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lexicon:
    """Canonical values and the words for them. Built by `load_lexicon`; immutable.

    Attributes:
        names: Facet → words (in look-up form) → canonical value, those of feeds included.
        spoken: What is understood in a sentence.
        nouns: Phrases that name something lying on the garment ("stripes", "logo").
        lacks: Parts of a garment → the value that is without them ("sleeves" → sleeveless).
        below: Facet → value → the value and all that it covers.
        above: Facet → value → the broader values, nearest first.
        families: Colour → family.
        labs: Colour → Lab of a typical shade.
        categories: Type → category.
        qualities: What there can be more or less of.
        language: How sentences negate, compare and insist.
        corrector: Of typing errors.
    """

    names: Mapping[Facet, Mapping[str, str]]
    spoken: PhraseTable[tuple[Facet, str]]
    nouns: frozenset[str]
    lacks: PhraseTable[tuple[Facet, str]]
    below: Mapping[Facet, Mapping[str, frozenset[str]]]
    above: Mapping[Facet, Mapping[str, tuple[str, ...]]]
    families: Mapping[str, str]
    labs: Mapping[str, Lab]
    categories: Mapping[str, str]
    qualities: Qualities
    language: Language
    corrector: Corrector

    def values(self, facet: Facet) -> tuple[str, ...]:
        """All canonical values of a facet, in the vocabulary's order; none for free facets."""
        return tuple(self.below.get(facet, ()))

    def canonical(self, facet: Facet, raw: str) -> str:
        """The canonical value of a feed's cell or of a word.

        Of a path ("Apparel > Tops > T-Shirts") the last level that is known counts. What is
        unknown comes back case-folded with single spaces. Idempotent.
        """
        known = self._known(facet, raw)
        return fold(raw) if known is None else known

    def canonical_all(self, facet: Facet, raw: str) -> tuple[str, ...]:
        """The canonical values of a cell that may hold several ("Black/White"), each once.

        A cell that is known as a whole is one value ("Tie and Cufflinks"); an empty cell none.
        """
        known = self._known(facet, raw)
        if known is not None:
            return (known,)
        if facet not in self.names:  # a brand such as "H&M" is one value
            return (fold(raw),) if fold(raw) else ()
        found: list[str] = []
        for part in _SEVERAL.split(raw):
            found += self._values_of_part(facet, part)
        return tuple(dict.fromkeys(value for value in found if value))

    def family(self, colour: str) -> str:
        """The family of a canonical colour: ``blue`` for ``navy blue``; empty when unknown."""
        return self.families.get(colour, "")

    def narrower(self, facet: Facet, value: str) -> frozenset[str]:
        """A canonical value and all that it covers.

        ``shoes`` covers ``casual shoes`` and ``boots``; ``blue`` covers the shades of its family;
        ``women`` and ``men`` cover ``unisex``; a value without shades or kinds covers itself.
        """
        return self.below.get(facet, {}).get(value) or frozenset((value,))

    def broader(self, facet: Facet, value: str) -> tuple[str, ...]:
        """The broader values of a canonical value, nearest first: ``("blue",)`` for ``teal``."""
        return self.above.get(facet, {}).get(value, ())

    def category(self, product_type: str) -> str:
        """The category of a canonical type: ``tops`` for ``t-shirt``; empty when unknown."""
        return self.categories.get(product_type, "")

    def lab(self, colour: str) -> Lab:
        """CIE Lab of a canonical colour's typical shade.

        Raises:
            KeyError: The colour is not in the vocabulary; `values` lists those that are.
        """
        return self.labs[colour]

    def poles(self, quality: str) -> tuple[str, str]:
        """Words for much and for little of a quality, for a text encoder.

        Raises:
            KeyError: There is no such quality; ``qualities.poles`` lists them.
        """
        return self.qualities.poles[quality]

    def mentions(
        self, text: str, *, correct: bool = False, known: Collection[str] = ()
    ) -> tuple[Mention, ...]:
        """The values that a text mentions, longest phrase first, not overlapping, in order.

        Args:
            text: A title or a sentence.
            correct: Forgive simple typing errors. Meant for what shoppers type: titles are full of
                invented names that look like errors.
            known: Words (in look-up form) that must not be corrected, such as those of brands.
        """
        tokens = self.tokens(text, correct=correct, known=known)
        found: list[Mention] = []
        position = 0
        while position < len(tokens):
            hit = self.spoken.longest_at(tokens, position)
            if hit is not None:
                found.append(mention_of(text, tokens, position, hit))
            position += hit.length if hit is not None else 1
        return tuple(found)

    def tokens(
        self, text: str, *, correct: bool = False, known: Collection[str] = ()
    ) -> list[Token]:
        """The words of a text in look-up form."""
        tokens = tokenise(text, self.language.spellings)
        if not correct:
            return tokens
        return [self._corrected(token, known) for token in tokens]

    def _corrected(self, token: Token, known: Collection[str]) -> Token:
        if token.word in known:
            return token
        word = self.corrector.correct(token.word)
        if word == token.word:
            return token
        return Token(word, token.start, token.end, token.joined, corrected=True)

    def _known(self, facet: Facet, raw: str) -> str | None:
        names = self.names.get(facet, {})
        levels = raw.split(_PATH) if facet is Facet.TYPE else (raw,)
        for level in reversed(levels):
            key = phrase_key(fold(level), self.language.spellings)
            if key in names:
                return names[key]
        return None

    def _values_of_part(self, facet: Facet, part: str) -> list[str]:
        known = self._known(facet, part)
        if known is not None:
            return [known]
        # "Black-White" and "red blue" are several values when every word belongs to one.
        tokens = self.tokens(part)
        values: list[str] = []
        position = 0
        while position < len(tokens):
            hit = self.spoken.longest_at(tokens, position)
            if hit is None or hit.meaning[0] is not facet:
                return [fold(part)]
            values.append(hit.meaning[1])
            position += hit.length
        return values


def mention_of(
    text: str, tokens: Sequence[Token], position: int, hit: Found[tuple[Facet, str]]
) -> Mention:
    """The mention that a phrase found at a word makes."""
    facet, value = hit.meaning
    words = tokens[position : position + hit.length]
    start, end = words[0].start, words[-1].end
    return Mention(
        facet=facet,
        value=value,
        start=start,
        end=end,
        text=text[start:end],
        corrected=any(word.corrected for word in words),
    )


def load_lexicon(directory: Path | None = None) -> Lexicon:
    """Builds the lexicon from vocabulary files; takes some tens of milliseconds.

    Args:
        directory: Holds files named as in ``engine/query/vocabulary``, which is the default.

    Raises:
        InvalidInput: A file is missing or malformed, or two values claim the same word.
    """
    from engine.query.lexicon_build import build_lexicon

    return build_lexicon(directory or Path(__file__).parent / "vocabulary")


@cache
def default_lexicon() -> Lexicon:
    """The lexicon that comes with Lookalike, loaded once."""
    return load_lexicon()
