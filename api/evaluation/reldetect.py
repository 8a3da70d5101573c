"""RelDetect against its rivals: fine classes of boxes at several budgets of annotations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.knowledge import Definition
from detectors.registry import load_detector
from detectors.relations import RelationNetwork
from detectors.taxonomy import Taxonomy, default_taxonomy
from detectors.training.fine_arms import (
    Choices,
    Namer,
    Vocabulary,
    coarse_arm,
    cooccurrence_arm,
    finetuned_arm,
    fit_to_budget,
    name_by_relations,
    relation_scores,
)
from detectors.training.fine_photos import Detect, by_detector, by_simulation
from engine.evaluation.detection import ClassRating
from engine.evaluation.figures import Figure, measured
from engine.evaluation.fine import (
    FinePhoto,
    counted_classes,
    draw_budget,
    mean_interval,
    rate_fine,
    resampled_precisions,
)
from models.onnx_session import OnnxTower

__all__ = ["BUDGETS", "LEAST_BOXES", "Fold", "detections_of", "measure_reldetect", "told_classes",
           "vocabulary"]  # fmt: skip

BUDGETS: Mapping[str, tuple[float, int]] = {
    "0%": (0.0, 1), "0.2%": (0.002, 10), "1%": (0.01, 5), "5%": (0.05, 3), "100%": (1.0, 1),
}  # fmt: skip
"""Share of the fine annotations, and how many times it is drawn."""
LEAST_SCORE = 0.05
"""Of a detection that takes part: the tail of the ranking counts, and partners may be unsure."""
_SEED = 7
LEAST_BOXES = 5
"""Test boxes of a class that counts."""
_OWN = "reldetect"
_Scores = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fold:
    """What arms are fitted to, and what they are tried on.

    Attributes:
        train: Photos whose boxes are annotated, as far as the budget goes.
        held_out: Photos on which the heads of the rivals choose their form; all annotated.
        test: Photos that no arm has seen.
        network: Predicts relations; trained on none of the test photos.
    """

    train: Sequence[FinePhoto]
    held_out: Sequence[FinePhoto]
    test: Sequence[FinePhoto]
    network: RelationNetwork


def detections_of(*, simulated: bool) -> Detect:
    """Boxes of the shipped detector, or of one that is simulated from the known ones.

    Raises:
        ModelUnavailable: The detector's weights are not there.
    """
    if simulated:
        return by_simulation(default_taxonomy().classes, seed=_SEED)
    return by_detector(load_detector(OnnxTower, least_score=LEAST_SCORE))


def vocabulary(taxonomy: Taxonomy) -> Vocabulary:
    """The fine labels of Clothing Co-Parsing by coarse class."""
    siblings: dict[str, tuple[str, ...]] = dict.fromkeys(taxonomy.classes, ())
    for label, place in taxonomy.sources["ccp"].items():
        siblings[taxonomy.classes[place]] += (label,)
    return Vocabulary(classes=taxonomy.classes, siblings=siblings)


def told_classes(definitions: Sequence[Definition], words: Vocabulary) -> tuple[str, ...]:
    """Fine classes with a definition, but those that are alone in their coarse class."""
    return tuple(
        each.name
        for each in definitions
        if each.name in words.siblings[each.coarse] and len(words.siblings[each.coarse]) > 1
    )


def measure_reldetect(
    folds: Sequence[Fold],
    definitions: Sequence[Definition],
    words: Vocabulary,
    *,
    budgets: Mapping[str, str],
    resamples: int = 500,
    by_class: Sequence[str] = (),
    most_draws: int = 10,
) -> tuple[list[Figure], tuple[str, ...]]:
    """Figures of all arms, and the classes that they stand on.

    Args:
        folds: One or several; their test photos are taken together.
        definitions: Of RelDetect.
        words: Coarse and fine classes.
        budgets: Of `BUDGETS` → condition under which it is reported.
        resamples: Of the bootstrap over photos.
        by_class: Of `BUDGETS`: where figures of each class are reported too.
        most_draws: Of a budget's annotations.
    """
    photos = [photo for fold in folds for photo in fold.test]
    classes = counted_classes(photos, told_classes(definitions, words), least=LEAST_BOXES)
    relations = [
        [[relation_scores(photo, fold.network, definitions) for photo in part]
         for part in (fold.train, fold.test)]
        for fold in folds
    ]  # fmt: skip
    choices: list[Choices] = [{} for _ in folds]
    figures: list[Figure] = []
    for budget, condition in budgets.items():
        share, draws = BUDGETS[budget]
        rated: dict[str, list[ClassRating]] = {}
        for draw in range(min(draws, most_draws)):
            named: dict[str, list[_Scores]] = {}
            for fold, (train, test), chosen in zip(folds, relations, choices, strict=True):
                found = _named(fold, train, test, share, draw, definitions, words, chosen)
                for arm, scores in found.items():
                    named.setdefault(arm, []).extend(scores)
            for arm, scores in named.items():
                rated.setdefault(arm, []).extend(rate_fine(photos, scores, classes))
        figures += _figures(
            rated, classes, condition, resamples=resamples, by_class=budget in by_class
        )
    return figures, classes


def _named(
    fold: Fold,
    train: Sequence[NDArray[np.float64]],
    test: Sequence[NDArray[np.float64]],
    share: float,
    draw: int,
    definitions: Sequence[Definition],
    words: Vocabulary,
    choices: Choices,
) -> dict[str, list[_Scores]]:
    """Scores of every arm for a fold's test photos; without annotations only two arms differ."""
    budget = draw_budget(fold.train, share, seed=draw) if share else []
    fitted = fit_to_budget(fold.train, train, budget, definitions, words.classes) if budget else {}
    found: dict[str, list[_Scores]] = {
        _OWN: [
            name_by_relations(photo, scores, definitions, words, fitted)
            for photo, scores in zip(fold.test, test, strict=True)
        ]
    }
    rivals: dict[str, Namer] = {"coarse": coarse_arm(words)}
    if budget:
        rivals["cooccurrence"] = cooccurrence_arm(fold.train, budget, fold.held_out, words, choices)
        for arm in fold.train[0].vectors:
            rivals[arm] = finetuned_arm(arm, fold.train, budget, fold.held_out, words, choices)
    return found | {arm: [name(photo) for photo in fold.test] for arm, name in rivals.items()}


def _figures(
    rated: Mapping[str, Sequence[ClassRating]],
    classes: Sequence[str],
    condition: str,
    *,
    resamples: int,
    by_class: bool,
) -> list[Figure]:
    """Ratings lie draw by draw, in each the classes in their order."""
    found = {
        arm: resampled_precisions(ratings, resamples=resamples) for arm, ratings in rated.items()
    }
    photos = len(rated[_OWN][0].truths)
    figures = [
        measured(mean_interval(each, n=photos), metric="map50", arm=arm, condition=condition)
        for arm, each in found.items()
    ]
    figures += [
        measured(
            mean_interval(found[_OWN] - each, n=photos),
            metric="map50-gain",
            arm=f"{_OWN}-{rival}",
            condition=condition,
        )
        for rival, each in found.items()
        if rival != _OWN
    ]
    if by_class:
        figures += [
            measured(
                mean_interval(
                    each[:, place :: len(classes)], n=int(rated[arm][place].truths.sum())
                ),
                metric="ap50",
                arm=arm,
                condition=f"{condition}/{name}",
            )
            for place, name in enumerate(classes)
            for arm, each in found.items()
        ]
    return figures
