"""What a sentence wants and what it refuses: how far a "not", an "only", a "preferably" reaches.

A negation reaches over the values after it, through "or" and "nor", through "and" to a value of the
same kind, and through commas only inside a list that ends in "or". A word of which nothing is known
takes the negation on itself ("no zip, red" refuses the zip). "Only" and "preferably" reach over
values of one kind to the next comma, "but" or price.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from engine.query.context import Context
from engine.query.elements import Element, Gap, Kind
from engine.query.language import Cue
from engine.types import Facet

_LOOK_AHEAD = 8  # elements of a list that are searched for its "or"
_TURNS = frozenset({"but", "make it", "give me", "show me"})
_HOLDING = frozenset(
    {"with", "has", "have", "having", "need", "needs", "want", "wants", "add", "w", "is"}
)


@dataclass(frozen=True, slots=True)
class Wish:
    """An element that asks for something.

    Attributes:
        at: Position of the element.
        start: Offset where its words begin, a negation before it included.
        refused: It is asked not to be.
        insisted: True after "only", False after "preferably", None otherwise.
    """

    at: int
    start: int
    refused: bool
    insisted: bool | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a sentence asks for.

    Attributes:
        wishes: In the order of their words.
        refused: Positions of all elements that are refused, the negations included.
        details: Positions of values and qualities that describe a detail.
        lost: Positions of what is refused and about which nothing can be done.
    """

    wishes: tuple[Wish, ...]
    refused: frozenset[int]
    details: frozenset[int]
    lost: tuple[int, ...]


@dataclass(slots=True)
class _State:
    negation: int | None = None  # position of the cue
    reached: bool = False  # a value has been refused
    spent: bool = False  # unknown words have been refused
    facet: Facet | None = None  # of the value refused last
    insisted: bool | None = None
    insisted_facet: Facet | None = None  # of the first value after "only"
    refused: set[int] = field(default_factory=set[int])

    def insist(self, hard: bool | None) -> None:
        self.insisted, self.insisted_facet = hard, None

    def insisted_on(self, facet: Facet | None) -> bool | None:
        """What holds for a value: "only red handbags" insists on red and not on handbags."""
        if self.insisted_facet is None:
            self.insisted_facet = facet
        return self.insisted if facet is self.insisted_facet else None

    def end_negation(self) -> None:
        self.negation, self.reached, self.spent, self.facet = None, False, False, None


def read_wishes(elements: Sequence[Element], context: Context) -> Reading:
    """Reads the elements of a sentence from left to right."""
    state = _State()
    unwished = context.references | context.details
    wishes: list[Wish] = []
    for at, element in enumerate(elements):
        _cross_gap(state, elements, at)
        match element.kind:
            case Kind.CUE:
                _hear(state, elements, at)
            case Kind.PRICE:
                state.end_negation()
                state.insist(None)
            case Kind.WORD:
                state.insist(None)  # "on only one side" insists on nothing after the side
                _refuse_word(state, elements, at)
            case Kind.VALUE | Kind.QUALITY | Kind.PART:
                wish = _wish(state, elements, at, unwished)
                if wish is not None:
                    wishes.append(_insisted_after(wish, elements))
    done = [(elements[wish.at].end, wish.start) for wish in wishes]
    lost = [
        at
        for at in sorted(state.refused)
        if not any(start <= elements[at].start < end for end, start in done)
    ]
    return Reading(tuple(wishes), frozenset(state.refused), context.details, tuple(lost))


def _cross_gap(state: _State, elements: Sequence[Element], at: int) -> None:
    gap = elements[at].gap
    if gap is Gap.NONE:
        return
    state.insist(None)
    if gap is Gap.STOP or not _list_goes_on(state, elements, at):
        state.end_negation()


def _list_goes_on(state: _State, elements: Sequence[Element], at: int) -> bool:
    """Whether the value after a comma belongs to a list: "not red, black or blue"."""
    if state.negation is None or not state.reached:
        return False
    for each in elements[at : at + _LOOK_AHEAD]:
        if each.kind is Kind.VALUE and each.facet is state.facet:
            continue
        return each.words in {"or", "nor"}
    return False


def _hear(state: _State, elements: Sequence[Element], at: int) -> None:
    element = elements[at]
    cues = element.cues
    if Cue.NEUTRAL in cues:
        return
    if Cue.NEGATION in cues:
        state.end_negation()
        state.negation = at
        return
    if element.words in _TURNS:
        state.end_negation()
        state.insist(None)
    elif state.spent or (Cue.WANTED in cues and state.reached):
        state.end_negation()
    elif element.words == "and" and state.reached:
        following = elements[at + 1] if at + 1 < len(elements) else None
        if following is None or following.facet is not state.facet:
            state.end_negation()
    if _follows_its_value(elements, at):
        return
    if Cue.HARD in cues:
        state.insist(True)
    elif Cue.SOFT in cues:
        state.insist(False)


def _refuse_word(state: _State, elements: Sequence[Element], at: int) -> None:
    if state.negation is None:
        before = elements[at - 1] if at else None
        if before is not None and before.kind is Kind.CUE and Cue.LESS in before.cues:
            state.refused |= {at - 1, at}  # "less wrinkles"
        return
    if state.reached:
        state.end_negation()
        return
    state.refused |= {state.negation, at}
    state.spent = True


def _wish(
    state: _State, elements: Sequence[Element], at: int, unwished: AbstractSet[int]
) -> Wish | None:
    element = elements[at]
    if state.spent:
        negated_noun = element.noun or element.kind is Kind.PART
        state.end_negation()
        if negated_noun:  # "no funny stripes"; but "not acme shoes" are shoes
            state.refused.add(at)
            return None
    if state.negation is None:
        return _asked(state, elements, at, unwished)
    first = not state.reached
    if not first and element.facet is Facet.TYPE and elements[at - 1].kind is Kind.VALUE:
        state.end_negation()  # "not red shoes" refuses red, not shoes
        return None
    start = elements[state.negation].start if first else element.start
    state.refused |= {state.negation, at} if first else {at}
    state.reached, state.facet = True, element.facet
    return Wish(at=at, start=start, refused=True, insisted=state.insisted_on(element.facet))


def _asked(
    state: _State, elements: Sequence[Element], at: int, unwished: AbstractSet[int]
) -> Wish | None:
    element = elements[at]
    if at in unwished:
        return None
    if element.kind is Kind.PART and not (at and elements[at - 1].words in _HOLDING):
        return None
    return Wish(
        at=at, start=element.start, refused=False, insisted=state.insisted_on(element.facet)
    )


def _follows_its_value(elements: Sequence[Element], at: int) -> bool:
    """Whether the cue insists on the value before it instead of on what follows: "red only"."""
    if not elements[at].cues & {Cue.HARD_AFTER, Cue.SOFT_AFTER} or at == 0:
        return False
    if elements[at].gap is not Gap.NONE or elements[at - 1].kind is not Kind.VALUE:
        return False
    following = elements[at + 1] if at + 1 < len(elements) else None
    return following is None or following.gap is not Gap.NONE or following.kind is not Kind.VALUE


def _insisted_after(wish: Wish, elements: Sequence[Element]) -> Wish:
    after = wish.at + 1
    if after < len(elements) and _follows_its_value(elements, after):
        hard = Cue.HARD_AFTER in elements[after].cues
        return Wish(at=wish.at, start=wish.start, refused=wish.refused, insisted=hard)
    return wish
