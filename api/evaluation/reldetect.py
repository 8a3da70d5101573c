"""RelDetect against its rivals: fine classes of boxes at several budgets of annotations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detectors.knowledge import Definition
from detectors.registry import load_detector
from detectors.relations import RelationNetwork
from detectors.taxonomy import Taxonomy, default_taxonomy
from detectors.training.fine_arms import (
    Heads,
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

__all__ = ["LEAST_BOXES", "Fold", "Rate", "detections_of", "measure_reldetect", "vocabulary"]

_BUDGETS: Mapping[str, tuple[float, int]] = {
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
Rate = Callable[[Sequence[FinePhoto], Sequence[_Scores], Sequence[str]], Sequence[ClassRating]]
"""Right and wrong boxes or pictures of each class: `rate_fine` or `rate_pictures`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fold:
    """What arms are fitted to, and what they are tried on.

    Attributes:
        train: Photos whose boxes are annotated, as far as the budget goes.
        held_out: Photos on which the heads of the rivals choose their form; all annotated.
        test: Photos that no arm has seen.
        network: Predicts relations; trained on none of the test photos.
        heads: Of the rivals, kept for other test photos.
    """

    train: Sequence[FinePhoto]
    held_out: Sequence[FinePhoto]
    test: Sequence[FinePhoto]
    network: RelationNetwork
    heads: Heads = field(default_factory=Heads)


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


def _told_classes(definitions: Sequence[Definition], words: Vocabulary) -> tuple[str, ...]:
    """Fine classes with a definition, but those that are alone in their coarse class."""
    defined = {each.name for each in definitions}
    return tuple(name for name in _shared_classes(words) if name in defined)


def _shared_classes(words: Vocabulary) -> tuple[str, ...]:
    return tuple(name for each in words.siblings.values() if len(each) > 1 for name in each)


def measure_reldetect(
    folds: Sequence[Fold],
    definitions: Sequence[Definition],
    words: Vocabulary,
    *,
    budgets: Mapping[str, str],
    resamples: int = 500,
    by_class: Sequence[str] = (),
    every_class: bool = False,
    most_draws: int = 10,
    rate: Rate = rate_fine,
    metric: str = "map50",
) -> tuple[list[Figure], tuple[str, ...]]:
    """Figures of all arms, and the classes that they stand on.

    Args:
        folds: One or several; their test photos are taken together.
        definitions: Of RelDetect.
        words: Coarse and fine classes.
        budgets: Of `_BUDGETS` → condition under which it is reported.
        resamples: Of the bootstrap over photos.
        by_class: Of `_BUDGETS`: where figures of each class are reported too.
        every_class: Whether the mean over all fine classes, defined or not, is reported too.
        most_draws: Of a budget's annotations.
        rate: Tells right from wrong.
        metric: Name of the mean, such as ``map50``; of one class it is ``ap50``.
    """
    photos = [photo for fold in folds for photo in fold.test]
    told = counted_classes(photos, _told_classes(definitions, words), least=LEAST_BOXES)
    classes = told
    if every_class:
        classes = counted_classes(photos, _shared_classes(words), least=LEAST_BOXES)
    relations = [
        [[relation_scores(photo, fold.network, definitions) for photo in part]
         for part in (fold.train, fold.test)]
        for fold in folds
    ]  # fmt: skip
    places = [classes.index(name) for name in told]
    figures: list[Figure] = []
    for budget, condition in budgets.items():
        share, draws = _BUDGETS[budget]
        rated: dict[str, list[ClassRating]] = {}
        for draw in range(min(draws, most_draws)):
            named: dict[str, list[_Scores]] = {}
            for fold, (train, test) in zip(folds, relations, strict=True):
                found = _named(fold, train, test, share, draw, definitions, words)
                for arm, scores in found.items():
                    named.setdefault(arm, []).extend(scores)
            for arm, scores in named.items():
                rated.setdefault(arm, []).extend(rate(photos, scores, classes))
        precisions = {
            # (1 + resamples, draws, classes)
            arm: resampled_precisions(each, resamples=resamples).reshape(
                1 + resamples, -1, len(classes)
            )
            for arm, each in rated.items()
        }
        of_told = {arm: each[:, :, places] for arm, each in precisions.items()}
        figures += _means(of_told, metric, condition, n=len(photos))
        if every_class:
            figures += _means(precisions, metric, f"{condition}/every-class", n=len(photos))
        if budget in by_class:
            boxes = {
                name: int(each.truths.sum())
                for name, each in zip(classes, rated[_OWN], strict=False)
            }
            one = metric.removeprefix("m")
            figures += _by_class(of_told, one, condition, {name: boxes[name] for name in told})
    return figures, told


def _named(
    fold: Fold,
    train: Sequence[NDArray[np.float64]],
    test: Sequence[NDArray[np.float64]],
    share: float,
    draw: int,
    definitions: Sequence[Definition],
    words: Vocabulary,
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
        rivals["cooccurrence"] = cooccurrence_arm(
            fold.train, budget, fold.held_out, words, fold.heads
        )
        for arm in fold.train[0].vectors:
            rivals[arm] = finetuned_arm(arm, fold.train, budget, fold.held_out, words, fold.heads)
    return found | {arm: [name(photo) for photo in fold.test] for arm, name in rivals.items()}


def _means(
    precisions: Mapping[str, NDArray[np.float64]], metric: str, condition: str, *, n: int
) -> list[Figure]:
    """Means over draws and classes, and how far RelDetect is ahead on the same resamples."""
    flat = {arm: each.reshape(len(each), -1) for arm, each in precisions.items()}
    figures = [
        measured(mean_interval(each, n=n), metric=metric, arm=arm, condition=condition)
        for arm, each in flat.items()
    ]
    return figures + [
        measured(
            mean_interval(flat[_OWN] - each, n=n),
            metric=f"{metric}-gain",
            arm=f"{_OWN}-{rival}",
            condition=condition,
        )
        for rival, each in flat.items()
        if rival != _OWN
    ]


def _by_class(
    precisions: Mapping[str, NDArray[np.float64]],
    metric: str,
    condition: str,
    boxes: Mapping[str, int],
) -> list[Figure]:
    return [
        measured(
            mean_interval(each[:, :, place], n=count),
            metric=metric,
            arm=arm,
            condition=f"{condition}/{name}",
        )
        for place, (name, count) in enumerate(boxes.items())
        for arm, each in precisions.items()
    ]
