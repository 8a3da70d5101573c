"""Titles without their colours, for a feed that tells the engine nothing of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from engine.query.lexicon import Lexicon
from engine.types import Facet

__all__ = ["colour_remover"]

_WORD = re.compile(r"[^\W_]+")


def colour_remover(lexicon: Lexicon, colours: Iterable[str]) -> Callable[[str], str]:
    """A function that takes colour words out of a title.

    Args:
        lexicon: Whatever it understands as a colour goes.
        colours: Names of colours as the set writes them; each of their words goes as well.

    Returns:
        Title → title. One that consists of colours alone becomes ``product``.
    """
    words = {word for colour in colours for word in _WORD.findall(colour.casefold())}

    def remove(title: str) -> str:
        spans = [
            (mention.start, mention.end)
            for mention in lexicon.mentions(title)
            if mention.facet in (Facet.COLOUR, Facet.COLOUR_FAMILY)
        ]
        spans += [
            match.span() for match in _WORD.finditer(title) if match.group().casefold() in words
        ]
        kept = [
            "" if any(start <= place < end for start, end in spans) else letter
            for place, letter in enumerate(title)
        ]
        return " ".join("".join(kept).split()).strip(" -/&,") or "product"

    return remove
