"""Filters as people write them: ``type = dress and price <= 40 and not (colour in [red, pink])``.

`parse_filter` reads the text into the tree of `engine.filters`, `render_filter` writes a tree back;
``parse_filter(render_filter(tree)) == tree`` for every tree that the parser can give.

The language::

    condition   = conjunction ("or" conjunction)*
    conjunction = part ("and" part)*
    part        = "not" part | "(" condition ")" | "true" | "false" | comparison
    comparison  = key ("=" | "!=" | "<" | "<=" | ">" | ">=") value
                | key "in" "[" [value ("," value)*] "]"
                | key "between" number "and" number
                | key "exists"

Keys are the payload's (`engine.payload`). ``price`` is `PRICE_MINOR` in major units, so that
``price <= 40`` means 4000 cents. Facet values are compared without regard to case, because payloads
hold them in lower case. Text needs quotes only where it is more than one word.
"""

from __future__ import annotations

import difflib
import json
import math
import re
from dataclasses import dataclass
from decimal import Decimal

from engine.errors import InvalidInput
from engine.filters import And, Eq, Filter, In, Not, Or, Range
from engine.payload import CURRENCY, KEYWORD_KEYS, NUMBER_KEYS, PRICE_MINOR, TENANT, maybe
from engine.types import Facet

MAX_DEPTH = 8
MAX_CLAUSES = 64
"""Most comparisons; each value of a list counts as one."""
MAX_CHARACTERS = 4_000
MINOR_PER_MAJOR = 100
PRICE = "price"

FILTER_KEYS: tuple[str, ...] = (
    PRICE,
    *(key for key in (*KEYWORD_KEYS, *NUMBER_KEYS) if key != TENANT),
)
"""What a filter may name. The tenant is set by the service, never by a filter."""

