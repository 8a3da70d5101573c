"""Rows, labels and features of the tagger study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.types import Facet
from models.training.pairs import Pairs
from models.training.tag_features import TagFeatures
from models.training.tags import COLUMN_FACETS, Tags, frequent_tags

__all__ = ["Part", "Vocabulary", "build_part", "choose_rows", "count_labels"]

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The labels that are learned.

    Attributes:
        labels: Facet and value, C.
    """

    labels: tuple[tuple[Facet, str], ...]

    @classmethod
    def of(cls, tags: Sequence[Tags], rows: NDArray[np.int64], *, least: int) -> Vocabulary:
        """What enough training rows have."""
        return cls(labels=frequent_tags(tags, rows.tolist(), least=least))

    def places(self, facet: Facet) -> NDArray[np.int64]:
        """Columns of a facet."""
        return np.flatnonzero([each is facet for each, _ in self.labels])

    @property
    def of_columns(self) -> Bools:
        """(C,) labels that a column of the feed says."""
        return np.array([facet in COLUMN_FACETS for facet, _ in self.labels], bool)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """Rows of one split.

    Attributes:
        views: Features; the rows of each are those of the catalogue.
        rows: (n,) rows of the catalogue.
        true: (n, C) labels that a row has for certain.
        known: (n, C) where that is known.
    """

    views: tuple[TagFeatures, ...]
    rows: NDArray[np.int64]
    true: Bools
    known: Bools

    def features(
        self, places: NDArray[np.int64], views: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Vectors and maps of some of the part's rows, each in its view (the first without)."""
        rows = self.rows[places]
        if views is None:
            views = np.zeros(len(places), np.int64)
        first = self.views[0]
        vectors = np.empty((len(rows), first.vectors.shape[1]), np.float32)
        maps = np.empty((len(rows), *first.maps.shape[1:]), np.float32)
        for view, held in enumerate(self.views):
            here = np.flatnonzero(views == view)
            vectors[here], maps[here] = held.vectors[rows[here]], held.maps[rows[here]]
        return vectors, maps


def build_part(
    views: Sequence[TagFeatures], rows: NDArray[np.int64], tags: Sequence[Tags], words: Vocabulary
) -> Part:
    """Labels of some rows, as far as the vocabulary has them."""
    place = {label: number for number, label in enumerate(words.labels)}
    true = np.zeros((len(rows), len(place)), bool)
    known = np.zeros_like(true)
    facets = {facet: words.places(facet) for facet, _ in words.labels}
    for number, row in enumerate(rows.tolist()):
        for facet, values in tags[row].items():
            if facet in facets:
                known[number, facets[facet]] = True
            for value in values:
                if (facet, value) in place:
                    true[number, place[facet, value]] = True
    return Part(views=tuple(views), rows=rows, true=true, known=known)


def choose_rows(pairs: Pairs, split: str, most: int | None, *, seed: int = 0) -> NDArray[np.int64]:
    """Rows of a split, at most so many, in their order."""
    rows = pairs.rows(split)
    if most is None or most >= len(rows):
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def count_labels(part: Part) -> NDArray[np.int64]:
    """(C,) how many rows have each label."""
    return part.true.sum(0)
