from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.currencies import names_unknown
from ingestion.price import Money, PriceError, parse_price


@pytest.mark.parametrize(
    ("text", "minor", "currency", "is_lowest"),
    [
        ("9.99 USD", 999, "USD", False),
        ("USD 9.99", 999, "USD", False),
        ("9,99", 999, "", False),
        ("1.299,00 €", 129900, "EUR", False),
        ("1,299.00", 129900, "", False),
        ("12 345,67 zł", 1234567, "PLN", False),
        ("£5", 500, "GBP", False),
        ("Rs. 1,299", 129900, "INR", False),
        ("5000 JPY", 500000, "JPY", False),
        ("9.99 - 19.99 EUR", 999, "EUR", True),
        ("$19.99–$9.99", 999, "USD", True),
        ("from 9 to 12", 900, "", True),
        ("9.999", 999900, "", False),
        ("UVP 19,99 €", 1999, "EUR", False),
        ("UVP 19,99", 1999, "", False),
        ("MRP ₹499", 49900, "INR", False),
        ("MRP Rs 499", 49900, "INR", False),
        ("NOW $5", 500, "USD", False),
        ("TOP 5 €", 500, "EUR", False),
        ("SALE 5.00 gbp", 500, "GBP", False),
        ("CAD $5", 500, "CAD", False),
        ("¥5 CNY", 500, "CNY", False),
        ("TRY €5", 500, "EUR", False),
        ("RRP 5 SEK", 500, "SEK", False),
        ("AU$ 5", 500, "AUD", False),
    ],
)
def test_prices(text: str, minor: int, currency: str, is_lowest: bool):
    assert parse_price(text) == Money(minor=minor, currency=currency, is_lowest=is_lowest)


@pytest.mark.parametrize(
    "text",
    ["", "Call us", "NaN", "Inf", "-5", "-$5", "(5.00)", "5.00-", "0", "1e12", "99999999999"],
)
def test_no_prices(text: str):
    with pytest.raises(PriceError):
        parse_price(text)


@given(st.text(max_size=60))
def test_any_text_is_a_price_or_a_price_error(text: str):
    try:
        money = parse_price(text)
    except PriceError:
        return
    assert 1 <= money.minor <= 10**9


@given(st.integers(1, 10**9))
def test_plain_amounts_come_back(minor: int):
    assert parse_price(f"{minor // 100}.{minor % 100:02} EUR").minor == minor


@pytest.mark.parametrize(
    ("text", "minor", "currency"),
    [
        ("0.999 EUR", 100, "EUR"),
        ("€0,125", 13, "EUR"),
        ("12.500 EUR", 1_250_000, "EUR"),
        ("15 euros", 1500, "EUR"),
        ("15.00 Dollar", 1500, "USD"),
        ("15 pounds", 1500, "GBP"),
        ("15 XXQ", 1500, ""),
    ],
)
def test_fractions_of_one_and_currencies_in_words(text: str, minor: int, currency: str):
    assert parse_price(text) == Money(minor=minor, currency=currency)


def test_a_code_that_is_no_currency_is_noticed():
    assert names_unknown("15 XXQ")
    assert not names_unknown("15 EUR")
    assert not names_unknown("from 9 to 12")
    assert not names_unknown("UVP 19,99")
