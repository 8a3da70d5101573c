"""A few products and every kind of filter, for the contract of indexes."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.filters import And, Eq, Filter, In, Not, Or, PayloadValue, Range
from engine.ids import PointId
from engine.types import IndexPoint, ScoredPoint, VectorName

DIMS = 4
EAST = np.array([1, 0, 0, 0], np.float32)
NORTH = np.array([0, 1, 0, 0], np.float32)
UP = np.array([0, 0, 1, 0], np.float32)
BETWEEN = np.array([0.6, 0.8, 0, 0], np.float32)


def pid(number: int) -> PointId:
    return PointId(str(uuid.UUID(int=number)))


def point(
    number: int,
    picture: NDArray[np.float32] | None = EAST,
    *,
    title: NDArray[np.float32] | None = None,
    words: str = "",
    **payload: PayloadValue,
) -> IndexPoint:
    vectors = {VectorName.PICTURE: picture, VectorName.TITLE: title}
    return IndexPoint(
        point_id=pid(number),
        vectors={name: vector for name, vector in vectors.items() if vector is not None},
        words=words,
        payload=payload,
    )


def numbers(found: Sequence[ScoredPoint]) -> list[int]:
    return [uuid.UUID(each.point_id).int for each in found]


CATALOGUE: tuple[IndexPoint, ...] = (
    point(1, EAST, words="red cotton shirt", colour="red", price_minor=1000, version="a"),
    point(2, BETWEEN, words="blue shirts", colour=["blue", "red"], price_minor=[500, 3000]),
    point(3, NORTH, title=EAST, words="dress dress shirt", colour=["green"], type="dress"),
    point(4, None, title=NORTH, words="", price_minor=2000),
    point(5, -EAST, words="the of", colour=[], gender="women", version="b"),
)
FILTERS: tuple[Filter | None, ...] = (
    None,
    Eq("colour", "red"),
    Eq("colour", "purple"),
    Eq("colour", 1),
    Eq("colour", True),
    Eq("price_minor", 1000),
    Eq("price_minor", "1000"),
    Eq("price_minor", True),
    Not(Eq("colour", "red")),
    Not(Not(Eq("colour", "red"))),
    In("colour", ("blue", "green")),
    In("colour", ("blue", 3)),
    In("colour", ()),
    Not(In("colour", ())),
    Range("price_minor"),
    Range("price_minor", 500, 500),
    Range("price_minor", at_most=1500),
    Range("price_minor", 600, 900),
    Range("price_minor", 2, 1),
    Range("price_minor", float("-inf"), float("inf")),
    Range("price_minor", at_least=float("nan")),
    Range("price_minor", at_least=float("inf")),
    Range("colour", 0, 10),
    And(()),
    Or(()),
    Not(And(())),
    Not(Or(())),
    And((Eq("colour", "red"), Range("price_minor", at_most=600))),
    Or((Eq("colour", "green"), Eq("gender", "women"))),
    And((Or((Eq("colour", "red"), Eq("type", "dress"))), Not(Eq("colour", "blue")))),
    Or((And(()), Eq("colour", "red"))),
)
