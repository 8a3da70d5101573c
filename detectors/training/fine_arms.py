"""RelDetect and its rivals, each fitted to the same annotated boxes.

Every arm turns a photo into scores of fine classes for its boxes. The coarse classes come from the
same detector in all of them; they differ in how they share a coarse class out among its fine ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detectors.body import person_box
from detectors.calibrations import Calibration
from detectors.knowledge import Definition
from detectors.relations import RelationNetwork
from detectors.reldetect import box_scores, fine_scores
from detectors.training.calibration import fit_calibrations
from detectors.training.fine_heads import Annotations, FineHead, HeadConfig, choose_head, fit_head
from engine.evaluation.fine import FinePhoto, annotated

__all__ = [
    "Heads", "Namer", "Vocabulary", "coarse_arm", "cooccurrence_arm", "finetuned_arm",
    "fit_to_budget", "name_by_relations", "relation_scores",
]  # fmt: skip

Namer = Callable[[FinePhoto], Mapping[str, NDArray[np.float64]]]
"""Fine class → (N,) score of each box of a photo."""
Budget = Sequence[tuple[int, int]]
"""(photo, known box) of each annotation."""

_DECAYS = (3.0, 30.0, 100.0)
_HEADS = tuple(HeadConfig(hidden=hidden, decay=decay) for hidden in (0, 64) for decay in _DECAYS)
"""What the fine-tuned arm chooses from."""
_PLAIN = tuple(HeadConfig(hidden=0, decay=decay) for decay in _DECAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """What was chosen and fitted already: other test photos need no other heads.

    Attributes:
        chosen: (arm, size of the budget) → form; draws of one size are alike.
        fitted: (arm, budget) → head.
    """

    chosen: dict[tuple[str, int], HeadConfig] = field(default_factory=dict)
    fitted: dict[tuple[str, tuple[tuple[int, int], ...]], FineHead] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """Coarse classes, and the fine ones that each is divided into."""

    classes: tuple[str, ...]
    siblings: Mapping[str, tuple[str, ...]]


def coarse_arm(words: Vocabulary) -> Namer:
    """A box is each fine class as much as it is the coarse one."""

    def name(photo: FinePhoto) -> dict[str, NDArray[np.float64]]:
        return {
            fine: photo.posteriors[:, words.classes.index(coarse)]
            for coarse, each in words.siblings.items()
            for fine in each
        }

    return name


def cooccurrence_arm(
    photos: Sequence[FinePhoto],
    budget: Budget,
    held_out: Sequence[FinePhoto],
    words: Vocabulary,
    heads: Heads,
) -> Namer:
    """What is seen in the photo says which fine class it is; where things lie does not."""
    return _head_arm(photos, budget, held_out, words, _company, _PLAIN, heads, "cooccurrence")


def finetuned_arm(
    arm: str,
    photos: Sequence[FinePhoto],
    budget: Budget,
    held_out: Sequence[FinePhoto],
    words: Vocabulary,
    heads: Heads,
) -> Namer:
    """A head over the box's picture vector (of `arm`), its posterior and where it lies."""

    def features(photo: FinePhoto) -> NDArray[np.float32]:
        return np.concatenate(
            # Unit vectors have small numbers; scaling evens that out anyway.
            [photo.vectors[arm], photo.posteriors, _places(photo, words.classes)], axis=1
        ).astype(np.float32)  # fmt: skip

    return _head_arm(photos, budget, held_out, words, features, _HEADS, heads, arm)


def relation_scores(
    photo: FinePhoto, network: RelationNetwork, definitions: Sequence[Definition]
) -> NDArray[np.float64]:
    """`box_scores` of a photo's boxes, (N, F)."""
    return box_scores(
        photo.boxes,
        photo.posteriors,
        network,
        definitions,
        width_px=photo.width_px,
        height_px=photo.height_px,
    )


def fit_to_budget(
    photos: Sequence[FinePhoto],
    scores: Sequence[NDArray[np.float64]],
    budget: Budget,
    definitions: Sequence[Definition],
    classes: Sequence[str],
) -> dict[str, Calibration]:
    """Calibrations from the annotated boxes that the detector found.

    Args:
        photos: Of the training split.
        scores: For each photo its `relation_scores`.
        budget: Which boxes are annotated.
        definitions: F fine classes.
        classes: Names of the coarse classes.
    """
    rows, labels, coarse = [], [], []
    for photo, box, found in _found(photos, budget):
        rows.append(scores[photo][found])
        labels.append(photos[photo].labels[box])
        coarse.append(classes[photos[photo].places[box]])
    if not rows:
        return {}
    return fit_calibrations(np.stack(rows), labels, coarse, definitions)


