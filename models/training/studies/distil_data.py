"""Which pictures the distillation study trains on, chooses on and tests on: classes apart.

A class is a type in a colour ("Kurtas, Green"). Types, and with them all their classes, go to one
half or the other, so that the test asks for kinds of things that no training label named. The
catalogue has one picture a product, so retrieval of the same product is not possible.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidInput
from models.training.pairs import ATTRIBUTES, Pairs

__all__ = ["ClassBatches", "Labelled", "StudyRows", "choose_rows"]

_TYPE, _COLOUR = ATTRIBUTES.index("type"), ATTRIBUTES.index("colour")
_VAL_EVERY = 5
_NO_KIND = ("Free Gifts",)  # whatever came with a purchase


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Labelled:
    """Pictures with their classes.

    Attributes:
        rows: (n,) rows of the catalogue.
        labels: (n,) class numbers from 0.
        types: Types that the classes come from.
    """

    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    types: tuple[str, ...]

    @property
    def classes(self) -> int:
        """Number of classes."""
        return int(self.labels.max()) + 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StudyRows:
    """The parts of the catalogue.

    Attributes:
        fit: Trains teacher and students.
        val: Other types of the same half; λ is chosen on it.
        test: Types of the other half.
        unlabelled: (n,) rows of the test half's types, none of them a test picture, none with a
            test picture's title.
        key: Hash of the products chosen; results of other choices never mix with these.
    """

    fit: Labelled
    val: Labelled
    test: Labelled
    unlabelled: NDArray[np.int64]
    key: str


def choose_rows(
    pairs: Pairs,
    *,
    least: int,
    fit_most: int,
    test_most: int,
    unlabelled_most: int,
    class_most: int | None = None,
) -> StudyRows:
    """Split the catalogue by type.

    Types go by their number of pictures, largest first, to train, test, test, train and so on;
    every fifth train type is for validation. One picture of each title in a class counts: further
    ones are often the same photo.

    Args:
        pairs: The catalogue.
        least: Pictures that a class must have.
        fit_most: Pictures of a class that train; others are left out.
        test_most: Pictures of a class that validate or test.
        unlabelled_most: Unlabelled pictures.
        class_most: Classes of each part, for a quick look; ``None`` for all.

    Raises:
        InvalidInput: Too few classes are large enough.
    """
    classes = _classes(pairs, least)
    sizes = Counter[str]()
    for (kind, _), rows in classes.items():
        sizes[kind] += len(rows)
    ordered = sorted(sizes, key=lambda kind: (-sizes[kind], kind))
    train = [kind for place, kind in enumerate(ordered) if place % 4 in (0, 3)]
    test = [kind for place, kind in enumerate(ordered) if place % 4 in (1, 2)]
    val = train[_VAL_EVERY - 1 :: _VAL_EVERY]
    if not (val and test):
        raise InvalidInput(
            f"{len(ordered)} types have a colour with {least} pictures, expected 10 or more",
            where="kagl.parquet",
            hint="Use the whole file.",
        )
    fit_types = [kind for kind in train if kind not in val]
    fit = _labelled(classes, fit_types, most=fit_most, class_most=class_most)
    chosen = _labelled(classes, test, most=test_most, class_most=class_most)
    validation = _labelled(classes, val, most=test_most, class_most=class_most)
    titles = {pairs.titles[row] for row in chosen.rows}
    others = np.array(
        [
            row
            for row, labels in enumerate(pairs.labels)
            if labels[_TYPE] in chosen.types and pairs.titles[row] not in titles
        ],
        dtype=np.int64,
    )
    unlabelled = np.sort(np.random.default_rng(0).permutation(others)[:unlabelled_most])
    digest = hashlib.sha256()
    for rows in (fit.rows, validation.rows, chosen.rows, unlabelled):
        digest.update(" ".join(pairs.ids[row] for row in rows).encode() + b"\n")
    return StudyRows(
        fit=fit,
        val=validation,
        test=chosen,
        unlabelled=unlabelled,
        key=digest.hexdigest()[:12],
    )


def _classes(pairs: Pairs, least: int) -> dict[tuple[str, str], list[int]]:
    """Class → rows, one of each title, for classes that are large enough."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for row, labels in enumerate(pairs.labels):
        kind, colour = labels[_TYPE], labels[_COLOUR]
        if kind and colour and kind not in _NO_KIND:
            found.setdefault((kind, colour), {}).setdefault(pairs.titles[row], row)
    return {name: list(rows.values()) for name, rows in found.items() if len(rows) >= least}


def _labelled(
    classes: dict[tuple[str, str], list[int]],
    types: Sequence[str],
    *,
    most: int,
    class_most: int | None,
) -> Labelled:
    names = sorted(name for name in classes if name[0] in types)
    if class_most is not None:
        names = [names[place] for place in range(0, len(names), -(-len(names) // class_most))]
    rows, labels = [], []
    for label, name in enumerate(names):
        order = np.random.default_rng((1, label)).permutation(len(classes[name]))[:most]
        rows += [classes[name][place] for place in sorted(order)]
        labels += [label] * len(order)
    return Labelled(
        rows=np.array(rows, dtype=np.int64),
        labels=np.array(labels, dtype=np.int64),
        types=tuple(sorted({kind for kind, _ in names})),
    )


class ClassBatches:
    """Batches of some classes with some pictures each, as batch-hard mining wants them.

    Args:
        labels: (n,) class of each picture.
        classes: Classes a batch.
        pictures: Pictures of a class, all different where it has as many.
        views: Views that a picture has; one is drawn for each.
        seed: Makes the draws, with the step.
    """

    def __init__(
        self, labels: NDArray[np.int64], *, classes: int, pictures: int, views: int, seed: int
    ):
        self._members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
        self._classes = min(classes, len(self._members))
        self._pictures = pictures
        self._views = views
        self._seed = seed

    def draw(self, step: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Places (B,) in the list of pictures and their views (B,), for a step."""
        rng = np.random.default_rng((self._seed, step))
        chosen = rng.choice(len(self._members), self._classes, replace=False)
        places = np.concatenate(
            [
                rng.choice(members, self._pictures, replace=len(members) < self._pictures)
                for members in (self._members[each] for each in chosen)
            ]
        )
        return places, rng.integers(0, self._views, len(places))
