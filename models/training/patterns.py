"""What the titles of the catalogue say of patterns."""

from __future__ import annotations

from engine.query.lexicon import Lexicon
from engine.types import Facet

__all__ = ["PATTERNS", "names_pattern", "title_pattern"]

PATTERNS: dict[str, tuple[str, ...]] = {
    "striped": ("striped", "with stripes"),
    "checked": ("checked", "with checks", "plaid"),
    "printed": ("printed", "with a print"),
    "plain": ("solid", "plain"),
}
"""Patterns that titles name often enough, with words for them."""


def title_pattern(title: str, lexicon: Lexicon) -> str:
    """The one pattern of `PATTERNS` that a title names, or nothing."""
    found: set[str] = set()
    for mention in lexicon.mentions(title):
        if mention.facet is Facet.PATTERN:
            names = {mention.value, *lexicon.broader(Facet.PATTERN, mention.value)}
            found |= names & PATTERNS.keys()
    return found.pop() if len(found) == 1 else ""


def names_pattern(title: str, lexicon: Lexicon) -> bool:
    """The title names a pattern, one of `PATTERNS` or another."""
    return any(mention.facet is Facet.PATTERN for mention in lexicon.mentions(title))
