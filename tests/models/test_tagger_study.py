"""The tagger study: its measures by hand, its networks, and a run of seconds."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [models]")
pytest.importorskip("timm", reason="needs the extra [models]")

from engine.types import Facet  # noqa: E402
from models.training.studies.tagger import plan_runs, run_tagger_study  # noqa: E402
from models.training.studies.tagger_data import Part, Vocabulary, build_part  # noqa: E402
from models.training.studies.tagger_figures import gain_figures  # noqa: E402
from models.training.studies.tagger_measures import (  # noqa: E402
    best_threshold,
    duplicate_rate,
    emitted_sets,
    epochs_to_share,
    score_sets,
)
from models.training.studies.tagger_network import AttentionDecoder  # noqa: E402
from models.training.studies.tagger_settings import (  # noqa: E402
    ARMS,
    TaggerRun,
    TaggerSizes,
    run_key,
)
from models.training.studies.tagger_training import Material, run_tagger  # noqa: E402
from models.training.tag_features import TagFeatures  # noqa: E402

pytestmark = pytest.mark.models

DATA = Path(__file__).parents[3] / "shared" / "data"
END = 3


def bools(*rows: str) -> np.ndarray:
    return np.array([[letter == "x" for letter in row] for row in rows])


def test_c_f1_is_of_the_means_and_not_the_mean_of_f1s() -> None:
    true = bools("xx.", "x..", "x..", "..x")
    found = bools("xx.", "...", "...", ".xx")
    scores = score_sets(found, true, np.ones_like(true))
    precision, recall = (1 + 1 / 2 + 1) / 3, (1 / 3 + 1 + 1) / 3
    assert scores.c_f1 == pytest.approx(2 * precision * recall / (precision + recall))
    assert (scores.precision, scores.recall) == (3 / 4, 3 / 5)
    assert scores.o_f1 == pytest.approx(2 * 3 / (4 + 5))


def test_what_is_not_known_does_not_count() -> None:
    true, found = bools("x.", "x."), bools("xx", ".x")
    counted = bools("xx", "x.")
    scores = score_sets(found, true, counted)
    assert (scores.precision, scores.recall) == (1 / 2, 1 / 2)
    assert score_sets(found, true, np.zeros_like(true)).c_f1 == 0


def test_sets_end_with_the_end_and_duplicates_are_counted_before() -> None:
    chosen = np.array([[0, 0, 2, END], [1, END, 2, 2], [END, 0, 0, 0]])
    assert (emitted_sets(chosen, END) == bools("x.x", ".x.", "...")).all()
    assert duplicate_rate(chosen, END) == pytest.approx(1 / 4)
    assert duplicate_rate(np.full((2, 3), END), END) == 0


def test_threshold_and_epochs() -> None:
    true = bools("x.", "x.", ".x")
    sure = np.array([[0.4, 0.1], [0.38, 0.3], [0.2, 0.5]], np.float32)
    assert 0.3 < best_threshold(sure, true, np.ones_like(true)) <= 0.38
    assert epochs_to_share([0.1, 0.5, 0.96, 0.9, 1.0]) == 3


def test_a_facet_is_known_where_it_has_a_value() -> None:
    tags = [{Facet.TYPE: ("shirt",), Facet.PATTERN: ("striped",)}, {Facet.TYPE: ("rare",)}]
    words = Vocabulary(
        labels=((Facet.TYPE, "shirt"), (Facet.PATTERN, "checked"), (Facet.PATTERN, "striped"))
    )
    part = build_part([], np.arange(2), tags, words)
    assert (part.true == bools("x.x", "...")).all()
    assert (part.known == bools("xxx", "x..")).all()
    assert words.of_columns.tolist() == [True, False, False]


def material(count: int = 48) -> Material:
    """Pictures whose vector says the first facet and whose map, at one place, the second."""
    rng = np.random.default_rng(0)
    labels = ((Facet.TYPE, "a"), (Facet.TYPE, "b"), (Facet.PATTERN, "c"), (Facet.PATTERN, "d"))
    first, second = rng.integers(2, size=count), rng.integers(2, size=count)
    vectors = np.zeros((count, 8), np.float32)
    vectors[np.arange(count), first] = 1
    maps = rng.normal(size=(count, 4, 6)).astype(np.float16)
    maps[np.arange(count), rng.integers(4, size=count), second] = 6
    true = np.zeros((count, 4), bool)
    true[np.arange(count), first] = True
    true[np.arange(count), 2 + second] = True
    part = Part(
        views=(TagFeatures(vectors=vectors, maps=maps),),
        rows=np.arange(count),
        true=true,
        known=np.ones_like(true),
    )
    return Material(words=Vocabulary(labels=labels), train=part, val=part, test=part, key="drawn")


@pytest.mark.parametrize("arm", ARMS)
def test_every_arm_learns_and_is_not_trained_twice(arm: str, tmp_path: Path) -> None:
    run = TaggerRun(
        arm=arm,  # pyright: ignore[reportArgumentType]
        seed=0,
        epochs=60,
        batch=16,
        rate=5e-3,
        hidden=24,
        embedding=8,
        attention=16,
        dropout=0.0,
    )
    found = run_tagger(run, material(), tmp_path)
    # An arbitrary order contradicts itself from one time to the next, so it learns more slowly.
    assert found.scores["named"]["o_f1"] > (0.75 if arm == "random" else 0.9)
    assert found.facets[Facet.TYPE] > 0.75
    (kept,) = tmp_path.iterdir()
    held = json.loads(kept.read_text())
    held["duplicates"] = 0.25
    kept.write_text(json.dumps(held))
    assert run_tagger(run, material(), tmp_path).duplicates == 0.25


def test_the_decoder_hears_what_it_said_and_looks_where_it_must() -> None:
    torch.manual_seed(0)
    decoder = AttentionDecoder(
        classes=3, steps=4, vector=8, channels=6, hidden=8, embedding=4, attention=5, dropout=0.0
    ).eval()
    vectors, maps = torch.randn(2, 8), torch.randn(2, 5, 6)
    emitted = decoder(vectors, maps)
    assert emitted.logits.shape == (2, 4, 4)
    assert (emitted.chosen == emitted.logits.argmax(2)).all()
    # The order of the places is nothing that it could see.
    turned = decoder(vectors, maps[:, [3, 1, 4, 0, 2]])
    torch.testing.assert_close(turned.logits, emitted.logits)


def test_runs_come_seed_by_seed_and_keys_tell_them_apart() -> None:
    plan = plan_runs(TaggerSizes(), seeds=2)
    assert [run.arm for run in plan] == [*ARMS, *ARMS]
    assert [run.seed for run in plan] == [0] * len(ARMS) + [1] * len(ARMS)
    assert len({run_key("m", run) for run in plan}) == len(plan)
    assert run_key("m", plan[0]) != run_key("n", plan[0])


def test_gains_are_taken_seed_by_seed(tmp_path: Path) -> None:
    run = TaggerRun(arm="bce", seed=0, epochs=1, batch=16, hidden=8)
    one = run_tagger(run, material(), tmp_path)
    better = replace(
        one,
        scores={
            **one.scores,
            "named": {**one.scores["named"], "c_f1": 0.1 + one.scores["named"]["c_f1"]},
        },
    )
    found = {arm: [one, one] for arm in ARMS} | {"mla": [better, better]}
    gains = {(each.arm, each.condition, each.metric): each for each in gain_figures(found)}
    assert gains["mla", "over bce", "c-f1-gain"].value == pytest.approx(0.1)
    assert gains["pla", "over bce", "c-f1-gain"].value == 0


@pytest.mark.data
@pytest.mark.skipif(not (DATA / "kagl.parquet").exists(), reason=f"no real data in {DATA}")
def test_the_whole_study_in_small(tmp_path: Path) -> None:
    found = run_tagger_study(DATA, tmp_path, seeds=3, quick=True)
    shown = {(each.metric, each.arm, each.condition) for each in found.figures}
    for arm in ARMS:
        assert {("c-f1", arm, "named"), ("epochs-to-95", arm, "val")} <= shown
    assert ("duplicates", "pla", "emitted") in shown
    assert ("accuracy", "heads", "type") in shown
    assert all(0 <= each.value <= 1 for each in found.figures if each.metric in ("c-f1", "o-f1"))
