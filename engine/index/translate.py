"""The neutral filter tree in Qdrant's language, once for Edge and for the server's client.

Both have the same conditions under different classes, so a `Dialect` names the constructors.
Qdrant's own meaning differs from `engine.filters.matches` in a few corners (a truth value matches
the integer 1 in Edge, an empty ``should`` holds always, deep nesting overflows the stack), which
are settled here before anything is handed over.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from engine.errors import InvalidInput
from engine.filters import And, Eq, Filter, In, Not, Or, Range
from engine.index.points import LARGEST_INT
from engine.index.text import clean_text
from engine.payload import KEYWORD_KEYS, NUMBER_KEYS

MAX_DEPTH = 64
"""Edge overflows the stack, and dies, somewhere between 200 and 1000."""
_KEYWORDS = frozenset(KEYWORD_KEYS)
_NUMBERS = frozenset(NUMBER_KEYS)

ConditionT = TypeVar("ConditionT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect(Generic[ConditionT]):
    """Constructors of one Qdrant library; the last three make a filter, itself a condition."""

    equals: Callable[[str, str | int], ConditionT]
    any_of: Callable[[str, list[str] | list[int]], ConditionT]
    between: Callable[[str, float | None, float | None], ConditionT]
    all_of: Callable[[list[ConditionT]], ConditionT]
    one_of: Callable[[list[ConditionT]], ConditionT]
    none_of: Callable[[list[ConditionT]], ConditionT]


def check_filter(condition: Filter | None) -> Filter | None:
    """The filter, when every adapter can evaluate it.

    Raises:
        InvalidInput: It names a key that is not indexed, or is nested deeper than `MAX_DEPTH`.
    """
    pending: list[tuple[Filter, int]] = [] if condition is None else [(condition, 1)]
    while pending:
        node, depth = pending.pop()
        if depth > MAX_DEPTH:
            raise InvalidInput(
                f"filter is nested deeper than {MAX_DEPTH} levels",
                hint="Use one And or Or with many parts instead.",
                code="filter.depth",
            )
        match node:
            case And(parts) | Or(parts):
                pending.extend((part, depth + 1) for part in parts)
            case Not(part):
                pending.append((part, depth + 1))
            case Eq() | In() | Range():
                if node.key not in _KEYWORDS and node.key not in _NUMBERS:
                    raise InvalidInput(
                        f"cannot filter by {node.key!r}",
                        hint=f"Keys are {', '.join((*KEYWORD_KEYS, *NUMBER_KEYS))}.",
                        code="filter.key",
                    )
    return condition


def translate(condition: Filter | None, dialect: Dialect[ConditionT]) -> ConditionT | None:
    """Qdrant's filter with the meaning of `engine.filters.matches`; ``None`` for none.

    Raises:
        InvalidInput: See `check_filter`.
    """
    if check_filter(condition) is None:
        return None
    assert condition is not None
    return dialect.all_of([_condition(condition, dialect)])


def _condition(node: Filter, dialect: Dialect[ConditionT]) -> ConditionT:
    match node:
        case And(parts):
            return dialect.all_of([_condition(part, dialect) for part in parts])
        case Or(parts):
            if not parts:  # an empty `should` would hold always
                return _never(dialect)
            return dialect.one_of([_condition(part, dialect) for part in parts])
        case Not(part):
            return dialect.none_of([_condition(part, dialect)])
        case Eq(key, value):
            return _values(key, (value,), dialect)
        case In(key, values):
            return _values(key, values, dialect)
        case Range(key, at_least, at_most):
            return _range(key, at_least, at_most, dialect)


def _values(
    key: str, values: Sequence[str | int | bool], dialect: Dialect[ConditionT]
) -> ConditionT:
    # Only values of the type that the key holds can match; points are checked to hold no others.
    if key in _KEYWORDS:
        texts = [clean_text(value) for value in values if isinstance(value, str)]
        fitting: list[str] | list[int] = texts
    else:
        fitting = [v for v in values if type(v) is int and abs(v) <= LARGEST_INT]
    match fitting:
        case []:
            return _never(dialect)
        case [only]:
            return dialect.equals(key, only)
        case _:
            return dialect.any_of(key, fitting)


def _range(
    key: str, at_least: float | None, at_most: float | None, dialect: Dialect[ConditionT]
) -> ConditionT:
    low = -LARGEST_INT if at_least is None else at_least
    high = LARGEST_INT if at_most is None else at_most
    if key in _KEYWORDS or math.isnan(low) or math.isnan(high):
        return _never(dialect)
    low, high = max(low, -LARGEST_INT), min(high, LARGEST_INT)  # infinities are not JSON
    if low > high:
        return _never(dialect)
    return dialect.between(key, float(low), float(high))


def _never(dialect: Dialect[ConditionT]) -> ConditionT:
    return dialect.none_of([dialect.all_of([])])
