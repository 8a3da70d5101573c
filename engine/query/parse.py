"""From words to edits: what a shopper asks for in a modification or in a search.

    >>> parse = parse_modification("like this but red, no stripes, under 40 euros")
    >>> [edit.edit_id for edit in parse.edits]
    ['colour:set:red', 'pattern:not:striped', 'price:at_most:4000']

Price bounds, refusals, brands and (in a modification) genders are hard; other wishes are soft.
"only", "must be" and "exactly" make a wish hard, "preferably" and "ideally" make it soft.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from engine.errors import InvalidInput
from engine.query.brands import brand_table
from engine.query.context import context_of
from engine.query.elements import Element, Gap, Kind, Scanner
from engine.query.language import Cue
from engine.query.lexicon import Lexicon, default_lexicon
from engine.query.prices import PRICE, find_prices
from engine.query.remainder import remaining_words, unmade_of, without_phrase
from engine.query.scope import Reading, Wish, read_wishes
from engine.types import Edit, Facet, Operation, Parse

LONGEST_TEXT = 2000
"""Characters of the longest sentence that is read."""

_HARD_IN_MODIFICATION = frozenset({Facet.GENDER, Facet.BRAND})
_HARD_IN_QUERY = frozenset({Facet.BRAND})


def parse_modification(
    text: str, *, lexicon: Lexicon | None = None, brands: Collection[str] = frozenset()
) -> Parse:
    """Reads what should be different from a reference: "but red, no sleeves, under 40".

    Args:
        text: At most 2,000 characters.
        lexicon: The vocabulary; the one that comes with Lookalike by default.
        brands: The catalogue's brands. Pass the same frozenset each time: its table is kept.

    Returns:
        The edits in the order of their words, and the words of which nothing could be made.

    Raises:
        InvalidInput: The text is longer than 2,000 characters.
    """
    elements, prices, reading = _read(text, lexicon, brands)
    edits = _edits(text, elements, prices, reading, _HARD_IN_MODIFICATION)
    free_text = remaining_words(text, elements, unmade_of(elements, reading))
    ignored = _ignored(text, elements, reading)
    return Parse(text=text, edits=edits, free_text=free_text, ignored=ignored)


def parse_query(
    text: str, *, lexicon: Lexicon | None = None, brands: Collection[str] = frozenset()
) -> Parse:
    """Reads a search: "red summer dresses under 40 for women not nike".

    As `parse_modification`, but `free_text` keeps every word that describes the product (it is
    what the text encoder gets) and gender is a soft wish.

    Raises:
        InvalidInput: The text is longer than 2,000 characters.
    """
    elements, prices, reading = _read(text, lexicon, brands)
    edits = _edits(text, elements, prices, reading, _HARD_IN_QUERY)
    kept = [
        at
        for at, element in enumerate(elements)
        if at not in reading.refused
        and element.kind not in {Kind.CUE, Kind.PRICE}
        and not (element.kind is Kind.QUALITY and element.quality == PRICE)
    ]
    return Parse(
        text=text,
        edits=edits,
        free_text=remaining_words(text, elements, kept),
        ignored=_ignored(text, elements, reading),
    )


def without(parse: Parse, dropped_ids: Collection[str]) -> Parse:
    """The parse without the edits of these ids; unknown ids change nothing.

    Words of a dropped wish leave `free_text` too, so that a search for "red dress" without
    ``colour:set:red`` is a search for "dress".
    """
    gone = [edit for edit in parse.edits if edit.edit_id in dropped_ids]
    free_text = parse.free_text
    for edit in gone:
        free_text = without_phrase(free_text, edit.text)
    return replace(
        parse,
        edits=tuple(edit for edit in parse.edits if edit.edit_id not in dropped_ids),
        free_text=free_text,
        dropped=tuple(dict.fromkeys((*parse.dropped, *(edit.edit_id for edit in gone)))),
    )


def _read(
    text: str, lexicon: Lexicon | None, brands: Collection[str]
) -> tuple[Sequence[Element], tuple[Edit, ...], Reading]:
    if len(text) > LONGEST_TEXT:
        raise InvalidInput(
            f"got {len(text)} characters, expected at most {LONGEST_TEXT}",
            where="text",
            hint="Say it in fewer words.",
        )
    lexicon = lexicon or default_lexicon()
    table = brand_table(frozenset(brands), lexicon)
    tokens = lexicon.tokens(text, correct=True, known=table.words)
    prices = find_prices(text)
    elements = Scanner(text, tokens, prices, lexicon, table).scan()
    return elements, prices, read_wishes(elements, context_of(elements, lexicon))


def _ignored(text: str, elements: Sequence[Element], reading: Reading) -> tuple[str, ...]:
    """Refusals of what nothing is known of, as typed: "not acme"."""
    phrases: list[str] = []
    last = -2
    for at in reading.lost:
        element = elements[at]
        if at == last + 1 and element.gap is Gap.NONE:
            phrases[-1] += text[elements[last].end : element.end]
        else:
            phrases.append(text[element.start : element.end])
        last = at
    return tuple(phrases)


def _edits(
    text: str,
    elements: Sequence[Element],
    prices: tuple[Edit, ...],
    reading: Reading,
    hard: frozenset[Facet],
) -> tuple[Edit, ...]:
    wished = [_edit(text, elements[wish.at], wish, hard) for wish in reading.wishes]
    by_id: dict[str, Edit] = {}
    for edit in sorted((*wished, *prices), key=lambda edit: edit.start):
        by_id.setdefault(edit.edit_id, edit)  # what is said twice is one edit
    return tuple(by_id.values())


def _edit(text: str, element: Element, wish: Wish, hard: frozenset[Facet]) -> Edit:
    operation, is_hard = _operation(element, wish, hard)
    return Edit(
        attribute=element.quality or (element.facet or Facet.TYPE).value,
        operation=operation,
        value=element.value,
        start=wish.start,
        end=element.end,
        text=text[wish.start : element.end],
        hard=is_hard if wish.insisted is None else wish.insisted,
    )


def _operation(element: Element, wish: Wish, hard: frozenset[Facet]) -> tuple[Operation, bool]:
    if element.kind is Kind.QUALITY:
        # "isn't too tight" does not want it tighter.
        flipped = wish.refused and element.degree is not Cue.LESS
        return (Operation.MORE if element.more is not flipped else Operation.LESS), False
    if element.kind is Kind.PART:  # refusing sleeves asks for sleeveless
        return (Operation.SET, False) if wish.refused else (Operation.NOT, True)
    if element.degree is Cue.LESS:
        return Operation.NOT, False
    if wish.refused:
        return Operation.NOT, True
    return Operation.SET, element.facet in hard
