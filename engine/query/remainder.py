"""What remains of a sentence: the words that no edit has taken and that say something."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from engine.query.elements import Element, Kind
from engine.query.scope import Reading


def remaining_words(text: str, elements: Sequence[Element], kept: Iterable[int]) -> str:
    """The kept elements as typed; those that stood together ("A-line") stay together.

    Args:
        text: The sentence.
        elements: All of its elements.
        kept: Positions of the elements to keep, ascending.
    """
    pieces: list[str] = []
    end = -1
    for at in _with_prefixes(text, elements, kept):
        element = elements[at]
        between = text[end : element.start] if end >= 0 else " "
        glued = 0 < len(between) <= 1 and not between.isspace() and between not in ",;"
        if glued and pieces:
            pieces[-1] += between + text[element.start : element.end]
        else:
            pieces.append(text[element.start : element.end])
        end = element.end
    return " ".join(" ".join(pieces).split())


def _with_prefixes(text: str, elements: Sequence[Element], kept: Iterable[int]) -> Iterator[int]:
    """Adds the filler that a hyphen ties to a kept word: the A of "A-line"."""
    for at in kept:
        before = elements[at - 1] if at else None
        if (
            before is not None
            and before.kind is Kind.CUE
            and text[before.end : elements[at].start] == "-"
        ):
            yield at - 1
        yield at


def unmade_of(elements: Sequence[Element], reading: Reading) -> list[int]:
    """Positions of the elements of which no edit was made and that are neither refused nor known.

    A part is left out once a quality speaks of it: "the sleeves are longer".
    """
    used = {wish.at for wish in reading.wishes}
    of_parts = any(element.quality == "sleeve" for element in elements)
    kinds = {Kind.WORD} if of_parts else {Kind.WORD, Kind.PART}
    return [
        at
        for at, element in enumerate(elements)
        if at not in reading.refused
        and at not in used
        and (element.kind in kinds or at in reading.details)
    ]


def without_phrase(words: str, phrase: str) -> str:
    """Takes the first occurrence of a phrase out of a sentence, at word boundaries."""
    have, gone = words.split(), phrase.split()
    for at in range(len(have) - len(gone) + 1):
        if gone and have[at : at + len(gone)] == gone:
            return " ".join(have[:at] + have[at + len(gone) :])
    return words
