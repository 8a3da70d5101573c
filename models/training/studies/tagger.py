"""The tagger study: labels as a sequence in some order, or as sigmoids.

Question, protocol and verdict: ``docs/studies/tagger.md``. Features and finished runs are kept in
the work folder, so a second call goes on.
"""

from __future__ import annotations

import logging
import time
from itertools import takewhile
from pathlib import Path

import numpy as np
import torch

from engine.query.lexicon import default_lexicon
from models.compact import WEIGHTS, CompactEncoder
from models.training.pairs import load_kagl
from models.training.studies.result import StudyResult
from models.training.studies.tagger_data import Part, Vocabulary, build_part, choose_rows
from models.training.studies.tagger_figures import arm_figures, gain_figures, heads_figures
from models.training.studies.tagger_settings import ARMS, TaggerRun, TaggerSizes, run_key
from models.training.studies.tagger_training import Found, Material, run_tagger
from models.training.tag_features import TowerFeatures, cache_features
from models.training.tags import read_tags

__all__ = ["plan_runs", "run_tagger_study"]

_log = logging.getLogger(__name__)


def run_tagger_study(data: Path, work: Path, *, seeds: int, quick: bool) -> StudyResult:
    """Run, or go on with, the study.

    Args:
        data: Folder with ``kagl.parquet``.
        work: Keeps features (0.2 GB a view) and finished runs.
        seeds: Runs of each arm.
        quick: Two epochs on a few pictures; one seed, figures without meaning.

    Raises:
        NotFound: ``kagl.parquet`` is not in the folder.
    """
    sizes = TaggerSizes.for_a_look() if quick else TaggerSizes()
    began = time.monotonic()
    material = prepare_material(data, work, sizes)
    found: dict[str, list[Found]] = {}
    plan = plan_runs(sizes, seeds=1 if quick else seeds)
    for number, run in enumerate(plan, start=1):
        _log.info("run %d of %d, %.0f s so far", number, len(plan), time.monotonic() - began)
        found.setdefault(run.arm, []).append(run_tagger(run, material, work / "runs"))
    figures = [figure for arm, each in found.items() for figure in arm_figures(arm, each)]
    heads = CompactEncoder(WEIGHTS, threads=torch.get_num_threads())
    return StudyResult(
        figures=(
            *figures,
            *heads_figures(heads, material.test, material.words),
            *gain_figures(found),
        ),
        notes=_notes(material, sizes, plan[0]),
    )


def prepare_material(data: Path, work: Path, sizes: TaggerSizes) -> Material:
    """Rows, labels and features of the study."""
    pairs = load_kagl(data)
    tags = read_tags(pairs, default_lexicon())
    rows = {
        "train": choose_rows(pairs, "train", sizes.train_most),
        "val": choose_rows(pairs, "val", sizes.test_most),
        "test": choose_rows(pairs, "test", sizes.test_most),
    }
    words = Vocabulary.of(tags, rows["train"], least=sizes.least)
    tower = TowerFeatures(WEIGHTS, work)

    every = np.concatenate(list(rows.values()))
    key = run_key(tower.revision, str(sizes.views), str(words.labels), every.tobytes().hex())
    pictures = [pairs.pictures[row] for row in every]
    features = [
        cache_features(work / "features", f"study-{key}", pictures, tower, view=view)
        for view in range(sizes.views)
    ]
    known = [tags[row] for row in every]

    def part(split: str, views: int) -> Part:
        first = sum(len(rows[each]) for each in takewhile(lambda each: each != split, rows))
        places = np.arange(first, first + len(rows[split]))
        return build_part(features[:views], places, known, words)

    return Material(
        words=words,
        train=part("train", sizes.views),
        val=part("val", 1),
        test=part("test", 1),
        key=key,
    )


def plan_runs(sizes: TaggerSizes, *, seeds: int) -> list[TaggerRun]:
    """Every run, seed by seed, so that an interrupted study has whole seeds."""
    return [
        TaggerRun(arm=arm, seed=seed, epochs=sizes.epochs) for seed in range(seeds) for arm in ARMS
    ]


def _notes(material: Material, sizes: TaggerSizes, run: TaggerRun) -> tuple[str, ...]:
    words, train = material.words, material.train
    titles = int((~words.of_columns).sum())
    named = (material.test.true & ~words.of_columns).any(1).mean()
    return (
        f"{len(words.labels)} labels that {sizes.least} or more of the {len(train.rows):,} "
        f"training rows have, {len(words.labels) - titles} of columns (type, colour, gender, "
        f"occasion) and {titles} of titles (pattern, neck, material); "
        f"{train.true.sum(1).mean():.1f} a row. "
        f"Val {len(material.val.rows):,} rows, test {len(material.test.rows):,}.",
        "c-f1: 2·P·R/(P + R) of the mean precision and the mean recall over labels; o-f1: of all "
        "decisions together. named: a title's facet counts where the title names it "
        f"({named:.0%} of the rows name one at least); as-absent: what a title does not name "
        "counts as not there; columns, titles: the labels of either alone, counted as in named.",
        "duplicates: share of the emitted labels that repeat one of the same row, before the set "
        "is made. epochs-to-95: first epoch with 95% of the run's best c-f1 (named) on val.",
        "Interval: over seeds, Student's t; n = seeds. accuracy: share of rows whose value of the "
        "facet is the one given (the first emitted; the likeliest sigmoid). heads: the linear "
        "heads that ship, which learned from all training rows; n = rows, bootstrap.",
        f"{run.epochs} epochs, batches of {run.batch}, {sizes.views} views of a training picture, "
        f"AdamW {run.rate:g} with a cosine; LSTM cell of {run.hidden}, greedy, no teacher forcing "
        "in any order. One threshold of all sigmoids, chosen on val.",
        f"{torch.get_num_threads()} threads.",
    )
