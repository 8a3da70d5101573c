"""Prices as feeds write them, to minor units.

A minor unit is a hundredth whatever the currency (so 5,000 yen are 500,000): a bound that a shopper
types without a currency then compares with every price.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from price_parser import Price

from ingestion.currencies import currency_of

MAX_AMOUNT = Decimal(10_000_000)
"""Dearer things are typing errors."""

_DASHES = re.compile(r"\s*(?:[-–—~]|\bto\b|\bbis\b)\s*", re.IGNORECASE)
_NEGATIVE = re.compile(r"^\W*[-−]\s*\D{0,4}\d|^\(.*\d.*\)$|\d\s*-\s*$")
_FRACTION = re.compile(r"(?<![\d.,])0[.,](\d{3,})(?![\d.,])")
_SCIENTIFIC = re.compile(r"\d[eE][+-]?\d")


class PriceError(ValueError):
    """A cell that is no price; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount.

    Attributes:
        minor: Hundredths, ≥ 1.
        currency: ISO 4217 code; empty when the cell names none.
        is_lowest: It is the lower end of a range.
    """

    minor: int
    currency: str = ""
    is_lowest: bool = False


def parse_price(text: str) -> Money:
    """A price such as ``9.99 USD``, ``1.299,00 €`` or ``from 9 to 12``; of a range the lower end.

    Raises:
        PriceError: There is no amount, or it is not positive, or absurd.
    """
    cell = text.strip()
    if _NEGATIVE.search(cell):
        raise PriceError("the price is negative")
    if _SCIENTIFIC.search(cell):
        raise PriceError("the price is in scientific notation")
    parts = [part for part in _DASHES.split(cell) if any(map(str.isdigit, part))]
    amounts = [_amount(part) for part in parts] or [_amount(cell)]
    lowest = min(amounts)
    if lowest <= 0:
        raise PriceError("the price is zero")
    if lowest > MAX_AMOUNT:
        raise PriceError(f"the price is above {MAX_AMOUNT:,}")
    minor = int((lowest * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    if minor < 1:
        raise PriceError("the price is below a hundredth")
    return Money(minor=minor, currency=currency_of(cell), is_lowest=len(amounts) > 1)


def _amount(text: str) -> Decimal:
    fraction = _FRACTION.search(text)
    if fraction is not None:  # "0.999" has no thousands, whatever three digits look like
        return Decimal(f"0.{fraction[1]}")
    amount = Price.fromstring(text).amount
    if amount is None or not amount.is_finite():
        raise PriceError("there is no amount")
    return amount
