"""One hit for the variants of one design."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.ids import ProductId
from engine.payload import GROUP_ID, PRODUCT_ID
from engine.ranking.fusion import Candidate


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Group:
    """The best candidate of a design, and the products behind it, in their order."""

    best: Candidate
    variants: tuple[ProductId, ...] = ()


def collapse(candidates: Sequence[Candidate], *, variants: bool = True) -> list[Group]:
    """Group candidates that share a group id, keeping the order of each group's best.

    Args:
        candidates: Best first.
        variants: False leaves each candidate a group of its own.
    """
    if not variants:
        return [Group(best=candidate) for candidate in candidates]
    members: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        members.setdefault(str(candidate.payload.get(GROUP_ID, "")), []).append(candidate)
    return [
        Group(best=group[0], variants=tuple(product_of(each) for each in group[1:]))
        for group in members.values()
    ]


def product_of(candidate: Candidate) -> ProductId:
    """The product of a candidate."""
    return ProductId(str(candidate.payload[PRODUCT_ID]))
