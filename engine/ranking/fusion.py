"""Several ranked lists into one, by their scores.

Each list is scaled to [0, 1] over its own range, so that cosines of picture against picture, of
words against picture, and BM25 count alike whatever the encoder; then the weighted scores add up.
A candidate that a list does not hold gets 0 from it: it scored below everything the list holds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.filters import Payload
from engine.ids import PointId
from engine.types import ScoredPoint


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RankedList:
    """What one retriever found, best first, and how much it counts."""

    name: str
    weight: float
    points: Sequence[ScoredPoint]


@dataclass(slots=True, kw_only=True, eq=False)  # frozen would cost a third of fusing
class Candidate:
    """A point that one list holds at least.

    Attributes:
        parts: Name of a list → this candidate's share of it, in [0, 1], before weighting.
    """

    point_id: PointId
    payload: Payload
    score: float
    parts: dict[str, float]


def fuse(
    lists: Sequence[RankedList], *, bonus: Callable[[Payload], float] = lambda _: 0.0
) -> list[Candidate]:
    """Fuse by weighted, scaled scores; best first, ties by point id.

    `bonus` is added to the score of each candidate.

    Lists of equal name are one retriever asked twice (under a filter and without): they are scaled
    together and the better score counts.
    """
    spans = _spans(lists)
    payloads: dict[PointId, Payload] = {}
    parts: dict[PointId, dict[str, float]] = {}
    for each in lists:
        name = each.name
        low, high = spans[name]
        for point in each.points:
            scaled = (point.score - low) / (high - low) if high > low else 1.0
            own = parts.get(point.point_id)
            if own is None:
                payloads[point.point_id] = point.payload
                parts[point.point_id] = {name: scaled}
            elif own.get(name, -1.0) < scaled:
                own[name] = scaled
    weights = {each.name: each.weight for each in lists}
    fused: list[Candidate] = []
    for point_id, own in parts.items():
        payload = payloads[point_id]
        score = bonus(payload)
        for name, share in own.items():
            score += weights[name] * share
        fused.append(Candidate(point_id=point_id, payload=payload, score=score, parts=own))
    fused.sort(key=lambda each: (-each.score, each.point_id))
    return fused


def _spans(lists: Sequence[RankedList]) -> dict[str, tuple[float, float]]:
    spans: dict[str, tuple[float, float]] = {}
    for each in lists:
        scores = [point.score for point in each.points]
        low, high = spans.get(each.name, (float("inf"), float("-inf")))
        spans[each.name] = (min([low, *scores]), max([high, *scores]))
    return spans
