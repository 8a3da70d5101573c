"""The text-tower study: features, runs, kept results, and a whole tiny study."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [models]")
pytest.importorskip("timm", reason="needs the extra [models]")

from models.training.studies import text_towers_plan as plan_module  # noqa: E402
from models.training.studies import text_towers_training as training_module  # noqa: E402
from models.training.studies.text_towers import _Study  # noqa: E402
from models.training.studies.text_towers_corpus import (  # noqa: E402
    Corpus,
    CorpusLimits,
    title_key,
    train_subset,
)
from models.training.studies.text_towers_drawn import (  # noqa: E402
    COLOURS,
    drawn_garments,
    split_colour_pairs,
)
from models.training.studies.text_towers_features import (  # noqa: E402
    LAB,
    FrozenTrunk,
    build_backbone,
    freeze_pictures,
)
from models.training.studies.text_towers_model import (  # noqa: E402
    StudyModel,
)
from models.training.studies.text_towers_plan import (  # noqa: E402
    FULL,
    QUICK,
    Runs,
    StudyPlan,
    run_id,
    strategies,
)
from models.training.studies.text_towers_training import RunSettings, train_run  # noqa: E402
from models.training.text_towers import TextTowerSizes  # noqa: E402
from models.training.texts import learn_tokenizer  # noqa: E402

pytestmark = pytest.mark.models

SIZES = TextTowerSizes(vocabulary=200, tokens=12, width=32, dims=32, layers=1)
KINDS = ("shirt", "jeans", "watch", "shoe", "belt", "dress")


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def _unit(rng: np.random.Generator, *shape: int) -> np.ndarray:
    found = rng.standard_normal(shape).astype(np.float32)
    return found / np.linalg.norm(found, axis=-1, keepdims=True)


def _corpus(*, sentences: bool = True) -> Corpus:
    """Made-up features that follow the title's words: colour, kind, and for twins the body."""
    rng = np.random.default_rng(0)
    words = [*COLOURS, *KINDS, "body", "trim"]
    traits = {word: rng.standard_normal(1504) for word in words}
    hues = {word: rng.standard_normal(LAB) for word in (*words, *(f"{c} trim" for c in COLOURS))}
    titles = [f"{colour} {kind}" for colour in COLOURS for kind in KINDS]
    splits = np.arange(len(titles)) % 5
    pooled = [sum(traits[word] for word in title.split()) for title in titles]
    labs = [sum(hues[word] for word in title.split()) for title in titles]
    pairs = split_colour_pairs()
    twins = [drawn_garments(part, designs=1, seed=seed) for seed, part in enumerate(pairs)]
    for garment in (each for part in twins for twin in part for each in twin):
        titles.append(garment.title)
        pooled.append(np.zeros(1504))
        labs.append(hues[garment.body] + hues[f"{garment.trim} trim"])
    rows = (60 + np.arange(2 * (len(twins[0]) + len(twins[1])))).reshape(-1, 2)
    train = np.flatnonzero((splits != 3) & (splits != 4))
    codes = {title_key(title): code for code, title in enumerate(dict.fromkeys(titles))}
    targets = np.zeros((len(titles), 384), np.float32)
    targets[train] = _unit(rng, len(train), 384)
    return Corpus(
        titles=titles,
        numbers=np.array([codes[title_key(title)] for title in titles]),
        tokenizer=learn_tokenizer(titles * 2, size=SIZES.vocabulary, tokens=SIZES.tokens),
        shapes=torch.from_numpy(np.stack(pooled).astype(np.float16)),
        labs=torch.from_numpy((np.stack(labs) / 2).astype(np.float16)),
        maps=rng.standard_normal((60, 112, 8, 6)).astype(np.float16),
        train=train,
        val=np.flatnonzero(splits == 3),
        test=np.flatnonzero(splits == 4),
        twins_train=rows[: len(twins[0])],
        twins_test=rows[len(twins[0]) :],
        colour_pairs_test=len(pairs[1]),
        sentences=targets if sentences else None,
        left_out=0,
        fingerprint="made up",
    )


def _settings(**changes: Any) -> RunSettings:
    plain = RunSettings(
        tower="word-average",
        pairs=36,
        seed=0,
        rate=3e-3,
        steps=4,
        batch=24,
        corpus="made up",
        sizes=SIZES,
    )
    return replace(plain, **changes)


