"""Amounts of money in a text: a number with or without a currency beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

_CURRENCIES: Mapping[str, str] = {
    "€": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR",
    "$": "USD", "usd": "USD", "us$": "USD", "dollar": "USD", "dollars": "USD", "buck": "USD",
    "bucks": "USD",
    "£": "GBP", "gbp": "GBP", "pound": "GBP", "pounds": "GBP", "quid": "GBP",
    "₹": "INR", "inr": "INR", "rs": "INR", "rs.": "INR", "rupee": "INR", "rupees": "INR",
    "¥": "JPY", "jpy": "JPY", "yen": "JPY", "cny": "CNY", "yuan": "CNY", "rmb": "CNY",
    "chf": "CHF", "francs": "CHF", "cad": "CAD", "c$": "CAD", "ca$": "CAD", "aud": "AUD",
    "a$": "AUD", "au$": "AUD", "nzd": "NZD", "nz$": "NZD",
    "sek": "SEK", "nok": "NOK", "dkk": "DKK", "pln": "PLN", "zł": "PLN", "zl": "PLN",
    "czk": "CZK", "kč": "CZK", "huf": "HUF", "try": "TRY", "₺": "TRY", "₩": "KRW", "krw": "KRW",
    "brl": "BRL", "r$": "BRL", "mxn": "MXN", "zar": "ZAR", "sgd": "SGD", "hkd": "HKD",
    "aed": "AED",
}  # fmt: skip

# Longest first, so that "us$" is not read as "$"; "try" is an English word and needs its symbol.
_NAMES = "|".join(
    re.escape(name) for name in sorted(_CURRENCIES, key=len, reverse=True) if name != "try"
)
_MONEY = re.compile(
    rf"(?<![\w.,])(?:(?P<before>{_NAMES})\s{{0,2}})?"
    r"(?P<number>[0-9]{1,3}(?:[ '’.,\u00a0\u202f][0-9]{3}){1,3}(?:[.,][0-9]{1,2})?"
    r"|[0-9]{1,9}(?:[.,][0-9]{1,2})?)"
    rf"(?P<thousand>k)?(?:,-|\.-)?"
    rf"(?:\s{{0,2}}(?:(?P<after>{_NAMES})|(?P<cents>cents?))(?!\w))?"
    r"(?![0-9])(?!(?!ish\b)[^\W\d_])",  # "50ish" is an amount, "3d" is none
    re.IGNORECASE,
)
_GROUPS = re.compile(r"[ '’\u00a0\u202f]")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in major units, its ISO currency (or empty), and its place in the text."""

    amount: Decimal
    currency: str
    start: int
    end: int
    thousand: bool


def find_money(text: str) -> list[Money]:
    """All numbers of a text that may be amounts, in order."""
    if not any(each.isdigit() for each in text):
        return []
    # Imported late: most sentences name no price.
    from price_parser.parser import parse_number

    found: list[Money] = []
    for match in _MONEY.finditer(text):
        amount = parse_number(_GROUPS.sub("", match["number"]))
        if amount is None:
            continue
        thousand = match["thousand"] is not None
        name = (match["before"] or match["after"] or "").lower()
        found.append(
            Money(
                amount=amount * 1000 if thousand else amount / 100 if match["cents"] else amount,
                currency=_CURRENCIES.get(name, ""),
                start=match.start(),
                end=match.end(),
                thousand=thousand,
            )
        )
    return found


def minor_units(amount: Decimal) -> int:
    """An amount in hundredths, as catalogues keep it whatever the currency."""
    return int((amount * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))
