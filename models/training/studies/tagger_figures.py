"""Figures of the tagger study."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.figures import Figure, measured
from engine.evaluation.intervals import bootstrap
from engine.ports import AttributePredictor
from engine.types import Facet
from models.training.studies.distil_figures import seed_interval
from models.training.studies.tagger_data import Part, Vocabulary
from models.training.studies.tagger_measures import epochs_to_share, score_sets
from models.training.studies.tagger_settings import DECODERS
from models.training.studies.tagger_training import Found
from models.training.tags import COLUMN_FACETS

__all__ = ["arm_figures", "gain_figures", "heads_figures"]

_SHOWN = {
    "named": ("c_f1", "o_f1"),
    "as-absent": ("c_f1", "o_f1"),
    "columns": ("c_f1", "o_f1"),
    "titles": ("c_f1", "o_f1", "precision", "recall"),
}
ORDERLESS = ("mla", "pla")
RIVALS = ("bce", "rare-first", "frequent-first", "random")


def arm_figures(arm: str, found: Sequence[Found]) -> list[Figure]:
    """Everything of one arm; `found` has one result a seed."""

    def over_seeds(
        metric: str, condition: str, value: Callable[[Found], float], unit: str = "fraction"
    ) -> Figure:
        return _over_seeds(metric, arm, condition, [value(each) for each in found], unit)

    figures = [
        over_seeds(metric.replace("_", "-"), condition, _score(condition, metric))
        for condition, metrics in _SHOWN.items()
        for metric in metrics
    ]
    if arm in DECODERS:
        figures.append(over_seeds("duplicates", "emitted", lambda each: each.duplicates))
    figures.append(
        over_seeds(
            "epochs-to-95", "val", lambda each: float(epochs_to_share(each.course)), "epochs"
        )
    )
    figures += [
        over_seeds("accuracy", facet, lambda each, facet=facet: each.facets[facet])
        for facet in found[0].facets
    ]
    figures.append(
        Figure(metric="parameters", arm=arm, condition="cost", value=found[0].parameters, unit="1")
    )
    return figures


def gain_figures(found: Mapping[str, Sequence[Found]]) -> list[Figure]:
    """What the orderless arms have above the others, seed by seed."""
    return [
        _over_seeds(
            f"{metric.replace('_', '-')}-gain",
            arm,
            f"over {rival}",
            [
                _score("named", metric)(ours) - _score("named", metric)(theirs)
                for ours, theirs in zip(found[arm], found[rival], strict=True)
            ],
        )
        for arm in ORDERLESS
        for rival in RIVALS
        for metric in ("c_f1", "o_f1")
    ]


def heads_figures(heads: AttributePredictor, test: Part, words: Vocabulary) -> list[Figure]:
    """The shipped linear heads on the same rows: the likeliest value of each facet."""
    vectors, _ = test.features(np.arange(len(test.rows)))
    probabilities = heads.predict(vectors)
    place = {label: number for number, label in enumerate(words.labels)}
    sets = np.zeros_like(test.true)
    figures: list[Figure] = []
    for facet in dict.fromkeys(facet for facet, _ in words.labels):
        if facet not in probabilities:
            continue
        columns = [place.get((facet, value), -1) for value in heads.labels[facet]]
        given = np.array(columns)[probabilities[facet].argmax(1)]
        rows = np.flatnonzero(given >= 0)
        sets[rows, given[rows]] = True
        if facet in COLUMN_FACETS:
            figures.append(_accuracy(facet, given, test, words))
    for condition in ("named", "columns"):
        counted = test.known & (words.of_columns if condition == "columns" else True)
        scores = score_sets(sets, test.true, counted)
        figures += [
            Figure(metric=metric, arm="heads", condition=condition, value=value, n=1)
            for metric, value in (("c-f1", scores.c_f1), ("o-f1", scores.o_f1))
        ]
    return figures


def _accuracy(facet: Facet, given: NDArray[np.int64], test: Part, words: Vocabulary) -> Figure:
    places = words.places(facet)
    there = test.true[:, places].any(1)
    value = places[test.true[:, places].argmax(1)]
    right = (given == value)[there].astype(float)
    return measured(bootstrap(right), metric="accuracy", arm="heads", condition=facet.value)


def _score(condition: str, metric: str) -> Callable[[Found], float]:
    return lambda found: found.scores[condition][metric]


def _over_seeds(
    metric: str, arm: str, condition: str, values: Sequence[float], unit: str = "fraction"
) -> Figure:
    value, low, high = seed_interval(values)
    if low is not None and not metric.endswith("-gain"):
        low = max(0.0, low)
    return Figure(
        metric=metric,
        arm=arm,
        condition=condition,
        value=value,
        low=low,
        high=high,
        n=len(values),
        unit=unit,
    )
