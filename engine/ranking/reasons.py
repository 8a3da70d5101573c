"""Why a hit is where it is, in words for a shopper."""

from __future__ import annotations

from collections.abc import Sequence

from engine.composition import Wish
from engine.ranking.agreement import fulfils, is_predicted, texts
from engine.ranking.fusion import Candidate
from engine.types import Reason

LOOKS_ALIKE_FROM = 0.75
"""Share of the span between the nearest and the farthest picture of the pool."""
WORDS_MATCH_FROM = 0.75


def reasons(candidate: Candidate, wishes: Sequence[Wish]) -> tuple[Reason, ...]:
    """One reason for each edit, met or not, then what else speaks for the hit."""
    said: list[Reason] = []
    for wish in wishes:
        own = " or ".join(texts(candidate.payload.get(wish.facet.value))[:2])
        predicted = is_predicted(candidate.payload, wish.facet)
        met = fulfils(candidate.payload, wish)
        if wish.edit is None:
            if own and own == max(wish.credits, key=lambda value: wish.credits[value]):
                said.append(Reason(text=f"also {own}", predicted=predicted))
        elif met:
            said.append(Reason(text=f"{own}, as asked", predicted=predicted))
        else:
            asked = wish.edit.value or wish.edit.text
            text = f"{own}, not {asked}" if own else f"{wish.facet.value} not known"
            said.append(Reason(text=text, met=False, predicted=predicted))
    if candidate.parts.get("picture", 0.0) >= LOOKS_ALIKE_FROM:
        said.append(Reason(text="looks alike"))
    if candidate.parts.get("words", 0.0) >= WORDS_MATCH_FROM:
        said.append(Reason(text="title has your words"))
    return tuple(said)
