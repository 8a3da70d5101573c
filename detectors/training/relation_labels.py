"""Relations read from masks: what the relation network learns from.

Nothing here asks what a part *is*: masks of any two parts of a photo say how they lie to each
other. Of the labels one thing is used, that two pieces have the same one: both halves of an open
coat are one coat, two shoes are a pair. Skin is seen here, and not by the detector; what the
network makes of it, it has to guess from boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.body import BODY_PARTS, body_bands
from detectors.relations import RELATIONS

__all__ = ["Part", "relation_labels"]

Mask = NDArray[np.bool_]
_PLACE = {name: place for place, name in enumerate(RELATIONS)}
_PERSON = list(BODY_PARTS).index("person")

# Shares of the person's height.
_ABOVE, _ENDS, _GAP = 0.08, 0.03, 0.06
_REACHES = 0.03
_HALF = 0.5
_INSIDE = 0.8
_COLUMNS = 0.3
"""Of the narrower one's width: less is not shared."""
_UNDERNEATH = 0.25
"""Of the outer one's width: what is narrower (a tie, a strap) is not worn under it."""
_FAR_SMALLER = 0.15
_PAIR_RATIO = 2.5
_NEAR_SHARE = 0.006
"""Of the person's height: so near is touching."""
_HAND = (0.0005, 0.02)
"""Area of a hand, of the person's box."""
_FACE = 0.3
"""Skin whose middle is higher is a face."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """A connected visible part of something.

    Attributes:
        mask: (H, W).
        kind: Equal for pieces of one thing, such as two shoes.
    """

    mask: Mask
    kind: int


class _Profile:
    """A mask row by row."""

    def __init__(self, mask: Mask) -> None:
        counts = mask.sum(axis=1)
        self.mask = mask
        self.area = float(counts.sum())
        self.there = counts > 0
        self.left = np.where(self.there, mask.argmax(axis=1), 0)
        self.right = np.where(self.there, mask.shape[1] - mask[:, ::-1].argmax(axis=1), 0)
        rows = np.flatnonzero(self.there)
        self.top, self.bottom = (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (0, 0)
        self.middle = float((counts * np.arange(len(counts))).sum() / max(self.area, 1))
        columns = np.flatnonzero(mask.any(axis=0))
        self.x0, self.x1 = (int(columns[0]), int(columns[-1]) + 1) if len(columns) else (0, 0)
        self.width = float((self.right - self.left)[rows].mean()) if len(rows) else 0.0


def relation_labels(parts: Sequence[Part], *, person: Mask, skin: Mask) -> NDArray[np.bool_]:
    """Which relations hold of each ordered pair.

    Args:
        parts: N parts of one photo, none of them empty.
        person: Everything that belongs to the wearer: skin, hair, what is worn.
        skin: Of it, the skin.

    Returns:
        (N, N + B, relations): partners are the parts and then `BODY_PARTS`.
    """
    whole = _Profile(person)
    height = max(whole.bottom - whole.top, 1)
    profiles = [_Profile(part.mask) for part in parts]
    near = max(2, round(_NEAR_SHARE * height))
    kernel = np.ones((2 * near + 1, 2 * near + 1), np.uint8)
    grown = [cv2.dilate(part.mask.astype(np.uint8), kernel) > 0 for part in parts]
    hands = _hands(skin, whole)
    found = np.zeros((len(parts), len(parts) + len(BODY_PARTS), len(RELATIONS)), bool)
    things = _things(parts)
    for i, one in enumerate(profiles):
        for j, two in enumerate(profiles):
            if i == j:
                continue
            row = found[i, j]
            _between(row, one, two, height, skin)
            row[_PLACE["touches"]] = (grown[i] & two.mask).any()
            if parts[i].kind == parts[j].kind:
                row[_PLACE["left-and-right-pair"]] = _side_by_side(one, two)
            else:
                mine, other = things[parts[i].kind], things[parts[j].kind]
                row[_PLACE["covers"]] = _covers(mine, two)
                row[_PLACE["inside"]] = _inside(one, other)
                row[_PLACE["worn-over"]] = _worn_over(mine, two)
        for place, band in enumerate(body_bands(whole.top, whole.bottom)):
            row = found[i, len(parts) + place]
            _to_body(row, one, band, whole, height, skin)
            if place == _PERSON:
                row[_PLACE["held-by"]] = any(
                    (hand & grown[i]).any() and _within(hand, one) for hand in hands
                )
    return found


def _between(row: NDArray[np.bool_], one: _Profile, two: _Profile, height: int, skin: Mask) -> None:
    columns = min(one.x1, two.x1) - max(one.x0, two.x0)
    share = columns >= _COLUMNS * min(one.x1 - one.x0, two.x1 - two.x0)
    higher = one.middle + _ABOVE * height < two.middle and share
    row[_PLACE["above"]] = higher
    row[_PLACE["ends-above"]] = one.bottom + _ENDS * height < two.bottom
    row[_PLACE["starts-below"]] = one.top > two.top + _ENDS * height
    row[_PLACE["reaches"]] = higher and one.bottom >= two.top - _REACHES * height
    row[_PLACE["bare-between"]] = share and _bare(one, two, height, skin)
    both = one.there & two.there
    # Where they share rows the widths are compared there, else over all.
    wide = (one.right - one.left)[both].mean() if both.any() else one.width
    other = (two.right - two.left)[both].mean() if both.any() else two.width
    row[_PLACE["wider-than"]] = wide > other
    row[_PLACE["far-smaller-than"]] = one.area < _FAR_SMALLER * two.area


def _things(parts: Sequence[Part]) -> dict[int, _Profile]:
    """Pieces put together again: the whole coat, both shoes."""
    kinds = {part.kind for part in parts}
    return {
        kind: _Profile(np.logical_or.reduce([part.mask for part in parts if part.kind == kind]))
        for kind in kinds
    }


def _covers(one: _Profile, two: _Profile) -> bool:
    common = np.minimum(one.right, two.right) - np.maximum(one.left, two.left)
    level = one.there & two.there & (common >= _HALF * (two.right - two.left))
    return bool(level.sum() >= _HALF * two.there.sum())


def _inside(one: _Profile, two: _Profile) -> bool:
    columns = np.arange(one.mask.shape[1])
    spread = (columns >= two.left[:, None]) & (columns < two.right[:, None])
    return bool((one.mask & spread).sum() >= _INSIDE * one.area)


def _to_body(
    row: NDArray[np.bool_],
    one: _Profile,
    band: NDArray[np.float64],
    whole: _Profile,
    height: int,
    skin: Mask,
) -> None:
    first, last = round(float(band[0])), max(round(float(band[1])), round(float(band[0])) + 1)
    rows = slice(first, last)
    inside = float(one.mask[rows].sum())
    higher = one.middle + _ABOVE * height < (first + last) / 2
    row[_PLACE["above"]] = higher
    row[_PLACE["ends-above"]] = one.bottom + _ENDS * height < last
    row[_PLACE["starts-below"]] = one.top > first + _ENDS * height
    row[_PLACE["reaches"]] = higher and one.bottom >= first - _REACHES * height
    row[_PLACE["covers"]] = one.there[rows].sum() >= _HALF * (last - first)
    row[_PLACE["inside"]] = inside >= _INSIDE * one.area
    row[_PLACE["touches"]] = inside > 0
    wide = (whole.right - whole.left)[rows].mean()
    row[_PLACE["wider-than"]] = one.width > wide
    row[_PLACE["far-smaller-than"]] = one.area < _FAR_SMALLER * float(whole.mask[rows].sum())
    here = np.flatnonzero(one.there[rows]) + first
    if len(here):
        columns = np.arange(skin.shape[1])
        beside = skin[here] & (
            (columns < one.left[here][:, None]) | (columns >= one.right[here][:, None])
        )
        row[_PLACE["bare-beside"]] = beside.any(axis=1).mean() >= _HALF
    gap = slice(one.bottom, first) if one.bottom < first else slice(last, one.top)
    row[_PLACE["bare-between"]] = _bare_rows(gap, one.x0, one.x1, height, skin)


def _bare(one: _Profile, two: _Profile, height: int, skin: Mask) -> bool:
    upper, lower = (one, two) if one.middle < two.middle else (two, one)
    left, right = max(one.x0, two.x0), min(one.x1, two.x1)
    return _bare_rows(slice(upper.bottom, lower.top), left, right, height, skin)


def _bare_rows(rows: slice, left: int, right: int, height: int, skin: Mask) -> bool:
    if rows.stop - rows.start < _GAP * height:
        return False
    return bool(skin[rows, left:right].any(axis=1).mean() >= _HALF)


def _worn_over(one: _Profile, two: _Profile) -> bool:
    if two.width < _UNDERNEATH * one.width:
        return False
    both = one.there & two.there & (one.left < two.left) & (one.right > two.right)
    return bool(both.sum() >= _HALF * two.there.sum())


def _side_by_side(one: _Profile, two: _Profile) -> bool:
    rows = (one.there & two.there).sum()
    columns = min(one.x1, two.x1) - max(one.x0, two.x0)
    ratio = max(one.area, two.area) / max(min(one.area, two.area), 1)
    return bool(
        rows >= _HALF * min(one.there.sum(), two.there.sum())
        and columns <= _COLUMNS * min(one.x1 - one.x0, two.x1 - two.x0)
        and ratio <= _PAIR_RATIO
    )


def _hands(skin: Mask, whole: _Profile) -> list[Mask]:
    """Pieces of skin as small as hands, below the face."""
    size = max((whole.bottom - whole.top) * (whole.x1 - whole.x0), 1)
    count, regions, stats, middles = cv2.connectedComponentsWithStats(skin.astype(np.uint8))
    lowest = whole.top + _FACE * (whole.bottom - whole.top)
    return [
        regions == place
        for place in range(1, count)
        if _HAND[0] * size <= stats[place, cv2.CC_STAT_AREA] <= _HAND[1] * size
        and middles[place][1] > lowest
    ]


def _within(hand: Mask, one: _Profile) -> bool:
    rows, columns = np.nonzero(hand)
    return one.top <= rows.mean() < one.bottom and one.x0 <= columns.mean() < one.x1
