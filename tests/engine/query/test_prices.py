from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.query.money import find_money, minor_units
from engine.query.prices import find_prices


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("1.299,00 €", "1299", "EUR"),
        ("€1,299.00", "1299", "EUR"),
        ("1 299,00 eur", "1299", "EUR"),
        ("1'299 CHF", "1299", "CHF"),
        ("40.5", "40.5", ""),
        ("40,50", "40.5", ""),
        ("2k usd", "2000", "USD"),
        ("US$40", "40", "USD"),
        ("40 quid", "40", "GBP"),
    ],
)
def test_amounts(text, amount, currency):
    (money,) = find_money(text)
    assert (money.amount, money.currency) == (Decimal(amount), currency)


@pytest.mark.parametrize("text", ["3d", "a40", "v2", "4xl", "10th"])
def test_numbers_within_words_are_no_amounts(text):
    assert find_money(text) == []


def test_minor_units():
    assert minor_units(Decimal("9.99")) == 999
    assert minor_units(Decimal("9.995")) == 1000
    assert minor_units(Decimal("5000")) == 500_000


@pytest.mark.parametrize("text", ["size 40", "pack of 3", "100% silk", "over 30 years", "20-50"])
def test_other_numbers_are_no_prices(text):
    assert find_prices(text) == ()


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 99_999_999),
    st.sampled_from(["under {}", "max. {} please", "red, below {}, long", "for {}", "{} or less"]),
    st.sampled_from([("€", "EUR"), ("$", "USD"), ("£", "GBP")]),
    st.sampled_from([".", ","]),
    st.booleans(),
)
def test_any_amount_is_read_back(minor, sentence, currency, separator, before):
    symbol, iso = currency
    thousands = "," if separator == "." else "."
    number = f"{minor // 100:,}".replace(",", thousands) + f"{separator}{minor % 100:02d}"
    (edit,) = find_prices(sentence.format(symbol + number if before else f"{number} {symbol}"))
    assert (edit.value, edit.currency) == (str(minor), iso)
