"""Titles as feeds write them: what it is and its colour, among words that sell."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np

__all__ = ["TitleKind", "draw_title_kind", "write_title"]


class TitleKind(StrEnum):
    """What the title of a gallery is."""

    RIGHT = "title"
    MISSING = "no-title"
    WRONG = "wrong-title"
    """It names something else."""


_SHARES = {TitleKind.RIGHT: 0.80, TitleKind.MISSING: 0.15, TitleKind.WRONG: 0.05}
_COLOUR_SHARE, _NOISE_SHARE, _BRAND_SHARE = 0.6, 0.7, 0.4
_MOST_NOISE = 4
_NOISE = (
    "new season", "sale", "women fashion 2013", "free shipping", "best price", "limited edition",
    "new arrival", "hot", "casual", "street style", "for her", "must have", "trend 2014", "-40%",
    "top quality", "summer", "autumn winter", "vintage look", "size S M L", "in stock",
)  # fmt: skip
_BRANDS = (
    "Arlen", "Mirova", "Coast & Pine", "Noemi", "Hallbrook", "Zeta", "Lundgren", "Petit Port",
    "Ostara", "Brightwell",
)  # fmt: skip
# Other words for what the data set calls a thing.
_WORDS: dict[str, Sequence[str]] = {
    "pants": ("pants", "trousers"),
    "shoes": ("shoes", "footwear"),
    "t-shirt": ("t-shirt", "tee"),
    "sweater": ("sweater", "jumper", "pullover"),
    "jumper": ("jumper", "sweater"),
    "sweatshirt": ("sweatshirt", "pullover"),
    "blouse": ("blouse", "top"),
    "coat": ("coat", "overcoat"),
    "bag": ("bag", "shoulder bag"),
    "purse": ("purse", "handbag"),
    "hat": ("hat", "cap"),
    "stockings": ("stockings", "tights"),
    "romper": ("romper", "playsuit"),
    "heels": ("heels", "high heels"),
    "pumps": ("pumps", "court shoes"),
    "sneakers": ("sneakers", "trainers"),
}


def draw_title_kind(rng: np.random.Generator) -> TitleKind:
    """Right, missing or, in one of twenty, wrong."""
    return list(_SHARES)[int(rng.choice(len(_SHARES), p=list(_SHARES.values())))]


def write_title(label: str, colour: str, rng: np.random.Generator) -> str:
    """A title for a thing.

    Args:
        label: What it is.
        colour: As measured; left out of some titles.
        rng: Decides everything.
    """
    names = _WORDS.get(label, (label,))
    parts: list[str] = []
    if rng.random() < _BRAND_SHARE:
        parts.append(_BRANDS[int(rng.integers(len(_BRANDS)))])
    if colour and rng.random() < _COLOUR_SHARE:
        parts.append(colour)
    parts.append(names[int(rng.integers(len(names)))])
    if rng.random() < _NOISE_SHARE:
        count = int(rng.integers(1, _MOST_NOISE + 1))
        noise = [_NOISE[number] for number in rng.choice(len(_NOISE), count, replace=False)]
        before = int(rng.integers(count + 1))
        parts = [*noise[:before], *parts, *noise[before:]]
    return " ".join(parts)
