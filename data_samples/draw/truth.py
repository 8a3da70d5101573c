"""What is true of a picture: a box for each garment and the relations between them, from the masks.

The full mask of a garment is where it was painted; its visible mask is what later layers leave of
it. Both count a pixel that is covered by more than half.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from data_samples.draw.assortment import FACTS, TypeName
from data_samples.draw.canvas import Layer
from data_samples.draw.palette import ColourName
from data_samples.draw.patterns import PatternName
from data_samples.draw.scene import Piece

RelationName = Literal[
    "above", "inside", "covers", "worn-over", "ends-above", "left-and-right-pair", "held"
]
Mask = NDArray[np.bool_]

_MIN_VISIBLE_PX = 6
_MIN_VISIBLE_PARTS = 7200  # of the picture: one part at least, 24 pixels of 360 x 480
_COVERS_SHARE = 0.10
_WORN_OVER_SHARE = 0.45
_INSIDE_SHARE = 0.95
_ABOVE_SHARE = 0.08  # of the picture's height, between the mean rows
_ENDS_SHARE = 0.02  # of the picture's height, between the lowest rows
_COLUMNS_SHARE = 0.3  # of the narrower one's width, common to both
_ON_THE_TORSO = ("upper", "outer", "full", "back")
_ON_THE_BODY = ("upper", "outer", "full", "lower")


@dataclass(frozen=True, slots=True, kw_only=True)
class GarmentTruth:
    """One visible garment; the box (x0, y0, x1, y1; end-exclusive) holds its visible part."""

    label: TypeName
    colour: ColourName
    pattern: PatternName
    box_xyxy_px: tuple[int, int, int, int]
    area_px: int
    is_product: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """`subject` stands in a relation to `other`, both places in the list of garments.

    `held` has no other: a hand holds the subject.
    """

    kind: RelationName
    subject: int
    other: int | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    piece: Piece
    full: Mask
    visible: Mask
    box: tuple[int, int, int, int]
    order: int


def observe(
    pieces: Sequence[Piece], covering: Layer | None = None
) -> tuple[tuple[GarmentTruth, ...], tuple[Relation, ...]]:
    """Truth of a picture whose pieces were laid in this order, `covering` (a hand) last."""
    seen = _visible(pieces, covering)
    garments = tuple(
        GarmentTruth(
            label=each.piece.spec.product_type,
            colour=each.piece.spec.colour,
            pattern=each.piece.spec.pattern,
            box_xyxy_px=each.box,
            area_px=int(each.visible.sum()),
            is_product=each.piece.is_product,
        )
        for each in seen
    )
    relations = [
        Relation(kind=kind, subject=i, other=j)
        for i, first in enumerate(seen)
        for j, second in enumerate(seen)
        if i != j
        for kind in _relations(first, second)
    ]
    held = [Relation(kind="held", subject=i) for i, each in enumerate(seen) if each.piece.held]
    return garments, (*relations, *held)


def _visible(pieces: Sequence[Piece], covering: Layer | None) -> list[_Seen]:
    height, width = pieces[0].layer.alpha.shape
    free = np.ones((height, width), dtype=np.float32)
    if covering is not None:
        free *= 1.0 - covering.alpha
    least = max(_MIN_VISIBLE_PX, height * width // _MIN_VISIBLE_PARTS)
    seen: list[_Seen] = []
    for order in range(len(pieces) - 1, -1, -1):
        alpha = pieces[order].layer.alpha
        visible = alpha * free > 0.5
        free *= 1.0 - alpha
        if visible.sum() >= least:
            seen.append(_Seen(pieces[order], alpha > 0.5, visible, mask_box(visible), order))
    seen.reverse()
    return seen


def mask_box(mask: Mask) -> tuple[int, int, int, int]:
    """The smallest box (x0, y0, x1, y1), end-exclusive, around a mask that is not empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def _relations(first: _Seen, second: _Seen) -> list[RelationName]:
    found: list[RelationName] = []
    height = first.full.shape[0]
    one, two = first.piece, second.piece
    region, other_region = (FACTS[each.spec.product_type].region for each in (one, two))
    if one.spec is two.spec:
        return ["left-and-right-pair"] if one.side == "left" and two.side == "right" else []
    hidden = (first.full & second.full).sum() / second.full.sum()
    if first.order > second.order and hidden >= _COVERS_SHARE:
        found.append("covers")
        if region in _ON_THE_TORSO and other_region in _ON_THE_TORSO and hidden >= _WORN_OVER_SHARE:
            found.append("worn-over")
    if _is_inside(first.visible, second.full):
        found.append("inside")
    if _share_columns(first.box, second.box):
        rows = np.arange(height)
        middle, other = (
            float((each.visible.sum(axis=1) * rows).sum() / each.visible.sum())
            for each in (first, second)
        )
        if middle + _ABOVE_SHARE * height < other:
            found.append("above")
        worn = region in _ON_THE_BODY and other_region in _ON_THE_BODY
        touching = (first.full & second.full).any()
        if worn and touching and first.box[3] + _ENDS_SHARE * height < second.box[3]:
            found.append("ends-above")
    return found


def _is_inside(inner: Mask, outer: Mask) -> bool:
    """Whether the inner one lies between the outer one's left and right edge, row by row."""
    spread = (
        np.maximum.accumulate(outer, axis=1)
        & np.maximum.accumulate(outer[:, ::-1], axis=1)[:, ::-1]
    )
    return bool((inner & spread).sum() >= _INSIDE_SHARE * inner.sum())


def _share_columns(first: tuple[int, int, int, int], second: tuple[int, int, int, int]) -> bool:
    common = min(first[2], second[2]) - max(first[0], second[0])
    return common >= _COLUMNS_SHARE * min(first[2] - first[0], second[2] - second[0])
