"""From what was understood to what is looked for: reference and edits become a `Target`.

"Like this but red" keeps what the reference is (type, gender) and **replaces** its colour: the
wanted colour does not come on top of the old one, neither as a wish nor in the vector
(`peers.md` §D4: plain sums drag the reference's details along).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.filters import And, Eq, Filter, In, Not, Range, both
from engine.payload import CURRENCY, MAYBE_FACETS, PRICE_MINOR, maybe
from engine.qualities import quality_wish
from engine.query.lexicon import Lexicon
from engine.types import Attribute, Degradation, Edit, Facet, Operation, Parse, Weights

KEPT = (Facet.TYPE, Facet.GENDER)
"""What a reference is, as opposed to how it looks: kept unless an edit says otherwise."""
SHADE_CREDIT = 0.3
"""What a shade is worth where its family was asked for: navy blue for "blue"."""
UNISEX_CREDIT = 0.7
BELIEF_FLOOR = 0.15
"""Beliefs about a predicted reference below this share of the likeliest are not kept."""

EDIT_WEIGHT = 8.0
"""An edit against the lists of `engine.ranking.fusion`, each of which gives at most 1. Chosen with
`KEPT_WEIGHT` and `engine.ranking.agreement.FLOOR` on the val split of KAGL without attributes."""
KEPT_WEIGHT = 5.0
TYPE_WEIGHT = 10.0
"""No colour makes up for another type: who asks for a red dress wants no red shirt."""
KEPT_FROM = 0.3
"""A reference's predicted value below this probability is not kept: it may well be wrong."""

