"""Shoppers' phone photos against a catalogue of packshots: is the type of the garment found?

A photo's label allows one type of the catalogue, or several where it is broader than any. Right is
a neighbour of an allowed type. Colours of the photos are not labelled, so of colour only agreement
can be told: whether the nearest products have the colour that the encoder sees in the photo.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidInput
from engine.evaluation.figures import Figure, measured
from engine.evaluation.intervals import bootstrap
from engine.evaluation.metrics import top_ranked
from engine.types import ImageRGB, Vectors

__all__ = [
    "DEPTH",
    "PhotoGroup",
    "colour_agreement",
    "colour_histograms",
    "commonest_type",
    "rank_photos",
    "score_chance",
    "score_neighbours",
    "score_predictions",
    "vote",
]

DEPTH = 10
_LEVELS = 4
"""Levels of each channel of a histogram: 64 bins in all."""
_MOST_SIDE_PX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoGroup:
    """Photos that are reported together.

    Attributes:
        name: The condition that their figures carry.
        rows: Row numbers of the photos, at least one.
        allowed: For each of `rows` the catalogue types that its label means.
    """

    name: str
    rows: tuple[int, ...]
    allowed: tuple[frozenset[str], ...]

    def __post_init__(self) -> None:
        if not self.rows or len(self.rows) != len(self.allowed):
            raise InvalidInput(
                f"got {len(self.rows)} photos with {len(self.allowed)} sets of types",
                where=self.name,
                hint="Each photo of a group has its types, and a group has a photo.",
            )


def rank_photos(photos: Vectors, pictures: Vectors) -> NDArray[np.int64]:
    """Row numbers (P, 10) of the nearest pictures of each photo, best first."""
    return top_ranked(photos, pictures, depth=DEPTH)


def score_neighbours(
    group: PhotoGroup, nearest: NDArray[np.int64], types: Sequence[str], *, arm: str
) -> Figure:
    """precision@10: share of the ten nearest that are of an allowed type.

    Args:
        group: Which photos.
        nearest: (P, 10) of all photos, from `rank_photos`.
        types: Of every product of the catalogue.
        arm: What ranked.
    """
    values = [
        sum(types[number] in allowed for number in nearest[row]) / DEPTH
        for row, allowed in zip(group.rows, group.allowed, strict=True)
    ]
    return measured(bootstrap(values), metric="precision@10", arm=arm, condition=group.name)


def score_chance(group: PhotoGroup, types: Sequence[str]) -> Figure:
    """precision@10 that ten products drawn blindly would have on average."""
    counts = Counter(types)
    values = [sum(counts[kind] for kind in allowed) / len(types) for allowed in group.allowed]
    return measured(bootstrap(values), metric="precision@10", arm="chance", condition=group.name)


def score_predictions(group: PhotoGroup, predicted: Sequence[str], *, arm: str) -> Figure:
    """type-accuracy: share of the photos whose first guess is an allowed type.

    Args:
        group: Which photos.
        predicted: A type for every photo.
        arm: What guessed.
    """
    values = [
        float(predicted[row] in allowed)
        for row, allowed in zip(group.rows, group.allowed, strict=True)
    ]
    return measured(bootstrap(values), metric="type-accuracy", arm=arm, condition=group.name)


def vote(nearest: NDArray[np.int64], types: Sequence[str]) -> list[str]:
    """The commonest type among the nearest products of each photo; of equals the nearer one."""
    return [Counter(types[int(number)] for number in row).most_common(1)[0][0] for row in nearest]


def commonest_type(types: Sequence[str]) -> str:
    """The type that the catalogue holds most of: the guess of one who does not look."""
    return Counter(types).most_common(1)[0][0]


def colour_agreement(
    nearest: NDArray[np.int64],
    predicted: Sequence[str],
    colours: Sequence[str],
    *,
    arm: str,
    condition: str,
) -> Figure:
    """colour-agreement: share of the ten nearest that have the colour predicted for the photo.

    Products without a colour agree with nothing.
    """
    values = [
        sum(colours[number] == colour for number in row) / DEPTH
        for row, colour in zip(nearest, predicted, strict=True)
    ]
    return measured(bootstrap(values), metric="colour-agreement", arm=arm, condition=condition)


def colour_histograms(images: Sequence[ImageRGB]) -> Vectors:
    """Joint RGB histograms of 4x4x4 bins as unit rows (N, 64): the baseline that sees no shape.

    Square roots of the shares, so that the cosine is the Bhattacharyya coefficient.
    """
    rows = np.zeros((len(images), _LEVELS**3), np.float32)
    for row, image in zip(rows, images, strict=True):
        step = max(1, max(image.shape[:2]) // _MOST_SIDE_PX)
        level = (image[::step, ::step].astype(np.int64) * _LEVELS) // 256  # (h, w, 3)
        bins = (level[..., 0] * _LEVELS + level[..., 1]) * _LEVELS + level[..., 2]
        row[:] = np.sqrt(np.bincount(bins.ravel(), minlength=_LEVELS**3) / bins.size)
    return rows
