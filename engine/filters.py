"""The neutral filter tree and its reference meaning.

Every index adapter translates this tree into its own language and has to agree with `matches`,
which a payload is checked against value by value. A payload value may be a list: a comparison holds
when it holds for any element. A missing key makes every comparison false (so ``Not(Eq(...))`` is
true), as in Qdrant.

Keys are payload keys: facets such as ``colour`` and ``type``, and ``price_minor``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Scalar = str | int | float | bool
PayloadValue = Scalar | Sequence[Scalar]
Payload = Mapping[str, PayloadValue]


@dataclass(frozen=True, slots=True)
class Eq:
    """The key holds the value."""

    key: str
    value: str | int | bool


@dataclass(frozen=True, slots=True)
class In:
    """The key holds one of the values. No values match nothing."""

    key: str
    values: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """The key holds a number between the bounds, both included; ``None`` is unbounded."""

    key: str
    at_least: float | None = None
    at_most: float | None = None


@dataclass(frozen=True, slots=True)
class And:
    """All parts hold. No parts hold always."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """One part holds at least. No parts never hold."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Filter


Filter = Eq | In | Range | And | Or | Not


def matches(condition: Filter | None, payload: Payload) -> bool:
    """Reference meaning of a filter; ``None`` matches everything."""
    match condition:
        case None:
            return True
        case Eq(key, value):
            return any(_same(held, value) for held in _values(payload, key))
        case In(key, values):
            return any(_same(held, value) for held in _values(payload, key) for value in values)
        case Range(key, at_least, at_most):
            return any(
                (at_least is None or held >= at_least) and (at_most is None or held <= at_most)
                for held in _values(payload, key)
                if isinstance(held, int | float) and not isinstance(held, bool)
            )
        case And(parts):
            return all(matches(part, payload) for part in parts)
        case Or(parts):
            return any(matches(part, payload) for part in parts)
        case Not(part):
            return not matches(part, payload)


def both(*conditions: Filter | None) -> Filter | None:
    """The conjunction of the conditions that are there; ``None`` when there is none."""
    parts = tuple(condition for condition in conditions if condition is not None)
    if len(parts) <= 1:
        return parts[0] if parts else None
    return And(parts)


def _values(payload: Payload, key: str) -> Sequence[Scalar]:
    held = payload.get(key)
    if held is None:
        return ()
    return (held,) if isinstance(held, str | int | float | bool) else held


def _same(held: Scalar, value: Scalar) -> bool:
    # True == 1 in Python, but a payload of 1 is not a payload of true.
    return type(held) is type(value) and held == value