_SPELLINGS = {"color": "colour", "color_family": "colour_family", "id": "product_id"}
_FACET_KEYS = frozenset([*(facet.value for facet in Facet), *(maybe(facet) for facet in Facet)])
_RESERVED = frozenset(["and", "or", "not", "in", "between", "exists", "true", "false"])
_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<number>[-+]?\d+(?:\.\d+)?(?![\w.-]))
      | (?P<word>\w[\w.'&/+-]*)
      | (?P<text>"(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*')
      | (?P<mark><=|>=|!=|==|=|<|>|\(|\)|\[|\]|,)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    kind: str
    text: str
    start: int

    @property
    def word(self) -> str:
        """The token as a keyword; empty for quoted text, which is never one."""
        return (
            self.text.lower() if self.kind == "word" else self.text if self.kind == "mark" else ""
        )


def parse_filter(text: str) -> Filter:
    """Read a filter.

    Raises:
        InvalidInput: Not a filter: the message names the character, what was found and what was
            expected. Also for more than `MAX_CHARACTERS`, `MAX_DEPTH` or `MAX_CLAUSES`.
    """
    if len(text) > MAX_CHARACTERS:
        raise InvalidInput(
            f"{len(text):,} characters, more than {MAX_CHARACTERS:,}.",
            where="filter",
            hint="Split the search, or use a list: colour in [red, blue].",
            code="filter.too_long",
        )
    parser = _Parser(text)
    tree = parser.condition(depth=1)
    parser.expect_end()
    return tree


def render_filter(tree: Filter) -> str:
    """Write a filter so that `parse_filter` gives the same tree back.

    Lists of one part come back as that part alone, which means the same.

    Raises:
        InvalidInput: The tree holds a key or a value that the language has no words for.
    """
    match tree:
        case Eq(key, value):
            return f"{_key_name(key)} = {_value_text(key, value)}"
        case In(key, values):
            return f"{_key_name(key)} in [{', '.join(_value_text(key, each) for each in values)}]"
        case Range(key, at_least, at_most):
            return _range_text(key, at_least, at_most)
        case And(parts):
            return " and ".join(_nested(part, And, Or) for part in parts) or "true"
        case Or(parts):
            return " or ".join(_nested(part, Or) for part in parts) or "false"
        case Not(part):
            return f"not {_nested(part, And, Or)}"


class _Parser:
    """Recursive descent over the tokens; each method reads one rule of the grammar."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokenise(text)
        self._at = 0
        self._clauses = 0

    def condition(self, *, depth: int) -> Filter:
        if depth > MAX_DEPTH:
            raise self._error(f"more than {MAX_DEPTH} levels of parentheses and “not”.", "depth")
        parts = [self._conjunction(depth)]
        while self._take("or"):
            parts.append(self._conjunction(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _conjunction(self, depth: int) -> Filter:
        parts = [self._part(depth)]
        while self._take("and"):
            parts.append(self._part(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _part(self, depth: int) -> Filter:
        if self._take("not"):
            if depth >= MAX_DEPTH:
                raise self._error(
                    f"more than {MAX_DEPTH} levels of parentheses and “not”.", "depth"
                )
            return Not(self._part(depth + 1))
        if self._take("("):
            inner = self.condition(depth=depth + 1)
            self._expect(")")
            return inner
        if self._take("true"):
            return And(())
        if self._take("false"):
            return Or(())
        return self._comparison()

    def _comparison(self) -> Filter:
        typed = self._key()
        key = PRICE_MINOR if typed == PRICE else typed
        if self._take("exists"):
            self._count()
            if key not in NUMBER_KEYS:
                raise self._error(f"“exists” works for {_listed((PRICE, *NUMBER_KEYS))} only.")
            return Range(key)
        if self._take("in"):
            return self._list(typed, key)
        self._count()
        if self._take("between"):
            low = self._bound(typed)
            self._expect("and")
            return Range(key, low, self._bound(typed))
        for mark in ("=", "=="):
            if self._take(mark):
                return Eq(key, self._value(typed))
        if self._take("!="):
            return Not(Eq(key, self._value(typed)))
        # A price is a whole number of minor units, so "below" is "at most the one before".
        if self._take("<="):
            return Range(key, None, self._bound(typed))
        if self._take(">="):
            return Range(key, self._bound(typed), None)
        if self._take("<"):
            return Range(key, None, math.ceil(self._bound(typed)) - 1)
        if self._take(">"):
            return Range(key, math.floor(self._bound(typed)) + 1, None)
        raise self._error("expected =, !=, <, <=, >, >=, in, between or exists.")

    def _list(self, typed: str, key: str) -> Filter:
        self._expect("[")
        values: list[str | int] = []
        if not self._take("]"):
            values.append(self._value(typed))
            self._count()
            while self._take(","):
                values.append(self._value(typed))
                self._count()
            self._expect("]")
        return In(key, tuple(values))

    def _key(self) -> str:
        token = self._peek()
        if token is None or token.kind != "word" or token.word in _RESERVED:
            raise self._error("expected a key such as colour, type or price.")
        key = _SPELLINGS.get(token.word, token.word)
        if key not in FILTER_KEYS:
            near = difflib.get_close_matches(key, FILTER_KEYS, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Known keys: {_listed(FILTER_KEYS)}."
            raise self._error(f"unknown key {token.text!r}.", "unknown_key", hint=hint)
        self._at += 1
        return key

    def _value(self, typed: str) -> str | int:
        if typed == PRICE or typed in NUMBER_KEYS:
            number = self._number(typed)
            if number != number.to_integral_value():
                self._at -= 1
                raise self._error("a price has at most two decimals.")
            return int(number)
        token = self._peek()
        if token is None or token.kind == "mark" or token.word in _RESERVED:
            raise self._error("expected a value; put it in quotes if it is a word such as “and”.")
        self._at += 1
        value = _unquoted(token.text) if token.kind == "text" else token.text
        if typed in _FACET_KEYS:
            return value.casefold()
        return value.upper() if typed == CURRENCY else value

    def _bound(self, typed: str) -> float:
        if typed != PRICE and typed not in NUMBER_KEYS:
            self._at -= 1
            raise self._error(
                f"{typed} holds words, so it has no order.", hint=f'Use {typed} = "…".'
            )
        number = self._number(typed)
        return int(number) if number == number.to_integral_value() else float(number)

    def _number(self, typed: str) -> Decimal:
        token = self._peek()
        if token is None or token.kind != "number" or len(token.text) > 18:
            raise self._error("expected a number such as 40 or 39.90.")
        self._at += 1
        number = Decimal(token.text)
        return number * MINOR_PER_MAJOR if typed == PRICE else number

    def _count(self) -> None:
        self._clauses += 1
        if self._clauses > MAX_CLAUSES:
            raise self._error(f"more than {MAX_CLAUSES} clauses.", "clauses")

    def _peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self, word: str) -> bool:
        token = self._peek()
        if token is None or token.word != word:
            return False
        self._at += 1
        return True

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise self._error(f"expected {word}.")

    def expect_end(self) -> None:
        if self._peek() is not None:
            raise self._error("expected “and”, “or” or the end.")

    def _error(self, what: str, reason: str = "syntax", *, hint: str = "") -> InvalidInput:
        token = self._peek()
        at = token.start if token else len(self._text)
        found = repr(token.text[:40]) if token else "the end"
        return InvalidInput(
            f"found {found}: {what}" if reason == "syntax" else what,
            where=f"filter, character {at + 1}",
            hint=hint or 'A filter looks like: type = "dress" and price <= 40.',
            code=f"filter.{reason}",
        )


def _tokenise(text: str) -> tuple[_Token, ...]:
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            quote = text[at] in "\"'"
            raise InvalidInput(
                "the quote is never closed." if quote else f"{text[at]!r} has no meaning here.",
                where=f"filter, character {at + 1}",
                hint='A filter looks like: type = "dress" and price <= 40.',
                code="filter.syntax",
            )
        if found.lastgroup and found.lastgroup != "space":
            tokens.append(_Token(kind=found.lastgroup, text=found.group(), start=at))
        at = found.end()
    return tuple(tokens)


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)


def _nested(tree: Filter, *loose: type[And] | type[Or]) -> str:
    text = render_filter(tree)
    parts = tree.parts if isinstance(tree, And | Or) else ()
    return f"({text})" if isinstance(tree, loose) and len(parts) > 1 else text


def _key_name(key: str) -> str:
    if key not in FILTER_KEYS:
        raise InvalidInput(
            f"the key {key!r} cannot be written in a filter.",
            hint=f"Known keys: {_listed(FILTER_KEYS)}.",
            code="filter.unknown_key",
        )
    return PRICE if key == PRICE_MINOR else key


def _value_text(key: str, value: str | int | bool) -> str:
    if isinstance(value, str) and key not in NUMBER_KEYS:
        # JSON's escapes of control characters are not the language's, so only these two.
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, int) and not isinstance(value, bool) and key in NUMBER_KEYS:
        return _number_text(key, value)
    raise InvalidInput(f"{json.dumps(value)} cannot be a value of {key}.", code="filter.value")


def _range_text(key: str, at_least: float | None, at_most: float | None) -> str:
    if key not in NUMBER_KEYS:
        raise InvalidInput(f"{key} has no order, so it has no range.", code="filter.value")
    name = _key_name(key)
    if at_least is None and at_most is None:
        return f"{name} exists"
    if at_least is None:
        return f"{name} <= {_number_text(key, at_most or 0)}"
    if at_most is None:
        return f"{name} >= {_number_text(key, at_least)}"
    return f"{name} between {_number_text(key, at_least)} and {_number_text(key, at_most)}"


def _number_text(key: str, minor: float) -> str:
    number = Decimal(repr(minor))
    if not number.is_finite():
        raise InvalidInput(f"{minor} is not a finite number.", code="filter.value")
    exact = number / MINOR_PER_MAJOR if key == PRICE_MINOR else number
    return f"{exact.normalize():f}"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names)
