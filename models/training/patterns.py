"""What the titles of the catalogue say of patterns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from engine.query.lexicon import Lexicon, default_lexicon
from engine.types import Facet

__all__ = ["PATTERNS", "names_pattern", "pattern_labels", "title_pattern"]

_PLAIN = "plain"
_LEAST = 50
"""Titles that must name a pattern before a picture is asked for it."""

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


def pattern_labels(titles: Sequence[str]) -> tuple[tuple[str, ...], list[int]]:
    """Patterns that enough titles name, ``plain`` among them, and each title's place therein.

    A title that names another pattern, or two, is -1, unknown; so is one of a pattern too rare to
    learn.
    """
    lexicon = default_lexicon()
    found = [
        title_pattern(title, lexicon) or ("" if names_pattern(title, lexicon) else _PLAIN)
        for title in titles
    ]
    counts = Counter(found)
    names = tuple(sorted(name for name, count in counts.items() if name and count >= _LEAST))
    place = {name: number for number, name in enumerate(names)}
    return names, [place.get(name, -1) for name in found]
