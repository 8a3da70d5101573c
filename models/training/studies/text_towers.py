"""Which text tower, on how many pairs? The question of T-VSE, asked of our catalogue.

Bastan, Ramisa and Tek 2020 (https://arxiv.org/abs/2005.08399) say that data scale and training
strategy decide whether a transformer beats a word average. Every tower here meets the same frozen
pictures, the same image head, the same batches and the same number of steps.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.figures import Figure, measured
from engine.evaluation.intervals import bootstrap
from models.training.studies.result import StudyResult
from models.training.studies.text_towers_corpus import Corpus, load_corpus
from models.training.studies.text_towers_plan import (
    ARMS,
    FULL,
    QUICK,
    Runs,
    StudyPlan,
    strategies,
)
from models.training.studies.text_towers_retrieval import recall_hits
from models.training.studies.text_towers_sentences import PACKAGE
from models.training.studies.text_towers_training import RunResult, RunSettings
from models.training.text_towers import TowerName

__all__ = ["run_text_tower_study"]

_log = logging.getLogger(__name__)
_CUTS = (1, 5, 10)
_SENTENCE_ARM = "transformer-minilm"
Hits = NDArray[np.float64]


def run_text_tower_study(data: Path, work: Path, *, seeds: int, quick: bool) -> StudyResult:
    """Run (or go on with) the whole study.

    Args:
        data: Folder with ``kagl.parquet``.
        work: Keeps features and finished runs, about 600 MB.
        seeds: Runs of each arm; rates are chosen with the first.
        quick: A few steps on a few pictures.

    Raises:
        NotFound: The data are not there.
    """
    plan = QUICK if quick else FULL
    corpus = load_corpus(
        data,
        work,
        limits=plan.limits,
        vocabulary=plan.sizes.vocabulary,
        tokens=plan.sizes.tokens,
    )
    return _Study(corpus, plan, work / "runs", seeds).report()


class _Study:
    def __init__(self, corpus: Corpus, plan: StudyPlan, folder: Path, seeds: int):
        self._corpus = corpus
        self._plan = plan
        self._runs = Runs(folder, corpus)
        self._seeds = seeds
        self._sizes = (*(size for size in plan.pairs if size < len(corpus.train)), self._all)
        self._rates: dict[TowerName, float] = {}

    @property
    def _all(self) -> int:
        return len(self._corpus.train)

    def _settings(self, tower: TowerName, pairs: int, seed: int, **changes: object) -> RunSettings:
        plain = RunSettings(
            tower=tower,
            pairs=pairs,
            seed=seed,
            rate=self._rates.get("transformer" if tower == "transformer+average" else tower, 0.0),
            steps=self._plan.steps,
            batch=self._plan.batch,
            corpus=self._corpus.fingerprint,
            sizes=self._plan.sizes,
        )
        return replace(plain, **changes)  # pyright: ignore[reportArgumentType] - names are checked

    def _over_seeds(self, tower: TowerName, pairs: int, **changes: object) -> list[RunResult]:
        return [
            self._runs(self._settings(tower, pairs, seed, **changes)) for seed in range(self._seeds)
        ]

    def report(self) -> StudyResult:
        sentences = self._corpus.sentences is not None
        tried = sum(len(rates) for rates in self._plan.rates.values())
        # The run at the chosen rate is the plain one, and the transformer's others are strategies.
        ways = strategies(dict.fromkeys(ARMS, -1.0), self._plan, sentences=sentences)
        new_ways = sum("rate" not in way.changes for way in ways) - sentences
        arms = len(ARMS) + sentences
        self._runs.expected = (
            tried
            + self._seeds * (arms * len(self._sizes) + new_ways + len(ARMS))
            - len(ARMS)
            + (self._seeds - 1) * (len(self._plan.rates["transformer"]) - 1)
        )
        grid = self._tune()
        figures = [*self._scaling(), *self._strategies(), *self._word_order()]
        return StudyResult(figures=tuple(figures), notes=self._notes(grid))

    def _tune(self) -> dict[TowerName, dict[float, float]]:
        """Val score of every rate; the best one of a tower serves all its runs."""
        grid: dict[TowerName, dict[float, float]] = {}
        for tower in ARMS:
            grid[tower] = {
                rate: self._runs(self._settings(tower, self._all, 0, rate=rate)).val_score
                for rate in self._plan.rates[tower]
            }
            scores = grid[tower]
            self._rates[tower] = max(scores, key=lambda rate: scores[rate])
            _log.info("rate of %s: %g", tower, self._rates[tower])
        return grid

    def _scaling(self) -> list[Figure]:
        figures: list[Figure] = []
        for size in self._sizes:
            arms = {tower: self._over_seeds(tower, size) for tower in ARMS}
            found: dict[str, list[RunResult]] = dict(arms)
            if self._corpus.sentences is not None:
                found[_SENTENCE_ARM] = self._over_seeds("transformer", size, sentence_weight=1.0)
            for way in ("text-to-image", "image-to-text"):
                condition = f"{way}/N={size}"
                for arm, results in found.items():
                    figures += [
                        measured(
                            bootstrap(_hits(results, way, cut)),
                            metric=f"recall@{cut}",
                            arm=arm,
                            condition=condition,
                        )
                        for cut in _CUTS
                    ]
                    if arm != "word-average":
                        gain = _hits(results, way, 10) - _hits(arms["word-average"], way, 10)
                        figures.append(
                            measured(
                                bootstrap(gain),
                                metric="recall@10 minus word-average's",
                                arm=arm,
                                condition=condition,
                            )
                        )
        return figures

    def _strategies(self) -> list[Figure]:
        plain: dict[TowerName, list[RunResult]] = {
            tower: self._over_seeds(tower, self._all) for tower in ("transformer", "word-average")
        }
        figures: list[Figure] = []
        for tower, results in plain.items():
            figures += _strategy_rows(f"{tower}: plain", results, None)
        for way in strategies(
            self._rates, self._plan, sentences=self._corpus.sentences is not None
        ):
            results = self._over_seeds(way.tower, self._all, **way.changes)
            figures += _strategy_rows(f"{way.base}: {way.name}", results, plain[way.base])
        return figures

    def _word_order(self) -> list[Figure]:
        figures: list[Figure] = []
        for tower in ARMS:
            results = self._over_seeds(tower, self._all, twins=self._plan.twins)
            choices = np.mean([result.twin_choices for result in results], axis=0)
            # Twins of one colour pair succeed or fail together, so colour pairs are resampled.
            choices = choices.reshape(self._corpus.colour_pairs_test, -1).mean(axis=1)
            figures += [
                measured(
                    bootstrap(choices), metric="accuracy", arm=tower, condition="word order/twins"
                ),
                measured(
                    bootstrap(_hits(results, "text-to-image", 10)),
                    metric="recall@10",
                    arm=tower,
                    condition="word order/catalogue",
                ),
            ]
        return figures

    def _notes(self, grid: dict[TowerName, dict[float, float]]) -> tuple[str, ...]:
        corpus, plan = self._corpus, self._plan
        parameters = {
            tower: self._runs(self._settings(tower, self._all, 0)).parameters for tower in ARMS
        }
        rates = "; ".join(
            f"{tower} "
            + ", ".join(f"{rate:g} → {score:.3f}" for rate, score in found.items())
            + f", chosen {self._rates[tower]:g}"
            for tower, found in grid.items()
        )
        sentences = (
            f"The package {PACKAGE} is not installed: no arm {_SENTENCE_ARM}."
            if corpus.sentences is None
            else f"{_SENTENCE_ARM} is the transformer with a second loss: a linear layer reads the "
            "MiniLM vector of the training title from the text vector (1 − cosine, weight 1)."
        )
        return (
            f"KAGL, split train: {self._all:,} pairs; {corpus.left_out:,} more were left out "
            "because their title occurs in val or test, so no test title was read in training. "
            "Smaller sets lie inside larger ones.",
            f"Test: {len(corpus.test):,} pictures of split test, "
            f"{len(np.unique(corpus.numbers[corpus.test])):,} distinct titles. Text to image: each "
            "distinct title once, right with any picture that has it; image to text: each picture "
            "against the distinct titles. Ties count against the model.",
            "Pictures: EfficientNet-Lite0 from ImageNet, frozen, and a 16 x 12 Lab picture; an "
            "image head (linear and a bent path of 512) is trained beside every tower from the "
            "same weights.",
            f"Every run: {plan.steps} steps of {plan.batch} pairs, AdamW, warm-up over 5% of the "
            "steps, cosine, InfoNCE with equal titles as further positives; measured on val four "
            "times (mean of Recall@10 both ways), the best state is tested.",
            f"Learning rate of the text tower, val score with all pairs and seed 0: {rates}. The "
            "image head's is 0.001. Smaller sets use the rate chosen with all pairs.",
            "Parameters of the text towers: "
            + ", ".join(f"{tower} {count:,}" for tower, count in parameters.items())
            + f", of which word embeddings {plan.sizes.vocabulary * plan.sizes.width:,}.",
            "Strategies: all pairs, text to image; the difference is paired with the plain run of "
            "the same tower. Unfrozen means blocks 6 and 7 and the last convolution of the trunk "
            "(depthwise filters and batch norms stay) at rate 0.0001.",
            sentences,
            f"Word order: each batch holds {2 * plan.twins} drawn pictures beside the catalogue's, "
            "twins together. The test asks which of two twins a text means: "
            f"{2 * len(corpus.twins_test)} texts of {corpus.colour_pairs_test} colour pairs that "
            "training never showed; the interval is over colour pairs. The last state is tested.",
            f"Seeds: {self._seeds}. Intervals are bootstraps over queries, the mean over seeds "
            "being a query's value: they hold what other queries would change, and not what other "
            "seeds would.",
        )


def _hits(results: list[RunResult], way: str, cut: int) -> Hits:
    """Mean over seeds of each query's success."""
    ranks = [
        result.text_ranks if way == "text-to-image" else result.image_ranks for result in results
    ]
    return np.mean([recall_hits(np.asarray(each), cut) for each in ranks], axis=0)


def _strategy_rows(
    arm: str, results: list[RunResult], plain: list[RunResult] | None
) -> list[Figure]:
    rows = [
        measured(
            bootstrap(_hits(results, "text-to-image", cut)),
            metric=f"recall@{cut}",
            arm=arm,
            condition="strategy",
        )
        for cut in (1, 10)
    ]
    if plain is not None:
        gain = _hits(results, "text-to-image", 10) - _hits(plain, "text-to-image", 10)
        rows.append(
            measured(bootstrap(gain), metric="recall@10 minus plain", arm=arm, condition="strategy")
        )
    return rows
