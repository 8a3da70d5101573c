"""Price bounds in a sentence: "under 40 euros", "20-50 €", "around 50", "max 1.299,00 €".

A number is a price when a currency stands beside it or when words say so; "size 40", "50% cotton"
and "2 pockets" are not. Each number is judged within a window of fixed width, so the time is linear
in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from engine.query.money import Money, find_money, minor_units
from engine.types import Edit, Operation

PRICE = "price"
AROUND_FRAC = Decimal("0.2")
"""How far "around 50" reaches to either side."""

_WINDOW = 40  # characters before and after a number that are looked at

# What may stand between a "not" and the "over" that it turns round: "don't want to pay over 40".
# Any other word is what is refused: "not green under 40".
_FILLER = (
    r"a|anything|be|bit|cost|costing|costs|far|go|goes|going|it|much|pay|paying|price|priced|spend"
    r"|spending|that|the|to|too|want|wants|way"
)
_NOT = rf"(?P<negated>(?:not|no|never|nothing|don'?t)\s{{1,3}}(?:(?:{_FILLER})\s{{1,3}}){{0,3}})?"
_MOST = (
    r"under|below|beneath|less\s{1,3}than|lower\s{1,3}than|cheaper\s{1,3}than|fewer\s{1,3}than|at\s{1,3}most"
    r"|up\s{1,3}to|upto|until|max(?:imum)?(?:\s{1,3}of)?\.?|within|no\s{1,3}more\s{1,3}than|<=?|≤|capped\s{1,3}at"
    r"|(?:my\s{1,3})?budget(?:\s{1,3}(?:of|is|up\s{1,3}to|under|around))?|sub|not\s{1,3}exceeding|inside"
)
_LEAST = (
    r"over|above|more\s{1,3}than|higher\s{1,3}than|at\s{1,3}least|starting\s{1,3}(?:at|from)|min(?:imum)?(?:\s{1,3}of)?\.?"
    r"|upwards\s{1,3}of|no\s{1,3}less\s{1,3}than|>=?|≥|dearer\s{1,3}than|pricier\s{1,3}than|exceeding|beyond"
    r"|more\s{1,3}expensive\s{1,3}than"
)
_ABOUT = (
    r"around|about|approx(?:imately|\.)?|roughly|circa|ca\.?|~|≈|near(?:ly)?|close\s{1,3}to"
    r"|in\s{1,3}the\s{1,3}region\s{1,3}of"
)
_LINK = r"(?:\s{0,3}(?:a\s{1,3}price\s{1,3}of|the\s{1,3}price\s{1,3}of|of|is|:|=))?\s{0,3}$"
_BEFORE = re.compile(
    rf"(?<![\w]){_NOT}(?:(?P<most>{_MOST})|(?P<least>{_LEAST})|(?P<about>{_ABOUT})){_LINK}",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"\s{0,3},?\s{0,3}(?:(?P<most>or\s{1,3}(?:less|under|below|cheaper|lower)|and\s{1,3}(?:under|below|less)"
    r"|max(?:imum)?|tops|at\s{1,3}(?:the\s{1,3})?most)"
    r"|(?P<least>\+|or\s{1,3}(?:more|over|above|higher|up)|and\s{1,3}(?:up|above|over|more|higher)|upwards"
    r"|min(?:imum)?|at\s{1,3}least)|(?P<about>-?ish|or\s{1,3}so))(?!\w)",
    re.IGNORECASE,
)
_RANGE = re.compile(
    r"\s{0,3}(?:-|–|—|to|and|till|until|up\s{1,3}to|through|\.\.)\s{0,3}", re.IGNORECASE
)
_RANGE_BEFORE = re.compile(
    r"(?<!\w)(?:between|from|in\s{1,3}the\s{1,3}range(?:\s{1,3}of)?|ranging\s{1,3}from|price[sd]?|costs?|costing|budget"
    r"|betwen)(?:\s{1,3}(?:of|is|from|between|range|at))?\s{0,3}:?\s{0,3}$",
    re.IGNORECASE,
)
_PLAIN_BEFORE = re.compile(
    r"(?<!\w)(?:for|price[sd]?|costs?|costing|at|worth|pay|spend)(?:\s{1,3}(?:of|is|at|tag|only|just))?\s{0,3}:?\s{0,3}$",
    re.IGNORECASE,
)
_PRICED_BEFORE = re.compile(
    r"(?<!\w)(?:price[sd]?|costs?|costing)(?:\s{1,3}(?:of|is|at|tag))?\s{0,3}:?\s{0,3}$",
    re.IGNORECASE,
)
# What a number counts when it is no price: "over 30 years", "50 % cotton", "more than 2 buttons".
_OTHER_UNIT = re.compile(
    r"\s{0,2}(?:[%\"°]|(?:percent|cm|mm|m|inch|inches|years?|yrs?|yo|days?|weeks?|months?|ml|l|g|kg|oz|denier|den"
    r"|pcs|pieces|pack|pairs|buttons|pockets|stripes|straps|colou?rs|layers|items|results|products|sizes|dots|logos"
    r"|sleeves|people|wears|washes|times)(?!\w))",
    re.IGNORECASE,
)
_SIZE_BEFORE = re.compile(
    r"(?<!\w)(?:sizes?|eu|uk|us|waist|number|no\.|nr\.?|age[ds]?|years?|pack\s{1,3}of|set\s{1,3}of|iphone)\s{0,3}:?\s{0,3}$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Bounds:
    """Price bounds, and where the words for them begin and end."""

    least: Decimal | None
    most: Decimal | None
    start: int
    middle: int
    end: int
    currency: str


def find_prices(text: str) -> tuple[Edit, ...]:
    """The price bounds of a text as hard edits, in order, not overlapping.

    Two bounds of one expression ("around 50") share its characters: the first edit has the words
    up to the middle, the second the rest.
    """
    amounts = find_money(text)
    edits: list[Edit] = []
    at, floor = 0, 0
    while at < len(amounts):
        bounds, taken = _read(text, amounts, at, floor)
        if bounds is not None:
            edits += _edits(text, bounds)
            floor = bounds.end
        at += taken
    return tuple(edits)


def _read(text: str, amounts: Sequence[Money], at: int, floor: int) -> tuple[_Bounds | None, int]:
    money = amounts[at]
    before = text[max(floor, money.start - _WINDOW) : money.start]
    shift = money.start - len(before)  # offset of the window in the text
    if at + 1 < len(amounts):
        span = _range(text, money, amounts[at + 1], before, shift)
        if span is not None:
            return span, 2
    return _single(text, money, before, shift), 1


def _range(text: str, low: Money, high: Money, before: str, shift: int) -> _Bounds | None:
    if not _RANGE.fullmatch(text, low.end, high.start) or _not_money(text, high):
        return None
    said = _RANGE_BEFORE.search(before)
    currency = high.currency or low.currency
    if not (said or currency) or _SIZE_BEFORE.search(before):
        return None
    first, second = low.amount, high.amount
    if first < second and low.thousand < high.thousand:  # "1-2k"
        first *= 1000
    return _Bounds(
        least=min(first, second),
        most=max(first, second),
        start=shift + said.start() if said else low.start,
        middle=low.end,
        end=high.end,
        currency=currency,
    )


def _single(text: str, money: Money, before: str, shift: int) -> _Bounds | None:
    if _not_money(text, money):
        return None
    cue = _BEFORE.search(before)
    after = _AFTER.match(text, money.end, min(len(text), money.end + _WINDOW))
    if cue is not None:
        start, kind = shift + cue.start(), _kind(cue)
        if cue["negated"]:
            kind = {"most": "least", "least": "most"}.get(kind, kind)
        # "not more than 40 at most": what stands before decides
        return _bounds(money, kind, start, start_of_number=money.start, end=money.end)
    if after is not None and (money.currency or _kind(after) != "least" or _priced(before)):
        return _bounds(money, _kind(after), money.start, start_of_number=money.end, end=after.end())
    if money.currency or _PRICED_BEFORE.search(before):
        plain = _PLAIN_BEFORE.search(before)
        start = shift + plain.start() if plain else money.start
        return _bounds(money, "most", start, start_of_number=money.start, end=money.end)
    return None


def _bounds(money: Money, kind: str, start: int, *, start_of_number: int, end: int) -> _Bounds:
    least = most = None
    if kind == "about":
        least, most = money.amount * (1 - AROUND_FRAC), money.amount * (1 + AROUND_FRAC)
    elif kind == "most":
        most = money.amount
    else:
        least = money.amount
    return _Bounds(
        least=least,
        most=most,
        start=start,
        middle=start_of_number,
        end=end,
        currency=money.currency,
    )


def _kind(cue: re.Match[str]) -> str:
    return next(kind for kind in ("most", "least", "about") if cue[kind])


def _priced(before: str) -> bool:
    return _PRICED_BEFORE.search(before) is not None


def _not_money(text: str, money: Money) -> bool:
    if money.currency:
        return False
    before = text[max(0, money.start - _WINDOW) : money.start]
    return _OTHER_UNIT.match(text, money.end) is not None or _SIZE_BEFORE.search(before) is not None


def _edits(text: str, bounds: _Bounds) -> list[Edit]:
    both = bounds.least is not None and bounds.most is not None
    middle = bounds.middle
    edits: list[Edit] = []
    if bounds.least is not None:
        span = (bounds.start, middle if both else bounds.end)
        edits.append(_edit(text, Operation.AT_LEAST, bounds.least, span, bounds.currency))
    if bounds.most is not None:
        span = (middle if both else bounds.start, bounds.end)
        edits.append(_edit(text, Operation.AT_MOST, bounds.most, span, bounds.currency))
    return edits


def _edit(
    text: str, operation: Operation, amount: Decimal, span: tuple[int, int], currency: str
) -> Edit:
    start, end = span
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Edit(
        attribute=PRICE,
        operation=operation,
        value=str(minor_units(amount)),
        start=start,
        end=end,
        text=text[start:end],
        hard=True,
        currency=currency,
    )