Beliefs = Mapping[Facet, Mapping[str, float]]
"""Facet → value → probability."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reference:
    """What the query starts from.

    Attributes:
        picture: (D,) unit vector of the picture; ``None`` for a product without one.
        beliefs: What it is: certain for a product of the catalogue, predicted for an upload.
        attributes: The same as attributes, to show.
    """

    picture: NDArray[np.float32] | None
    beliefs: Beliefs
    attributes: tuple[Attribute, ...] = ()
    price_minor: int | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One thing that a hit should have, and how well each value fulfils it.

    Attributes:
        credits: Value → credit in (0, 1].
        edit: The edit it comes from; ``None`` when it is kept from the reference.
        asked: What that edit and its alternatives ask for, in words: "red or blue".
    """

    facet: Facet
    credits: Mapping[str, float]
    weight: float
    edit: Edit | None = None
    asked: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is looked for.

    Attributes:
        wishes: Soft: they order the hits.
        hard: What every hit fulfils.
        description: The target in words, for the text tower: "men red t-shirt long sleeve".
        source: The same words for the reference; the difference of both is the change.
        avoid: Words to stay away from.
        free_text: What the shopper typed beside the edits.
        degraded: Edits that could not be applied.
    """

    wishes: tuple[Wish, ...] = ()
    hard: Filter | None = None
    description: str = ""
    source: str = ""
    avoid: str = ""
    free_text: str = ""
    degraded: tuple[Degradation, ...] = ()

    @property
    def likely(self) -> tuple[Filter, ...]:
        """Filters for what may fulfil every wish, then for what may do so in type, colour, gender.

        The first leaves out products that say nothing of a pattern or a sleeve that was wished for.
        """
        main = [wish for wish in self.wishes if wish.facet in MAYBE_FACETS]
        tiers = [both(*map(_may_fulfil, wishes)) for wishes in (self.wishes, main)]
        return tuple(dict.fromkeys(tier for tier in tiers if tier is not None))


@dataclass(slots=True)
class _Draft:
    """A target under construction."""

    wishes: list[Wish] = field(default_factory=list[Wish])
    hard: list[Filter] = field(default_factory=list[Filter])
    words: list[str] = field(default_factory=list[str])
    avoid: list[str] = field(default_factory=list[str])
    degraded: list[Degradation] = field(default_factory=list[Degradation])


def compose(
    parse: Parse, *, reference: Reference | None, lexicon: Lexicon, weights: Weights
) -> Target:
    """Turn a parse and a reference into a target.

    Several SET edits of one facet are alternatives ("red or burgundy"). An edit on a facet that
    products do not carry still counts through the words of the description.
    """
    draft = _Draft()
    draft.degraded += [
        Degradation(part="words", message=f"'{each}' was left out: nothing is known of it here.")
        for each in parse.ignored
    ]
    chosen: dict[Facet, list[Edit]] = {}
    for edit in parse.edits:
        if edit.operation is Operation.SET and edit.attribute in set(Facet):
            chosen.setdefault(Facet(edit.attribute), []).append(edit)
        else:
            _constrain(draft, edit, reference, lexicon, weights)
    for facet, edits in chosen.items():
        _choose(draft, facet, edits, lexicon, weights)
    edited = {wish.facet for wish in draft.wishes} | set(chosen)
    refused = {edit.attribute for edit in parse.edits if edit.operation is Operation.NOT}
    facets = _keeping(edited, refused)
    kept = _kept(reference, facets, weights) if reference else ()
    description = _describe([*kept, *draft.wishes], draft.words)
    source = _describe([*kept, *_replaced(reference, edited)], []) if reference else ""
    return Target(
        wishes=(*draft.wishes, *kept),
        hard=both(*draft.hard),
        description=" ".join(part for part in (description, parse.free_text) if part)
        if reference
        else parse.free_text or description,
        source=source,
        avoid=" ".join(draft.avoid),
        free_text=parse.free_text,
        degraded=tuple(draft.degraded),
    )


def _may_fulfil(wish: Wish) -> Filter:
    key = maybe(wish.facet) if wish.facet in MAYBE_FACETS else wish.facet.value
    return In(key, tuple(sorted(wish.credits)))


def _choose(
    draft: _Draft, facet: Facet, edits: Sequence[Edit], lexicon: Lexicon, weights: Weights
) -> None:
    credit: dict[str, float] = {}
    for edit in edits:
        for value in lexicon.narrower(facet, edit.value):
            worth = 1.0 if value == edit.value or facet is not Facet.COLOUR else SHADE_CREDIT
            credit[value] = max(credit.get(value, 0.0), worth)
    if facet is Facet.GENDER and "unisex" in credit and "unisex" not in {e.value for e in edits}:
        credit["unisex"] = UNISEX_CREDIT
    weight = TYPE_WEIGHT if facet is Facet.TYPE else EDIT_WEIGHT
    draft.wishes.append(
        Wish(
            facet=facet,
            credits=credit,
            weight=weight * weights.edits,
            edit=edits[0],
            asked=" or ".join(dict.fromkeys(edit.value or edit.text for edit in edits)),
        )
    )
    if all(edit.hard for edit in edits):
        draft.hard.append(In(facet.value, tuple(sorted(credit))))


def _constrain(
    draft: _Draft, edit: Edit, reference: Reference | None, lexicon: Lexicon, weights: Weights
) -> None:
    match edit.operation:
        case Operation.AT_MOST | Operation.AT_LEAST:
            draft.hard.append(_price(edit))
        case Operation.NOT:
            draft.avoid.append(edit.value)
            if edit.hard and edit.attribute in set(Facet):
                facet = Facet(edit.attribute)
                draft.hard.append(
                    Not(In(facet.value, tuple(sorted(lexicon.narrower(facet, edit.value)))))
                )
        case Operation.MORE | Operation.LESS if edit.attribute == "price":
            _relative_price(draft, edit, reference)
        case Operation.MORE | Operation.LESS:
            colours = reference.beliefs.get(Facet.COLOUR) if reference else None
            wish = quality_wish(edit, colours=colours or {}, lexicon=lexicon)
            draft.words.append(wish.words)
            for facet, credit in wish.credits.items():
                draft.wishes.append(
                    Wish(
                        facet=facet,
                        credits=credit,
                        weight=EDIT_WEIGHT * weights.edits,
                        edit=edit,
                        asked=edit.value or edit.text,
                    )
                )
        case Operation.SET:  # an attribute that products do not carry, such as a logo
            draft.words.append(edit.value)


def _price(edit: Edit) -> Filter:
    amount = float(edit.value)
    bound = (
        Range(PRICE_MINOR, at_most=amount)
        if edit.operation is Operation.AT_MOST
        else Range(PRICE_MINOR, at_least=amount)
    )
    return And((bound, Eq(CURRENCY, edit.currency))) if edit.currency else bound


def _relative_price(draft: _Draft, edit: Edit, reference: Reference | None) -> None:
    if reference is None or reference.price_minor is None:
        draft.degraded.append(
            Degradation(
                part=edit.edit_id,
                message=f"'{edit.text}' was left out: there is no price to compare with.",
            )
        )
        return
    bound = (
        Range(PRICE_MINOR, at_most=reference.price_minor - 1)
        if edit.operation is Operation.LESS
        else Range(PRICE_MINOR, at_least=reference.price_minor + 1)
    )
    same = Eq(CURRENCY, reference.currency) if reference.currency else None
    draft.hard.append(And((bound, same)) if same else bound)


def _keeping(edited: set[Facet], refused: Collection[str]) -> list[Facet]:
    """Facets that the reference hands on.

    Its colour is one where it is to be something else, as in "like this but as a skirt": nothing
    else is left to be like. Otherwise its picture says how much the colour counts.
    """
    kept = [facet for facet in KEPT if facet not in edited]
    another = len(kept) < len(KEPT)
    if another and Facet.COLOUR not in edited and Facet.COLOUR.value not in refused:
        kept.append(Facet.COLOUR)
    return kept


def _kept(reference: Reference, facets: Sequence[Facet], weights: Weights) -> tuple[Wish, ...]:
    kept: list[Wish] = []
    for facet in facets:
        beliefs = reference.beliefs.get(facet, {})
        if not beliefs:
            continue
        likeliest = max(beliefs.values())
        if likeliest < KEPT_FROM:
            continue
        credit = {
            value: belief / likeliest
            for value, belief in beliefs.items()
            if belief >= BELIEF_FLOOR * likeliest
        }
        if facet is Facet.GENDER:
            credit.setdefault("unisex", UNISEX_CREDIT * max(credit.values()))
        weight = TYPE_WEIGHT if facet is Facet.TYPE else KEPT_WEIGHT
        kept.append(Wish(facet=facet, credits=credit, weight=weight * weights.picture))
    return tuple(kept)


def _replaced(reference: Reference | None, edited: set[Facet]) -> list[Wish]:
    """The reference's own values of the facets that were edited."""
    if reference is None:
        return []
    beliefs = reference.beliefs
    return [
        Wish(facet=facet, credits=beliefs[facet], weight=0.0)
        for facet in sorted(edited)
        if beliefs.get(facet)
    ]


_ORDER = (Facet.GENDER, Facet.COLOUR, Facet.PATTERN, Facet.MATERIAL, Facet.TYPE)


def _describe(wishes: Sequence[Wish], words: Sequence[str]) -> str:
    """Words in the order of a product title: gender, colour, pattern, material, type, the rest."""
    best: dict[Facet, str] = {}
    for wish in wishes:
        value = wish.edit.value if wish.edit and wish.edit.value in wish.credits else ""
        best.setdefault(wish.facet, value or max(wish.credits, key=lambda v: wish.credits[v]))
    first = [best[facet] for facet in _ORDER if facet in best]
    rest = [value for facet, value in best.items() if facet not in _ORDER]
    return " ".join([*first, *rest, *words])
