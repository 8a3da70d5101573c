"""Why a hit is where it is, in words for a shopper."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.composition import Wish
from engine.payload import PREDICTED
from engine.ranking.agreement import fulfils, texts
from engine.ranking.fusion import Candidate
from engine.types import Facet, Reason

LOOKS_ALIKE_FROM = 0.75
"""Share of the span between the nearest and the farthest picture of the pool."""
WORDS_MATCH_FROM = 0.75
_LOOKS_ALIKE = Reason(text="looks alike")
_WORDS_MATCH = Reason(text="title has your words")


def explainer(wishes: Sequence[Wish]) -> Callable[[Candidate], tuple[Reason, ...]]:
    """What says why a candidate is there, for many candidates of one query.

    One reason for each edit, met or not, then what else speaks for the hit. Most candidates share
    the values that a reason is about, so it is put into words once.
    """
    kinds = [wish for wish in wishes if wish.facet is Facet.TYPE and wish.edit is None]
    # Plain strings as keys: to hash an enum costs more than the rest.
    worded = [
        (str(wish.facet.value), wish, dict[tuple[str, ...], Reason | None]()) for wish in wishes
    ]

    def explain(candidate: Candidate) -> tuple[Reason, ...]:
        said: list[Reason] = []
        payload = candidate.payload
        # The nearest pictures of a small shop may well show something else.
        same_kind = all(fulfils(payload, wish) for wish in kinds)
        read = texts(payload.get(PREDICTED))
        for key, wish, known in worded:
            predicted = key in read
            values = (*texts(payload.get(key)), "predicted" if predicted else "")
            if values not in known:
                known[values] = _about(candidate, wish, predicted=predicted)
            reason = known[values]
            if reason is not None:
                said.append(reason)
        if same_kind and candidate.parts.get("picture", 0.0) >= LOOKS_ALIKE_FROM:
            said.append(_LOOKS_ALIKE)
        if candidate.parts.get("words", 0.0) >= WORDS_MATCH_FROM:
            said.append(_WORDS_MATCH)
        return tuple(said)

    return explain


def _about(candidate: Candidate, wish: Wish, *, predicted: bool) -> Reason | None:
    own = " or ".join(texts(candidate.payload.get(wish.facet))[:2])
    if wish.edit is None:
        if own and own == max(wish.credits, key=lambda value: wish.credits[value]):
            return Reason(text=f"also {own}", predicted=predicted)
        return None
    if fulfils(candidate.payload, wish):
        return Reason(text=f"{own}, as asked", predicted=predicted)
    text = f"{own}, not {wish.asked}" if own else f"{wish.facet.value} not known"
    return Reason(text=text, met=False, predicted=predicted)
