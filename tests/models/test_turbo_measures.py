"""Measures of the study of the small generator, against pictures and numbers that are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [models]")

from engine.evaluation.figures import Figure  # noqa: E402
from engine.query.lexicon import default_lexicon  # noqa: E402
from engine.types import Facet  # noqa: E402
from models.training.studies.turbo_colours import COLOUR_FEATURES, colour_features  # noqa: E402
from models.training.studies.turbo_figures import (  # noqa: E402
    arm_figures,
    distance_figures,
    gain_figures,
)
from models.training.studies.turbo_judge import (  # noqa: E402
    ALWAYS,
    CrossJudge,
    JudgeRows,
    fold_of,
)
from models.training.studies.turbo_looks import Look  # noqa: E402
from models.training.studies.turbo_measures import (  # noqa: E402
    colour_error,
    edge_distance,
    structure_kept,
)
from models.training.studies.turbo_prompts import Prompt, asked_values  # noqa: E402
from models.training.studies.turbo_runner import best_of  # noqa: E402
from models.variants.oklab import from_lab, linear_rgb, rgb_of_linear  # noqa: E402
from models.variants.structure import structure  # noqa: E402

pytestmark = pytest.mark.models

LEXICON = default_lexicon()


def prompt(colour: str = "red", *, held_out: bool = False, changed: bool = False) -> Prompt:
    return Prompt(
        row=0,
        attributes={Facet.TYPE: "top", Facet.COLOUR: colour},
        held_out=held_out,
        changed=Facet.COLOUR if changed else None,
    )


def block(colour: str, left: int = 16) -> np.ndarray:
    """A square of a named colour's shade on white."""
    frame = np.full((96, 72, 3), 255, np.uint8)
    frame[20:76, left : left + 40] = rgb_of_linear(linear_rgb(from_lab(LEXICON.labs[colour])))
    return frame


def test_cloth_of_the_shade_itself_has_no_error_and_another_has_its_distance() -> None:
    frames = np.stack([block("red"), block("blue"), block("red")])
    prompts = [prompt("red"), prompt("red"), prompt("multicolour")]
    found = colour_error(frames, structure(frames)[:, 0], prompts, LEXICON)
    red, blue = (from_lab(LEXICON.labs[each]) for each in ("red", "blue"))
    assert found[0] < 1
    assert found[1] == pytest.approx(100 * np.linalg.norm(red - blue), abs=2)
    assert np.isnan(found[2])


def test_nothing_drawn_has_the_colour_of_the_ground() -> None:
    frames = np.full((1, 96, 72, 3), 255, np.uint8)
    found = colour_error(frames, structure(frames)[:, 0], [prompt("white")], LEXICON)
    white = from_lab(LEXICON.labs["white"])
    paper = np.array([1.0, 0, 0])
    assert found[0] == pytest.approx(100 * np.linalg.norm(white - paper), abs=1)


def test_a_recoloured_reference_keeps_its_structure_and_a_moved_one_does_not() -> None:
    references = np.stack([block("red")] * 3)
    frames = np.stack([block("red"), block("blue"), block("blue", left=30)])
    found = structure_kept(frames, references, [True, True, False])
    assert found["outline-iou"][0] == 1
    assert found["outline-iou"][1] > 0.9
    assert found["outline-iou"][2] < 0.7
    assert found["edge-distance"][0] == 0
    assert np.isnan(found["edge-distance"][2])
    assert found["outside-delta-e"][0] == 0
    assert found["outside-delta-e"][1] < 1


