"""The brands of a catalogue, found in a sentence.

Some brands are ordinary words ("AND", "Only", "W", "Next"). Such a brand counts only after a word
that announces a brand: "from Only", "by Next".
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from engine.query.lexicon import Lexicon
from engine.query.phrases import Found, PhraseTable
from engine.query.tokens import Token, fold, phrase_key

_ANNOUNCING = frozenset({"by", "from", "brand", "label", "designer"})
_SHORTEST_ALONE = 2


@dataclass(frozen=True, slots=True, eq=False)
class BrandTable:
    """Brands by their words.

    Attributes:
        table: Words → brand as a catalogue's payload holds it.
        doubtful: Those of one word that is also an ordinary word.
        words: All words of all brands; they are no typing errors.
    """

    table: PhraseTable[str]
    doubtful: frozenset[str]
    words: frozenset[str]

    def at(self, tokens: Sequence[Token], position: int) -> Found[str] | None:
        """The longest brand that starts at a word."""
        found = self.table.longest_at(tokens, position)
        if found is None or found.length > 1 or tokens[position].word not in self.doubtful:
            return found
        announced = position > 0 and tokens[position - 1].word in _ANNOUNCING
        return found if announced else None


@lru_cache(maxsize=32)
def brand_table(brands: frozenset[str], lexicon: Lexicon) -> BrandTable:
    """The table of a catalogue's brands; kept for the next sentence."""
    table: dict[str, str] = {}
    for brand in sorted(brands):
        key = phrase_key(brand, lexicon.language.spellings)
        if key:
            table.setdefault(key, fold(brand))
    words = frozenset(word for key in table for word in key.split(" "))
    return BrandTable(PhraseTable(table), _doubtful(table, lexicon), words)


def _doubtful(keys: Collection[str], lexicon: Lexicon) -> frozenset[str]:
    return frozenset(
        key for key in keys if key in lexicon.corrector.ordinary or len(key) < _SHORTEST_ALONE
    )
