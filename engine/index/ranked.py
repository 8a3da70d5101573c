"""Deterministic order: best score first, equal scores by point id.

An approximate index breaks ties as it likes, also at the end of the list, so a little more than the
limit is asked for, and more again while the list ends inside a tie.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

VECTOR_DECIMALS = 6
"""Scores of vectors closer than float32 resolves are ties."""
WORDS_DECIMALS = 4
"""BM25 scores reach about 30, where float32 resolves 2e-6, and are sums in no fixed order."""
_SPARE = 8

ItemT = TypeVar("ItemT")


def best(
    fetch: Callable[[int], Sequence[ItemT]],
    *,
    limit: int,
    score: Callable[[ItemT], float],
    name: Callable[[ItemT], str],
) -> list[tuple[float, str, ItemT]]:
    """The `limit` best items with their scores and names, ties by name.

    Args:
        fetch: Gets the n best items, best first, ties in any order; fewer when there are fewer.
        limit: Most items to return, ≥ 1.
        score: Rounded score of an item.
        name: What orders ties, different for each item.
    """
    asked = limit + _SPARE
    found = fetch(asked)
    while len(found) >= asked and score(found[-1]) == score(found[limit - 1]):
        asked *= 4
        found = fetch(asked)
    scored = sorted(((score(item), item) for item in found), key=lambda each: -each[0])
    # Naming costs more than sorting, so nothing is named that falls behind the list.
    last = scored[min(limit, len(scored)) - 1][0] if scored else 0.0
    named = [(value, name(item), item) for value, item in scored if value >= last]
    return sorted(named, key=lambda each: (-each[0], each[1]))[:limit]
