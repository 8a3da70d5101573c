"""One hit for the variants of one design."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.filters import PayloadValue
from engine.ids import ProductId
from engine.payload import GROUP_ID, PRODUCT_ID
from engine.ranking.fusion import Candidate


@dataclass(slots=True, eq=False)  # frozen would cost a third of collapsing
class Group:
    """The candidates of one design, best first; one at least."""

    candidates: Sequence[Candidate]

    @property
    def best(self) -> Candidate:
        """What stands for the design."""
        return self.candidates[0]

    @property
    def variants(self) -> tuple[ProductId, ...]:
        """The products behind the best."""
        return tuple(product_of(each) for each in self.candidates[1:])


def collapse(candidates: Sequence[Candidate], *, variants: bool = True) -> list[Group]:
    """Group candidates that share a group id, keeping the order of each group's best.

    Args:
        candidates: Best first.
        variants: False leaves each candidate a group of its own.
    """
    if not variants:
        return [Group([candidate]) for candidate in candidates]
    members: dict[PayloadValue | None, list[Candidate]] = {}
    for candidate in candidates:
        group_id = candidate.payload.get(GROUP_ID)
        group = members.get(group_id)
        if group is None:
            members[group_id] = [candidate]
        else:
            group.append(candidate)
    return [Group(group) for group in members.values()]


def product_of(candidate: Candidate) -> ProductId:
    """The product of a candidate."""
    return ProductId(str(candidate.payload[PRODUCT_ID]))