def name_by_relations(
    photo: FinePhoto,
    scores: NDArray[np.float64],
    definitions: Sequence[Definition],
    words: Vocabulary,
    calibrations: Mapping[str, Calibration],
) -> dict[str, NDArray[np.float64]]:
    """RelDetect's scores; what it leaves of a coarse class goes to classes without definition."""
    if not len(photo.boxes):
        return {fine: np.zeros(0) for each in words.siblings.values() for fine in each}
    fine = fine_scores(scores, photo.posteriors, definitions, words.classes, calibrations)
    found = {each.name: fine[:, column] for column, each in enumerate(definitions)}
    for coarse, siblings in words.siblings.items():
        told = [found[name] for name in siblings if name in found]
        left = photo.posteriors[:, words.classes.index(coarse)] - sum(told)
        found |= {name: np.maximum(left, 0) for name in siblings if name not in found}
    return found


def _head_arm(
    photos: Sequence[FinePhoto],
    budget: Budget,
    held_out: Sequence[FinePhoto],
    words: Vocabulary,
    features: Callable[[FinePhoto], NDArray[np.float32]],
    configs: Sequence[HeadConfig],
    heads: Heads,
    arm: str,
) -> Namer:
    key = (arm, tuple(budget))
    if key not in heads.fitted:
        given = _annotations(photos, budget, words, features)
        size = (arm, len(budget))
        if size not in heads.chosen:
            every = [
                (number, box)
                for number, each in enumerate(held_out)
                for box in range(len(each.labels))
            ]
            labelled = _annotations(held_out, every, words, features)
            heads.chosen[size] = choose_head(given, labelled, words.siblings, configs)
        heads.fitted[key] = fit_head(given, words.siblings, heads.chosen[size])
    head = heads.fitted[key]

    def name(photo: FinePhoto) -> dict[str, NDArray[np.float64]]:
        read = features(photo)
        found: dict[str, NDArray[np.float64]] = {}
        for coarse in words.siblings:
            own = photo.posteriors[:, words.classes.index(coarse)]
            shares = head.probabilities(read, coarse)
            found |= {fine: own * share for fine, share in shares.items()}
        return found

    return name


def _annotations(
    photos: Sequence[FinePhoto],
    budget: Budget,
    words: Vocabulary,
    features: Callable[[FinePhoto], NDArray[np.float32]],
) -> Annotations:
    read = {number: features(photos[number]) for number in {number for number, _ in budget}}
    width = next(iter(read.values())).shape[1]
    rows, labels, coarse = [np.zeros((0, width), np.float32)], [], []
    for photo, box, found in _found(photos, budget):
        rows.append(read[photo][found : found + 1])
        labels.append(photos[photo].labels[box])
        coarse.append(words.classes[photos[photo].places[box]])
    return Annotations(features=np.concatenate(rows), labels=tuple(labels), coarse=tuple(coarse))


def _found(photos: Sequence[FinePhoto], budget: Budget) -> list[tuple[int, int, int]]:
    """Photo, known box and found box of the annotations whose box the detector found."""
    matched = {number: annotated(photos[number]) for number in {number for number, _ in budget}}
    return [
        (photo, box, int(matched[photo][box])) for photo, box in budget if matched[photo][box] >= 0
    ]


def _company(photo: FinePhoto) -> NDArray[np.float32]:
    """How surely each coarse class is there beside the box itself: (N, C)."""
    found = np.zeros_like(photo.posteriors)
    for row in range(len(found)):
        others = np.delete(photo.posteriors, row, axis=0)
        found[row] = others.max(axis=0) if len(others) else 0
    return found.astype(np.float32)


def _places(photo: FinePhoto, classes: Sequence[str]) -> NDArray[np.float64]:
    """Where each box lies in the picture and on the wearer, and its proportions: (N, 10)."""
    if not len(photo.boxes):
        return np.zeros((0, 10))
    person = person_box(photo.boxes, photo.posteriors, classes)
    size = np.array([photo.width_px, photo.height_px] * 2)
    high = max(float(person[3] - person[1]), 1.0)
    on_wearer = (photo.boxes - np.array([person[0], person[1]] * 2)) / high
    sides = np.maximum(photo.boxes[:, 2:] - photo.boxes[:, :2], 1.0)
    shape = np.log(sides / high)
    return np.concatenate([photo.boxes / size, on_wearer, shape], axis=1)
