"""Titles without the attributes that a feed is to hide from the engine."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable

from engine.query.lexicon import Lexicon
from engine.types import Facet

__all__ = ["attribute_remover", "colour_remover"]

_WORD = re.compile(r"[^\W_]+")
_COLOURS = (Facet.COLOUR, Facet.COLOUR_FAMILY)


def colour_remover(lexicon: Lexicon, colours: Iterable[str]) -> Callable[[str], str]:
    """A function that takes colour words out of a title.

    Args:
        lexicon: Whatever it understands as a colour goes.
        colours: Names of colours as the set writes them; each of their words goes as well.

    Returns:
        Title → title. One that consists of colours alone becomes ``product``.
    """
    return attribute_remover(lexicon, colours, facets=_COLOURS)


def attribute_remover(
    lexicon: Lexicon,
    words: Iterable[str],
    *,
    facets: Collection[Facet] = (*_COLOURS, Facet.PATTERN, Facet.SLEEVE),
    stems: Iterable[str] = (),
) -> Callable[[str], str]:
    """A function that takes the words for some attributes out of a title.

    Args:
        lexicon: Whatever it understands as a value of these facets goes.
        words: Names of values as the set writes them; each of their words goes as well.
        facets: What is hidden.
        stems: Words that begin with one of these go too ("stripe" takes "stripes" and "striped").

    Returns:
        Title → title. One that consists of such words alone becomes ``product``.
    """
    gone = {word for each in words for word in _WORD.findall(each.casefold())}
    beginnings = tuple(each.casefold() for each in stems)

    def goes(word: str) -> bool:
        return word in gone or (bool(beginnings) and word.startswith(beginnings))

    def remove(title: str) -> str:
        spans = [
            (mention.start, mention.end)
            for mention in lexicon.mentions(title)
            if mention.facet in facets
        ]
        spans += [match.span() for match in _WORD.finditer(title) if goes(match.group().casefold())]
        kept = [
            "" if any(start <= place < end for start, end in spans) else letter
            for place, letter in enumerate(title)
        ]
        return " ".join("".join(kept).split()).strip(" -/&,") or "product"

    return remove
