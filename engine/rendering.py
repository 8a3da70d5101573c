"""A garment as it would be: what a change in words makes of its attributes, and what was drawn.

"Variant" is also what shops call the sizes and colours of one design; a picture that somebody
drew of a garment is a `Rendering` here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.composition import Beliefs
from engine.errors import InvalidInput
from engine.ids import PictureHash, ProductId
from engine.qualities import quality_wish
from engine.query.lexicon import Lexicon
from engine.types import BoxPx, Degradation, Edit, Facet, ImageRGB, Operation, Parse

__all__ = [
    "DRAWN",
    "MAX_SEED",
    "Change",
    "DrawRequest",
    "Rendering",
    "Source",
    "change_of",
    "facets_to_draw",
]

DRAWN = (
    Facet.TYPE,
    Facet.COLOUR,
    Facet.PATTERN,
    Facet.GENDER,
    Facet.SLEEVE,
    Facet.NECK,
    Facet.MATERIAL,
)
"""What a picture of a garment can be drawn from."""
MAX_SEED = 2**31 - 1
"""The largest that a first picture may be asked for with."""
_BELIEVED_FROM = 0.3
_SURE_FROM = 0.9
"""Belief in a type from which it is no mere guess of a picture."""
_NO_SLEEVE_OR_NECK = frozenset(
    {"accessories", "bags", "beauty", "bottoms", "footwear", "jewellery", "other"}
)
"""Categories of types."""
_WITHOUT: Mapping[Facet, str] = {Facet.PATTERN: "plain"}
"""What is left of a facet whose value is refused; of the others nobody knows what instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A garment before and after.

    Attributes:
        before: Facet of `DRAWN` → canonical value that the reference has.
        after: The same of what is to be drawn.
        edits: Those that `after` fulfils.
        unseen: Those that no picture shows, such as a price, or whose outcome nobody knows.
    """

    before: Mapping[Facet, str]
    after: Mapping[Facet, str]
    edits: tuple[Edit, ...] = ()
    unseen: tuple[Degradation, ...] = ()

    @property
    def facets(self) -> frozenset[Facet]:
        """Those that differ."""
        return frozenset(
            facet for facet in self.after if self.after[facet] != self.before.get(facet)
        )


def facets_to_draw(change: Change) -> frozenset[Facet]:
    """What differs, for who is about to draw it.

    Raises:
        InvalidInput: Nothing does.
    """
    if not change.facets:
        raise InvalidInput(
            "the change leaves the garment as it is.",
            where="modification",
            hint="Ask for another colour, pattern, material, sleeve, neck or type: 'but red'.",
            code="variant.no_change",
        )
    return change.facets


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawRequest:
    """What a `engine.ports.Renderer` is asked for.

    Attributes:
        reference: The picture that shows the garment.
        change: What becomes of it.
        box_xyxy_px: Where the garment is, if the shopper drew it.
        title: Of the product; empty for a shopper's own picture.
        without: Products that must not help: the reference itself and its group.
    """

    reference: ImageRGB
    change: Change
    box_xyxy_px: BoxPx | None = None
    title: str = ""
    without: frozenset[ProductId] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A product of the catalogue that helped to draw.

    Attributes:
        similarity: Cosine of its caption with what was asked for.
    """

    product_id: ProductId
    title: str
    picture: PictureHash
    similarity: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rendering:
    """One picture that was drawn.

    Attributes:
        image: At the reference's size unless it is a sketch.
        seed: Draws the same picture again.
        sketch: It shows what is meant at a low resolution, not the shopper's own garment.
        sources: Nearest first.
        notes: What a viewer should know, in words for a shopper.
    """

    image: ImageRGB
    seed: int
    sketch: bool = False
    sources: tuple[Source, ...] = ()
    notes: tuple[str, ...] = field(default=())


