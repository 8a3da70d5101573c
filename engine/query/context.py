"""Values that are no wish: those that name the reference, and those that describe a detail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.query.elements import Element, Gap, Kind
from engine.query.language import Cue
from engine.query.lexicon import Lexicon
from engine.types import Facet

_WITH = frozenset({"with", "has", "have", "having", "had", "w", "wearing"})
_POINTING_AT_ONE = frozenset({"this", "that", "these", "those", "my"})
_POINTING = _POINTING_AT_ONE | {"the"}
_OTHERNESS = frozenset({"different", "another", "other", "new", "various"})
_VERBS = frozenset({"is", "are", "has", "have", "should", "comes", "looks"})
_ARTICLES = frozenset({"a", "an", "the", "some", "its", "more", "only", "coloured", "colour"})
_REACH = 5  # elements between "with" and the detail that it introduces


@dataclass(frozen=True, slots=True)
class Context:
    """Positions of elements that ask for nothing.

    Attributes:
        references: They say which product is meant, or repeat another value.
        details: They describe something on the garment; their words remain as free text.
    """

    references: frozenset[int]
    details: frozenset[int]


def context_of(elements: Sequence[Element], lexicon: Lexicon) -> Context:
    """Finds the elements of a sentence that are no wishes of their own."""
    references: set[int] = set()
    details: set[int] = set()
    for at, element in enumerate(elements):
        if element.kind is Kind.QUALITY:
            if _is_said_of_a_detail(elements, at, lexicon):
                details.add(at)
        elif element.kind is not Kind.VALUE or element.degree is not None:
            continue
        elif _is_reference(elements, at) or _repeats(elements, at, lexicon):
            references.add(at)
        elif _word(elements, at - 1) in _OTHERNESS or (
            element.facet is Facet.TYPE and _is_no_own_type(elements, at)
        ):  # "a different print" names none
            details.add(at)
        elif element.facet is Facet.COLOUR and _is_of_a_detail(elements, at):
            details |= _colours_up_to(elements, at)
    return Context(frozenset(references), frozenset(details - references))


def _is_reference(elements: Sequence[Element], at: int) -> bool:
    element, before = elements[at], _word(elements, at - 1)
    after = _adjacent(elements, at)
    following = after.words if after is not None else ""
    if before in _POINTING and following in {"one", "ones"}:
        # "the blue one in green": blue says which one is meant, as another colour follows.
        return any(
            other.kind is Kind.VALUE and other.facet is element.facet
            for other in elements[at + 1 :]
        )
    if element.facet is Facet.TYPE:
        # "this dress but red", "The shirt is black"
        return before in _POINTING_AT_ONE or (before in _POINTING and following in _VERBS)
    if before == "from" and following in {"to", "into"}:  # "from blue to red"
        return at + 2 < len(elements) and elements[at + 2].facet is element.facet
    return False


def _repeats(elements: Sequence[Element], at: int, lexicon: Lexicon) -> bool:
    """Whether the value before says it more exactly: the pattern of "striped pattern"."""
    if at == 0 or elements[at].gap is not Gap.NONE:
        return False
    element, before = elements[at], elements[at - 1]
    if element.facet is None or before.facet is not element.facet:
        return False
    return element.value in lexicon.broader(element.facet, before.value)


def _is_no_own_type(elements: Sequence[Element], at: int) -> bool:
    """Whether a type is worn "with" the garment, or is the blouse of "blouse dress"."""
    after = _adjacent(elements, at)
    if after is not None and after.kind is Kind.VALUE and after.facet is Facet.TYPE:
        return True
    return _follows_with(elements, at)


def _is_said_of_a_detail(elements: Sequence[Element], at: int, lexicon: Lexicon) -> bool:
    """Whether a comparison is of a detail: "wider straps", "larger logo"."""
    after = _adjacent(elements, at)
    if after is None or elements[at].quality not in lexicon.qualities.of_details:
        return False
    return after.kind in {Kind.WORD, Kind.PART} or (after.kind is Kind.VALUE and after.noun)


def _is_of_a_detail(elements: Sequence[Element], at: int) -> bool:
    """Whether a colour is of a detail: "with white dots", "has black buttons"."""
    named = at + 1 if _word(elements, at + 1) in {"coloured", "colour"} else at
    after = _adjacent(elements, named)
    if after is None:
        return False
    if after.kind is Kind.VALUE and after.facet is not Facet.TYPE:
        # In "blue logo tee" the tee is blue.
        head = _adjacent(elements, named + 1)
        of_type = head is not None and head.facet is Facet.TYPE
        return after.noun and after.degree is None and not of_type
    return after.kind in {Kind.WORD, Kind.PART, Kind.VALUE} and _follows_with(elements, at)


def _colours_up_to(elements: Sequence[Element], at: int) -> set[int]:
    """The colour and those listed with it: "with black and white stripes"."""
    found = {at}
    if not _follows_with(elements, at):
        return found
    while at >= 2 and elements[at - 1].words == "and" and elements[at - 2].facet is Facet.COLOUR:
        at -= 2
        found.add(at)
    return found


def _follows_with(elements: Sequence[Element], at: int) -> bool:
    """Whether "with" or "has" stands before, but for articles and other values between."""
    for before in range(at - 1, max(-1, at - _REACH), -1):
        element = elements[before]
        if elements[before + 1].gap is not Gap.NONE:
            return False
        if element.words in _ARTICLES:
            continue
        if element.words == "and":
            if before == 0 or elements[before - 1].kind is not Kind.VALUE:
                return False
            continue
        if element.kind is Kind.CUE:
            return element.words.split(" ")[-1] in _WITH and Cue.NEGATION not in element.cues
        if element.kind is not Kind.VALUE:
            return False
    return False


def _adjacent(elements: Sequence[Element], at: int) -> Element | None:
    if at + 1 < len(elements) and elements[at + 1].gap is Gap.NONE:
        return elements[at + 1]
    return None


def _word(elements: Sequence[Element], at: int) -> str:
    return elements[at].words if 0 <= at < len(elements) else ""