def test_edge_distance_is_the_chamfer_distance_by_hand() -> None:
    rng = np.random.default_rng(0)
    inside = np.zeros((12, 9), np.bool_)
    inside[2:10, 1:8] = True
    ours, theirs = rng.random((12, 9)) < 0.08, rng.random((12, 9)) < 0.08

    def way(one: np.ndarray, other: np.ndarray) -> float:
        away = [
            min(min(2 * np.hypot(y - v, x - u) for v, u in np.argwhere(other)), 12)
            for y, x in np.argwhere(one & inside)
        ]
        return float(np.mean(away))

    expected = (way(ours, theirs) + way(theirs, ours)) / 2
    assert edge_distance(ours, theirs, inside) == pytest.approx(expected)
    nothing = np.zeros_like(ours)
    assert edge_distance(nothing, nothing, inside) == 0
    assert edge_distance(ours, nothing, inside) == 6  # nothing is missed in what is not there


def test_histograms_tell_colours_and_not_places() -> None:
    frames = np.stack([block("red"), block("red", left=20), block("blue")])
    found = colour_features(frames)
    assert found.shape == (3, COLOUR_FEATURES)
    thing = found[:, : COLOUR_FEATURES // 3]
    np.testing.assert_allclose((thing**2).sum(1), 1, atol=1e-5)
    assert thing[0] @ thing[1] > 0.95
    assert thing[0] @ thing[2] < 0.5


def rows_of_judge(folds: np.ndarray, labels: np.ndarray, seed: int = 0) -> JudgeRows:
    rng = np.random.default_rng(seed)
    seen = rng.normal(size=(len(folds), 1504 + COLOUR_FEATURES)).astype(np.float32) * 0.05
    seen[np.arange(len(folds)), labels[:, 0]] += 6
    return JudgeRows(views=(seen, seen), labels=labels, folds=folds)


def test_each_product_is_judged_by_who_has_not_learned_from_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    folds = np.array([ALWAYS] * 30 + [0] * 30 + [1] * 30)
    labels = rng.integers(0, 3, size=(90, 1))
    wrong = labels.copy()
    wrong[folds == 0] = (wrong[folds == 0] + 1) % 3
    values = {Facet.TYPE: ("a", "b", "c"), Facet.NECK: ()}

    def judged(said: np.ndarray, key: str) -> np.ndarray:
        rows = rows_of_judge(folds, labels)
        rows = JudgeRows(views=rows.views, labels=said, folds=folds)
        judge = CrossJudge(values, rows, epochs=15, folder=tmp_path, key=key)
        assert list(judge.values) == [Facet.TYPE]
        return judge.shares(rows.views[0][folds >= 0], folds[folds >= 0])[Facet.TYPE]

    honest, misled = judged(labels, "honest"), judged(wrong, "misled")
    true = labels[folds >= 0, 0]
    first = folds[folds >= 0] == 0
    # Fold 0's own labels play no part in what is said of fold 0, and do in what is said of fold 1.
    np.testing.assert_array_equal(honest[first], misled[first])
    assert not np.array_equal(honest[~first], misled[~first])
    assert (honest.argmax(1) == true).mean() > 0.9
    np.testing.assert_array_equal(judged(wrong, "honest"), honest)  # kept under its key
    assert {fold_of(f"product {number}") for number in range(20)} == {0, 1}


def test_rare_values_are_not_asked_about() -> None:
    said = [{Facet.TYPE: "top"}] * 3 + [{Facet.TYPE: "sock"}] + [{}] * 5
    rows = np.arange(len(said))
    assert asked_values(said, rows, (Facet.TYPE, Facet.NECK), least=2) == {
        Facet.TYPE: ("top",),
        Facet.NECK: (),
    }


def test_the_oracle_takes_what_is_right_and_of_equals_the_surest() -> None:
    choices = [np.full((3, 2, 2, 3), number, np.uint8) for number in range(3)]
    right = {0: [0.5, 0.5, 1.0], 1: [0.5, 1.0, 0.5], 2: [0.5, 0.5, 0.5]}
    sure = {0: [-9.0, -0.1, -9.0], 1: [-0.2, -9.0, -0.1], 2: [-1.0, -0.1, -0.1]}

    def judged(made: np.ndarray):
        number = int(made[0, 0, 0, 0])
        return {"attributes": np.array(right[number])}, np.array(sure[number])

    assert best_of(iter(choices), judged)[:, 0, 0, 0].tolist() == [1, 1, 0]


def looks(rng: np.random.Generator, level: float, count: int, seeds: int = 3) -> list[Look]:
    names = ("attributes", "type", "colour", "colour-family", "pattern", "marked-pattern",
             "type-served", "colour-served", "delta-e", "cosine", "outline-iou",
             "edge-distance", "outside-delta-e")  # fmt: skip
    return [
        Look(
            values={name: (rng.random(count) < level).astype(float) for name in names}
            | {"change": np.full(count, np.nan)},
            vectors=rng.normal(size=(count, 6)).astype(np.float32) + level,
        )
        for _ in range(seeds)
    ]


def width(figure: Figure) -> float:
    assert figure.low is not None
    assert figure.high is not None
    assert figure.low <= figure.value <= figure.high
    return figure.high - figure.low


def test_gains_are_paired_by_prompt_and_by_the_seeds_that_both_have() -> None:
    rng = np.random.default_rng(0)
    prompts = [prompt(held_out=number >= 30) for number in range(40)]
    plain = looks(rng, 0.5, 40)
    better = [
        Look(
            values=dict(each.values)
            | {"attributes": np.minimum(each.values["attributes"] + 0.25, 1)},
            vectors=each.vectors,
        )
        for each in plain
    ]
    teacher = looks(rng, 0.9, 40, seeds=1)
    arms = {"teacher-50": teacher, "one-step": plain, "slerp": better, "adapter": better}
    gains = {(e.arm, e.metric, e.condition): e for e in gain_figures("words", prompts, arms)}
    found = gains["slerp", "attributes-gain", "words/seen over one-step"]
    before = np.mean([each.values["attributes"][:30] for each in plain], axis=0)
    after = np.mean([each.values["attributes"][:30] for each in better], axis=0)
    assert found.value == pytest.approx(np.mean(after - before))
    assert found.n == 30
    # A quarter for what was wrong, nothing for what was right: far less spread than either arm's.
    assert width(found) < 0.5 * 2 * 1.96 * before.std() / np.sqrt(30)
    same = gains["adapter", "attributes-gain", "words/held-out over slerp"]
    assert (same.value, same.low, same.high, same.n) == (0, 0, 0, 10)
    ratio = gains["slerp", "of-teacher", "words/seen"]
    ours, theirs = (each[0].values["attributes"][:30] for each in (better, teacher))
    assert ratio.value == pytest.approx(ours.sum() / theirs.sum())
    assert 0 < width(ratio) < 1
    assert not [each for each in gains if each[1] == "change-gain"]  # words change nothing


def test_means_are_over_prompts_that_were_asked() -> None:
    rng = np.random.default_rng(1)
    prompts = [prompt(held_out=number >= 15) for number in range(20)]
    held = looks(rng, 0.5, 20, seeds=1)
    held[0].values["colour"][:5] = np.nan
    figures = {(e.metric, e.condition): e for e in arm_figures("words", prompts, {"slerp": held})}
    assert figures["colour", "words/seen"].n == 10
    assert figures["colour", "words/held-out"].n == 5
    assert figures["type", "words/seen"].n == 15
    assert ("change", "words/seen") not in figures
    assert figures["delta-e", "words"].unit == "ΔE"
    assert not list(arm_figures("changed", prompts, {"real": held}))


def test_pictures_that_are_the_products_own_are_near_and_others_far() -> None:
    rng = np.random.default_rng(2)
    near, far = looks(rng, 0.0, 60), looks(rng, 1.0, 60)
    real = rng.normal(size=(60, 6)).astype(np.float32)
    arms = {"real": near, "adapter": near, "one-step": far}
    found = {each.arm: each for each in distance_figures("words", arms, real, axes=4)}
    assert set(found) == {"adapter", "one-step"}
    high, low = found["adapter"].high, found["one-step"].low
    assert high is not None
    assert low is not None
    assert high < low
