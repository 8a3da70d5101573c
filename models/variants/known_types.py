"""Kinds of things that the small generator has learned, and which of them stands for another.

What it has no code of it draws as a ghost, whatever the words are: sneakers come out as casual
shoes do when it is asked for those.
"""

from __future__ import annotations

from functools import lru_cache

from engine.ports import TextEncoder
from engine.query.lexicon import Lexicon
from engine.types import Facet
from models.variants.prompts import PromptVocabulary

__all__ = ["KnownTypes"]

_ALIKE = 0.7
"""Cosine of two types' words from which the one, asked for, may be shown as the other."""
_LEAST = 0.3
"""From here on the other says more than nothing of a garment's own type."""


class KnownTypes:
    """Types with a code, searched by their words.

    Args:
        vocabulary: Of the generator.
        lexicon: Only types of one category stand for each other.
        texts: Says how near their words are.
    """

    def __init__(self, vocabulary: PromptVocabulary, lexicon: Lexicon, texts: TextEncoder) -> None:
        self._types, self._lexicon, self._texts = vocabulary.values[Facet.TYPE], lexicon, texts
        self.nearest = lru_cache(maxsize=256)(self._nearest)

    def _nearest(self, product_type: str, *, asked: bool) -> str:
        """The type itself, or the one that stands for it; empty where none does.

        Args:
            product_type: Canonical.
            asked: It is what somebody wants to see, so only what looks the same will do.
        """
        if product_type in self._types or not product_type:
            return product_type
        category = self._lexicon.category(product_type)
        others = [each for each in self._types if self._lexicon.category(each) == category]
        if not others or not category:
            return ""
        vectors = self._texts.embed_texts([product_type, *others])
        near = vectors[1:] @ vectors[0]
        best = int(near.argmax())
        return others[best] if near[best] >= (_ALIKE if asked else _LEAST) else ""
