"""What may enter an index: checks of points and queries that all adapters share.

Qdrant accepts NaN, zero and unnormalised vectors silently, so nothing reaches it unchecked.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidInput
from engine.filters import Payload, PayloadValue, Scalar
from engine.ids import PointId
from engine.index.text import clean_text
from engine.index.words import Terms, document_terms
from engine.payload import KEYWORD_KEYS, NUMBER_KEYS, VERSION
from engine.types import IndexPoint, VectorName

UNIT_TOLERANCE = 1e-3
LARGEST_INT = 2**53
"""Integers beyond lose digits as float64, which ranges are compared in."""
_KEYWORDS = frozenset((*KEYWORD_KEYS, VERSION))
_NUMBERS = frozenset(NUMBER_KEYS)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CheckedPoint:
    """A point that every adapter can store as it is; vectors are exactly of unit length."""

    point_id: PointId
    vectors: dict[VectorName, NDArray[np.float32]]
    terms: Terms
    payload: dict[str, PayloadValue]


def check_points(points: Sequence[IndexPoint], *, dims: int) -> list[CheckedPoint]:
    """Check a batch before any of it is written; of points with one id the last one counts.

    Raises:
        InvalidInput: A vector, an id or a payload value cannot be stored.
    """
    checked = {point.point_id: _check_point(point, dims) for point in points}
    return list(checked.values())


def check_query_vector(vector: NDArray[np.float32], *, dims: int) -> NDArray[np.float32]:
    """The query's vector at unit length.

    Raises:
        InvalidInput: It has another length, is not finite, or is zero.
    """
    length = _length(vector, dims, where="query vector")
    if not (math.isfinite(length) and length > 0):
        raise InvalidInput(
            f"length is {length:.4g}",
            where="query vector",
            hint="It must be finite and not zero.",
            code="index.query",
        )
    return (np.asarray(vector, np.float64) / length).astype(np.float32)


def check_limit(limit: int) -> int:
    """The limit, when it is at least 1.

    Raises:
        InvalidInput: It is not.
    """
    if limit < 1:
        raise InvalidInput(f"limit is {limit}", hint="It must be at least 1.", code="index.query")
    return limit


def is_point_id(text: str) -> bool:
    """Whether the text is a UUID in its canonical form."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _check_point(point: IndexPoint, dims: int) -> CheckedPoint:
    where = f"point {point.point_id}"
    if not is_point_id(point.point_id):
        raise InvalidInput(
            f"id is {point.point_id!r}",
            where=where,
            hint="It must be a UUID in its canonical form; see engine.ids.point_id.",
            code="index.point",
        )
    vectors: dict[VectorName, NDArray[np.float32]] = {}
    for name, vector in point.vectors.items():
        place = f"{where}, vector {VectorName(name).value}"
        length = _length(vector, dims, where=place)
        if not abs(length - 1) <= UNIT_TOLERANCE:  # also true for NaN
            raise InvalidInput(
                f"length is {length:.6g}",
                where=place,
                hint=f"It must be finite and of unit length (±{UNIT_TOLERANCE:g}).",
                code="index.point",
            )
        vectors[VectorName(name)] = (np.asarray(vector, np.float64) / length).astype(np.float32)
    return CheckedPoint(
        point_id=point.point_id,
        vectors=vectors,
        terms=document_terms(point.words),
        payload=_check_payload(point.payload, where),
    )


def _length(vector: NDArray[np.float32], dims: int, *, where: str) -> float:
    values = np.asarray(vector, np.float64)
    if values.shape != (dims,):
        raise InvalidInput(
            f"shape is {values.shape}",
            where=where,
            hint=f"Expected ({dims},), the dimensions of the index's encoder.",
            code="index.dimensions",
        )
    return float(np.sqrt(values @ values))


def _check_payload(payload: Payload, where: str) -> dict[str, PayloadValue]:
    checked: dict[str, PayloadValue] = {}
    for key, value in payload.items():
        place = f"{where}, payload {key!r}"
        if isinstance(value, str | int | float | bool):
            checked[clean_text(key)] = _check_scalar(key, value, place)
        else:
            checked[clean_text(key)] = [_check_scalar(key, each, place) for each in value]
    return checked


def _check_scalar(key: str, value: Scalar, where: str) -> Scalar:
    if isinstance(value, str):
        fits, value = True, clean_text(value)
    elif isinstance(value, bool):
        fits = True
    else:
        fits = math.isfinite(value) and abs(value) <= LARGEST_INT
    if key in _KEYWORDS:
        fits, wanted = isinstance(value, str), "text"
    elif key in _NUMBERS:
        fits, wanted = fits and type(value) is int, "a whole number within ±2^53"
    else:
        wanted = "text, a truth value or a finite number within ±2^53"
    if not fits:
        raise InvalidInput(
            f"value is {value!r}", where=where, hint=f"Expected {wanted}.", code="index.point"
        )
    return value
