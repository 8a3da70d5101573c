"""Hypothesis strategies of the engine's types: points, filters, queries."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.filters import And, Eq, Filter, In, Not, Or, PayloadValue, Range
from engine.ids import PointId
from engine.payload import PRICE_MINOR, VERSION
from engine.types import Facet, IndexPoint, VectorName, VectorQuery

DIMS = 6
KEYS = (Facet.COLOUR.value, Facet.TYPE.value, Facet.BRAND.value)
VALUES = ("red", "navy blue", "", "é\0ü", "t-shirt")
PRICES = (-1, 0, 1, 999, 4000, 2**40)
WORDS = ("red", "blue", "shirts", "shirt", "dress", "the", "Nike", "été", "")

values = st.sampled_from(VALUES)
prices = st.sampled_from(PRICES)
bounds = st.none() | prices.map(float) | st.sampled_from((float("inf"), float("-inf"), 0.5))
texts = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)
point_ids = st.integers(0, 19).map(lambda number: PointId(str(uuid.UUID(int=number))))


def unit_vectors(dims: int = DIMS) -> st.SearchStrategy[NDArray[np.float32]]:
    """Directions on a coarse grid, so that exact ties happen."""
    grid = st.lists(st.integers(-2, 2), min_size=dims, max_size=dims).filter(any)
    return grid.map(lambda numbers: _unit(np.array(numbers, np.float64)))


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float32]:
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def payloads() -> st.SearchStrategy[Mapping[str, PayloadValue]]:
    """Keyword keys with one value or a list (also empty, also with repeats), prices, a version."""
    keyword = values | st.lists(values, max_size=3)
    return st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(KEYS, keyword),
            PRICE_MINOR: prices | st.lists(prices, max_size=2),
            VERSION: st.sampled_from(("v1", "v2")),
        },
    )


def points(dims: int = DIMS) -> st.SearchStrategy[IndexPoint]:
    """Points of few ids, so that batches replace; each vector may be missing."""
    vectors = st.fixed_dictionaries({}, optional={name: unit_vectors(dims) for name in VectorName})
    return st.builds(
        IndexPoint, point_id=point_ids, vectors=vectors, words=texts, payload=payloads()
    )


def filters() -> st.SearchStrategy[Filter]:
    """Trees over the keys of `payloads`, with values of the wrong type among them."""
    keys = st.sampled_from((*KEYS, PRICE_MINOR))
    scalars = values | prices
    leaves = (
        st.builds(Eq, keys, scalars | st.booleans())
        | st.builds(In, keys, st.lists(scalars, max_size=3).map(tuple))
        | st.builds(Range, keys, bounds, bounds)
    )

    def grow(parts: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
        several = st.lists(parts, max_size=3).map(tuple)
        return st.builds(And, several) | st.builds(Or, several) | st.builds(Not, parts)

    return st.recursive(leaves, grow, max_leaves=6)


def vector_queries(dims: int = DIMS) -> st.SearchStrategy[VectorQuery]:
    """Queries with and without a filter."""
    return st.builds(
        VectorQuery,
        vector=unit_vectors(dims),
        using=st.sampled_from(VectorName),
        condition=st.none() | filters(),
        limit=st.integers(1, 25),
        with_vectors=st.booleans(),
        exact=st.booleans(),
    )