# Features and model


def test_frozen_features_equal_the_torch_tower_and_are_computed_once(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    frames = rng.integers(0, 255, (3, 128, 96, 3), dtype=np.uint8)
    built: list[int] = []

    def trunk() -> FrozenTrunk:
        built.append(1)
        return FrozenTrunk(tmp_path)

    for _ in range(2):
        found = freeze_pictures(tmp_path, "few", 3, lambda row: frames[row], trunk)
    assert built == [1]
    tower = build_backbone()
    with torch.no_grad():
        features, _ = tower.stem(torch.from_numpy(frames))
        pooled = tower.trunk(features)
        expected = torch.cat([pooled.deep, pooled.middle], dim=1).numpy()
    np.testing.assert_allclose(found.pooled, expected, atol=2e-2)
    assert found.lab.shape == (3, LAB)
    # The unfrozen stage, not yet trained, gives what was frozen.
    model = StudyModel("word-average", SIZES, seed=0, unfreezes=True)
    corpus = replace(
        _corpus(),
        shapes=torch.from_numpy(np.array(found.pooled)),
        labs=torch.from_numpy(np.array(found.lab)),
        maps=found.maps,
    )
    rows = np.arange(3)
    model.eval()
    with torch.no_grad():
        frozen = model.embed_pictures(corpus, rows)
        live = model.embed_pictures(corpus, rows, live_trunk=True)
    assert float((frozen * live).sum(1).min()) > 0.999


def test_image_head_starts_the_same_beside_every_tower() -> None:
    one, other = (StudyModel(name, SIZES, seed=3) for name in ("gru", "transformer"))
    for ours, theirs in zip(one.image.parameters(), other.image.parameters(), strict=True):
        assert torch.equal(ours, theirs)


# Runs


@pytest.mark.parametrize("tower", ["word-average", "gru", "transformer", "transformer+average"])
def test_training_finds_more_than_chance(tower: str) -> None:
    corpus = _corpus()
    before = train_run(corpus, _settings(tower=tower, rate=0.0, steps=1))
    after = train_run(corpus, _settings(tower=tower, steps=40))
    assert len(after.text_ranks) == len(corpus.test) == len(after.image_ranks)
    assert np.mean(after.text_ranks) < 0.6 * (len(corpus.test) - 1) / 2
    assert np.mean(after.text_ranks) < np.mean(before.text_ranks)


def test_same_settings_same_result() -> None:
    corpus = _corpus()
    one, other = (train_run(corpus, _settings(word_drop=0.3)) for _ in range(2))
    assert replace(one, seconds=0) == replace(other, seconds=0)


def test_smaller_sets_lie_inside_larger_ones() -> None:
    corpus = _corpus()
    small, large = (set(train_subset(corpus, size, 7).tolist()) for size in (5, 20))
    assert small < large <= set(corpus.train.tolist())


@pytest.mark.parametrize(
    "changes",
    [
        {"loss": "hardest"},
        {"loss": "hardest-late"},
        {"warm_share": 0.0},
        {"word_drop": 0.5},
        {"sentence_weight": 1.0},
        {"unfreeze_share": 0.5},
    ],
    ids=str,
)
def test_each_strategy_changes_the_run(changes: dict[str, Any]) -> None:
    corpus = _corpus()
    # Twins have titles long enough to lose a word; the unfrozen stage knows no drawn pictures.
    twins = 0 if "unfreeze_share" in changes else 4
    plain = _settings(steps=6, rate=1e-2, warm_share=0.5, twins=twins)
    one, other = (train_run(corpus, each) for each in (plain, replace(plain, **changes)))
    assert abs(one.last_loss - other.last_loss) > 1e-4


def test_batches_hold_both_twins_and_the_last_state_is_kept() -> None:
    corpus = _corpus()
    batches = training_module._Batches(corpus, _settings(twins=4))
    rows = batches.rows(3)
    assert len(rows) == 24
    twins = rows[-8:].reshape(4, 2)
    assert {tuple(pair) for pair in twins.tolist()} <= {
        tuple(pair) for pair in corpus.twins_train.tolist()
    }
    result = train_run(corpus, _settings(twins=4))
    assert result.kept_step == 4
    assert len(result.twin_choices) == 2 * len(corpus.twins_test)
    assert np.mean(result.twin_choices) == 0.5


def test_transformer_learns_which_colour_belongs_to_which_part() -> None:
    settings = _settings(tower="transformer", steps=150, twins=8, batch=32)
    result = train_run(_corpus(), settings)
    assert np.mean(result.twin_choices) > 0.8


def test_run_with_twins_cannot_unfreeze() -> None:
    with pytest.raises(ValueError, match="no maps of drawn pictures"):
        _settings(twins=2, unfreeze_share=0.5)


def test_finished_runs_are_read_and_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = _corpus()
    first = Runs(tmp_path, corpus)(_settings())

    def refuse(*_: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(plan_module, "train_run", refuse)
    assert Runs(tmp_path, corpus)(_settings()) == first
    with pytest.raises(AssertionError, match="trained again"):
        Runs(tmp_path, corpus)(_settings(rate=1e-3))


def test_run_id_depends_on_every_field() -> None:
    plain = _settings()
    others = [
        replace(plain, tower="gru"),
        replace(plain, seed=1),
        replace(plain, corpus="other"),
        replace(plain, sizes=replace(SIZES, layers=3)),
        replace(plain, unfreeze_share=0.5),
    ]
    assert len({run_id(each) for each in (plain, *others)}) == 6


# The whole study


def _plan() -> StudyPlan:
    return replace(QUICK, pairs=(20,), sizes=SIZES, batch=24, twins=4, limits=CorpusLimits())


def test_whole_study_reports_every_arm_and_announces_every_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        found = _Study(_corpus(), _plan(), tmp_path, 2).report()
    conditions = {figure.condition for figure in found.figures}
    assert conditions == {
        "text-to-image/N=20",
        "text-to-image/N=36",
        "image-to-text/N=20",
        "image-to-text/N=36",
        "strategy",
        "word order/twins",
        "word order/catalogue",
    }
    for condition in ("text-to-image/N=20", "image-to-text/N=36"):
        arms = {figure.arm for figure in found.figures if figure.condition == condition}
        assert arms == {"word-average", "gru", "transformer", "transformer-minilm"}
    named = [(figure.condition, figure.metric, figure.arm) for figure in found.figures]
    assert len(named) == len(set(named))
    for figure in found.figures:
        assert figure.low is not None
        assert figure.high is not None
        assert figure.low <= figure.value <= figure.high
    order = {each.arm: each for each in found.figures if each.condition == "word order/twins"}
    average = order["word-average"]
    assert (average.low, average.value, average.high, average.n) == (0.5, 0.5, 0.5, 15)
    announced = [record.getMessage() for record in caplog.records]
    lines = [line for line in announced if line.startswith("run ")]
    kept = list(tmp_path.glob("*.json"))
    assert len(lines) == len(kept)
    assert lines[-1].startswith(f"run {len(kept)} of {len(kept)}:")


def test_study_without_the_sentence_encoder_says_so(tmp_path: Path) -> None:
    found = _Study(_corpus(sentences=False), _plan(), tmp_path, 1).report()
    assert not any("minilm" in figure.arm.lower() for figure in found.figures)
    assert any("is not installed" in note for note in found.notes)


def test_strategies_name_fields_of_the_settings() -> None:
    rates = {tower: rates[0] for tower, rates in FULL.rates.items()}
    ways = strategies(rates, FULL, sentences=True)
    assert len({(way.base, way.name) for way in ways}) == len(ways) >= 10
    for way in ways:
        plain = _settings(tower=way.base, rate=rates[way.base])
        assert replace(plain, tower=way.tower, **way.changes) != plain, way.name


@pytest.mark.data
def test_quick_study_on_the_real_data(tmp_path: Path) -> None:
    data = Path(__file__).parents[3] / "shared" / "data"
    if not (data / "kagl.parquet").exists():
        pytest.skip(f"{data / 'kagl.parquet'} is not there")
    from models.training.studies.text_towers import run_text_tower_study

    found = run_text_tower_study(data, tmp_path, seeds=1, quick=True)
    assert {figure.arm for figure in found.figures} >= {"word-average", "gru", "transformer"}
