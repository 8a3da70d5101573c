"""Currencies: the codes of ISO 4217 and the signs that prices are written with."""

from __future__ import annotations

import re

CODES = frozenset(
    """
    AED AFN AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD
    CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD
    GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD
    KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO
    NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE
    SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV
    WST XAF XCD XOF XPF YER ZAR ZMW ZWG
    """.split()  # noqa: SIM905  # a column of quoted codes would be two pages
)
"""Those in use but ALL and TOP, which in a price cell are words ("ALL $5", "TOP 5 €")."""

# The first is what a sign means alone; a code of the others beside it says otherwise ("CAD $5").
_SIGNS = {
    "€": ("EUR",),
    "$": ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP", "UYU"),
    "US$": ("USD",), "A$": ("AUD",), "AU$": ("AUD",), "C$": ("CAD",), "CA$": ("CAD",),
    "NZ$": ("NZD",), "HK$": ("HKD",), "S$": ("SGD",), "NT$": ("TWD",), "MX$": ("MXN",),
    "R$": ("BRL",), "£": ("GBP", "EGP", "GIP"), "¥": ("JPY", "CNY"), "￥": ("JPY", "CNY"),
    "₹": ("INR",), "Rs": ("INR", "PKR", "LKR", "NPR", "MUR"), "zł": ("PLN",), "Kč": ("CZK",),
    "₽": ("RUB",), "₩": ("KRW",), "₺": ("TRY",), "₪": ("ILS",), "₴": ("UAH",), "฿": ("THB",),
    "₫": ("VND",), "₱": ("PHP",), "₦": ("NGN",), "₸": ("KZT",), "₾": ("GEL",), "лв": ("BGN",),
}  # fmt: skip
_LETTER = r"[^\W\d_]"
_SIGN = re.compile(
    "|".join(
        (rf"(?<!{_LETTER})" if sign[0].isalpha() else "")
        + re.escape(sign)
        + (rf"(?!{_LETTER})" if sign[-1].isalpha() else "")
        for sign in sorted(_SIGNS, key=len, reverse=True)
    ),
    re.IGNORECASE,
)
_WORDS = {
    "euro": "EUR", "dollar": "USD", "pound": "GBP", "rupee": "INR", "yen": "JPY", "yuan": "CNY",
    "zloty": "PLN", "złoty": "PLN", "krona": "SEK", "kronor": "SEK", "krone": "DKK", "lira": "TRY",
}  # fmt: skip
_WORD = re.compile(rf"(?<!{_LETTER})({'|'.join(_WORDS)})s?(?!{_LETTER})", re.IGNORECASE)
_BY_SIGN = {sign.casefold(): codes for sign, codes in _SIGNS.items()}
_NO_CODES = frozenset("ALL EXC INC MRP MSP NET NEW NOW OFF PER RRP TAX TOP UVP VAT".split())  # noqa: SIM905
_CAPITALS = re.compile(rf"(?<!{_LETTER})[A-Z]{{3}}(?!{_LETTER})")
_CODE = re.compile(rf"(?<!{_LETTER})[A-Za-z]{{3}}(?!{_LETTER})")


def currency_of(text: str) -> str:
    """The ISO 4217 code of the currency that a price names; empty where it names none.

    A sign counts before a code, since a short word may look like one; a word counts last.
    """
    named = [code for code in map(str.upper, _CODE.findall(text)) if code in CODES]
    sign = _SIGN.search(text)
    if sign is None:
        word = _WORD.search(text)
        said = [_WORDS[word[1].casefold()]] if word else []
        return next(iter([*named, *said]), "")
    meant = _BY_SIGN[sign[0].casefold()]
    return next((code for code in named if code in meant), meant[0])


def names_unknown(text: str) -> bool:
    """Whether a price has letters that look like a currency's code and are none ("15 XXQ")."""
    return not currency_of(text) and not _NO_CODES.issuperset(_CAPITALS.findall(text))