def change_of(parse: Parse, beliefs: Beliefs, lexicon: Lexicon) -> Change:
    """What a modification makes of a garment.

    Of alternatives ("red or blue") the first is drawn.

    Args:
        parse: The modification as understood.
        beliefs: What the reference is, see `engine.composition.Reference`.
        lexicon: Knows what "darker" is darker than.
    """
    before = _likeliest(beliefs)
    after = dict(before)
    drawn: set[str] = set()
    unseen: list[Degradation] = []
    chosen: set[Facet] = set()
    # What is named comes before what only follows from it: "not striped but dotted" is dotted; and
    # the type before the rest, which it may not have.
    for edit in sorted(
        parse.edits,
        key=lambda each: (each.operation is not Operation.SET, each.attribute != Facet.TYPE.value),
    ):
        values = _outcome(edit, after, beliefs, lexicon)
        if not isinstance(values, str):
            other = [
                after[each] for each in values if each in chosen and after[each] != values[each]
            ]
            if other:
                values = f"{' '.join(other)} is drawn."
        if isinstance(values, str):
            unseen.append(Degradation(part=edit.edit_id, message=f"'{edit.text}': {values}"))
            continue
        drawn.add(edit.edit_id)
        after |= values
        chosen |= set(values)
    left = (*parse.ignored, *([parse.free_text] if parse.free_text else []))
    patterned = Facet.PATTERN in chosen
    unseen += [
        Degradation(part="words", message=f"'{each}': {_why_left(each, patterned, lexicon)}")
        for each in left
    ]
    edits = tuple(each for each in parse.edits if each.edit_id in drawn)
    return Change(before=before, after=after, edits=edits, unseen=tuple(unseen))


def _why_left(words: str, patterned: bool, lexicon: Lexicon) -> str:
    if patterned and any(each in lexicon.labs for each in words.split()):
        return "the colours of a pattern cannot be chosen; each seed has another."
    return "nothing is known of it here."


def _likeliest(beliefs: Beliefs) -> dict[Facet, str]:
    best = {facet: max(held, key=lambda v: held[v]) for facet, held in beliefs.items() if held}
    return {
        facet: best[facet]
        for facet in DRAWN
        if facet in best and beliefs[facet][best[facet]] >= _BELIEVED_FROM
    }


def _outcome(
    edit: Edit, so_far: Mapping[Facet, str], beliefs: Beliefs, lexicon: Lexicon
) -> Mapping[Facet, str] | str:
    """What an edit sets of a garment, or why it cannot be drawn."""
    if edit.attribute == "price" or edit.operation in (Operation.AT_MOST, Operation.AT_LEAST):
        return "a price cannot be seen."
    facet = next((each for each in DRAWN if each.value == edit.attribute), None)
    match edit.operation:
        case Operation.SET if facet:
            kind = so_far.get(Facet.TYPE, "")
            sure = beliefs.get(Facet.TYPE, {}).get(kind, 1.0) >= _SURE_FROM  # or asked for
            bare = lexicon.category(kind) in _NO_SLEEVE_OR_NECK
            if facet in (Facet.SLEEVE, Facet.NECK) and bare and sure:
                return f"nothing called {kind} has a {facet.value}."
            return {facet: edit.value}
        case Operation.NOT if facet:
            held = so_far.get(facet)
            if held is None or held not in lexicon.narrower(facet, edit.value):
                return {}  # it is so already
            if facet in _WITHOUT:
                return {facet: _WITHOUT[facet]}
            return "it says what not, and not what instead."
        case Operation.MORE | Operation.LESS:
            wish = quality_wish(edit, colours=beliefs.get(Facet.COLOUR, {}), lexicon=lexicon)
            found = {
                facet: max(credit, key=lambda v: credit[v])
                for facet, credit in wish.credits.items()
                if facet in DRAWN
            }
            if wish.credits and not found:
                return "this cannot be drawn."
            return found or "there is nothing further that way."
        case _:
            return "this cannot be drawn."
