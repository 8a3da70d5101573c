"""The training loop on a tiny made-up set: it learns, resumes, and its export equals it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [models]")
pytest.importorskip("timm", reason="needs the extra [models]")

from models.compact import CompactEncoder  # noqa: E402
from models.preprocess import letterbox  # noqa: E402
from models.training.batches import Batches, Source  # noqa: E402
from models.training.encoder import PairObjective  # noqa: E402
from models.training.export import export_checkpoint, export_compact  # noqa: E402
from models.training.loop import Trainer  # noqa: E402
from models.training.network import DualTower, TowerConfig, rgb_to_lab  # noqa: E402
from models.training.pairs import ATTRIBUTES, Pairs  # noqa: E402
from models.training.prompts import label_prompts  # noqa: E402
from models.training.recall import title_recall  # noqa: E402
from models.training.settings import TrainConfig  # noqa: E402
from models.training.student import StudentConfig, StudentObjective, Targets  # noqa: E402
from models.training.texts import encode_batch, learn_tokenizer  # noqa: E402
from models.training.views import FeatureCache, augment, fill_cache  # noqa: E402
from tests.contracts.encoder_contract import draw_garment  # noqa: E402

pytestmark = pytest.mark.models

TOWERS = TowerConfig(height_px=64, width_px=64, vocabulary=300, tokens=12, text_layers=1)
COLOURS = {
    "red": (200, 30, 35),
    "blue": (40, 85, 180),
    "black": (20, 20, 22),
    "green": (40, 135, 60),
}
NAMES = {
    **dict.fromkeys(ATTRIBUTES, ("none",)),
    "type": ("Skirts", "Trousers"),
    "colour": tuple(sorted(colour.title() for colour in COLOURS)),
}
TEXTS = [f"{kind} in {colour}" for colour in COLOURS for kind in ("skirt", "trousers")]


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def _model() -> DualTower:
    torch.manual_seed(0)
    return DualTower(TOWERS, {name: len(values) for name, values in NAMES.items()})


def _pairs() -> tuple[Pairs, np.ndarray]:
    blank = ("",) * (len(ATTRIBUTES) - 2)
    labels, frames = [], []
    for colour, rgb in COLOURS.items():
        for kind, legs in (("Skirts", False), ("Trousers", True)):
            labels.append((kind, colour.title(), *blank))
            frames.append(letterbox(draw_garment(rgb, legs=legs), height_px=64, width_px=64))
    count = len(TEXTS)
    pairs = Pairs(
        name="tiny",
        ids=[str(row) for row in range(count)],
        titles=TEXTS,
        labels=labels,
        splits=["train"] * count,
        pictures=[b""] * count,
        sharper={},
    )
    return pairs, np.stack(frames)


def _batches(model: DualTower) -> Batches:
    pairs, frames = _pairs()
    with torch.no_grad():
        features, thumbnails = model.eval().image.stem(torch.from_numpy(frames))
    cache = FeatureCache(
        features=features.half().numpy(), thumbnails=thumbnails.to(torch.uint8).numpy()
    )
    rows = np.arange(len(TEXTS))
    return Batches(
        [Source(pairs=pairs, rows=rows, views=[(cache, rows)])],
        learn_tokenizer(TEXTS * 3, size=300, tokens=12),
        NAMES,
        size=len(TEXTS),
        seed=1,
        word_drop=0.1,
        colour_drop=0.1,
    )


def _config(folder: Path, **changes: object) -> TrainConfig:
    values: dict[str, object] = {
        "data": folder,
        "out": folder / "out",
        "work": folder,
        "epochs": 60,
        "frozen_epochs": 6,
        "save_every": 1000,
        "towers": TOWERS,
    }
    return TrainConfig(**(values | changes))  # pyright: ignore[reportArgumentType]


def _trainer(folder: Path, **changes: object) -> Trainer:
    config, model = _config(folder, **changes), _model()
    batches = _batches(model)
    prompts = label_prompts(NAMES, batches.tokenizer)
    objective = PairObjective(config, prompts, frozen_steps=round(config.frozen_epochs))
    return Trainer(config, batches, model, folder / "state.safetensors", objective)


def test_loss_falls(tmp_path: Path) -> None:
    losses = [parts["title"] for parts in _trainer(tmp_path).run(until=24)]
    assert len(losses) == 24
    assert np.mean(losses[-4:]) < 0.8 * np.mean(losses[:4])


def test_early_layers_and_depthwise_filters_stand_still(tmp_path: Path) -> None:
    trainer = _trainer(tmp_path, frozen_epochs=0)
    before = {name: each.clone() for name, each in trainer.model.state_dict().items()}
    list(trainer.run(until=3))
    after = trainer.model.state_dict()
    assert all(
        torch.equal(before[name], after[name]) for name in before if name.startswith("image.lower")
    )
    moved = [name for name in before if not torch.equal(before[name], after[name])]
    assert any(name.startswith("image.upper") and name.endswith("conv_pw.weight") for name in moved)
    assert not any(name.endswith("conv_dw.weight") for name in moved)


def test_resumed_run_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    whole = _trainer(tmp_path / "whole")
    list(whole.run(until=12))
    first = _trainer(tmp_path / "parts")
    list(first.run(until=9))
    first.save()
    second = _trainer(tmp_path / "parts")
    assert second.step == 9
    list(second.run(until=12))
    for name, each in whole.model.state_dict().items():
        torch.testing.assert_close(second.model.state_dict()[name], each, rtol=0, atol=1e-6)
        torch.testing.assert_close(
            second.average.state[name], whole.average.state[name], rtol=0, atol=1e-6
        )


def test_schedule_ends_with_the_epochs_or_with_the_clock(tmp_path: Path) -> None:
    trainer = _trainer(tmp_path, epochs=3, frozen_epochs=3)
    assert len(list(trainer.run())) == 3
    late = _trainer(tmp_path, limit_minutes=1.0)
    late.elapsed_s = 61
    assert list(late.run()) == []


def test_export_serves_what_training_made(tmp_path: Path) -> None:
    model = _model()
    batches = _batches(model)
    tokenizer = learn_tokenizer(TEXTS * 3, size=300, tokens=12)
    folder = export_compact(model, tokenizer, NAMES, tmp_path / "compact")
    served = CompactEncoder(folder, threads=1)
    _, frames = _pairs()
    with torch.no_grad():
        images = model.eval().image(torch.from_numpy(frames)).numpy()
        texts = model.text(torch.from_numpy(encode_batch(tokenizer, TEXTS))).numpy()
        colour = model.heads(torch.from_numpy(images))["colour"].softmax(1).numpy()
    assert (images * served.embed_images(list(frames))).sum(1).min() > 1 - 2e-3
    assert (texts * served.embed_texts(TEXTS)).sum(1).min() > 1 - 2e-3
    found = {facet.value: values for facet, values in served.predict(images).items()}
    np.testing.assert_allclose(found["colour"], colour, atol=1e-4)
    assert batches.steps_per_epoch == 1


def test_checkpoint_of_a_running_training_can_be_exported(tmp_path: Path) -> None:
    trainer = _trainer(tmp_path)
    list(trainer.run(until=2))
    trainer.save()
    (tmp_path / "state.safetensors").rename(tmp_path / "checkpoint.safetensors")
    learn_tokenizer(TEXTS * 3, size=300, tokens=12).save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "labels.json").write_text(json.dumps(NAMES), encoding="utf-8")
    folder = export_checkpoint(tmp_path, tmp_path / "out", TOWERS)
    assert CompactEncoder(folder, threads=1).embed_texts(["red skirt"]).shape == (1, 256)


def test_same_weights_same_revision(tmp_path: Path) -> None:
    tokenizer = learn_tokenizer(TEXTS * 3, size=300, tokens=12)
    one, two = (export_compact(_model(), tokenizer, NAMES, tmp_path / name) for name in "ab")
    assert CompactEncoder(one).encoder_id.revision == CompactEncoder(two).encoder_id.revision
    assert CompactEncoder(one).encoder_id.name == "a"


def test_student_nears_its_teacher_and_leaves_its_texts_alone(tmp_path: Path) -> None:
    teacher = _model().eval()
    student = _model()
    batches = _batches(student)
    _, frames = _pairs()
    prompts = label_prompts(NAMES, batches.tokenizer)
    with torch.no_grad():
        student.image.linear.weight.mul_(-1)  # start apart from the teacher
        titles = torch.from_numpy(encode_batch(batches.tokenizer, batches.distinct_titles))
        targets = Targets(
            pictures=teacher.image(torch.from_numpy(frames)),
            titles=teacher.text(titles),
            names=teacher.text(prompts.tokens),
            prompts=prompts,
            scale=10.0,
        )
    config = StudentConfig(teacher=tmp_path, base=_config(tmp_path, trunk_rate=1e-3))
    before = {name: each.clone() for name, each in student.text.state_dict().items()}
    trainer = Trainer(
        config.base,
        batches,
        student,
        tmp_path / "student.safetensors",
        StudentObjective(config, targets),
    )
    parts = list(trainer.run(until=25))
    assert np.mean([each["absolute"] for each in parts[-4:]]) < 0.8 * parts[0]["absolute"]
    for name, each in student.text.state_dict().items():
        assert torch.equal(each, before[name])


def test_lab_of_known_colours() -> None:
    rgb = torch.tensor([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    # Values of the CIE formulas, D65: L, a, b over 100.
    expected = [[1, 0, 0], [0, 0, 0], [0.5324, 0.8009, 0.6720], [0.3230, 0.7920, -1.0786]]
    np.testing.assert_allclose(rgb_to_lab(rgb).numpy(), expected, atol=2e-3)


def test_title_recall_counts_own_pictures_among_the_nearest() -> None:
    gallery = np.eye(4, dtype=np.float32)
    queries = np.array([[0.9, 0.1, 0, 0], [0.5, 0.4, 0.3, 0.0]], np.float32)
    answers = np.array([0, 2])
    assert title_recall(queries, gallery, answers, k=1) == 0.5
    assert title_recall(queries, gallery, answers, k=2) == 0.5
    assert title_recall(queries, gallery, answers, k=3) == 1.0


def test_views_differ_from_each_other_and_repeat() -> None:
    image = draw_garment((200, 30, 35))
    views = [
        augment(image, np.random.default_rng((7, view)), height_px=64, width_px=64)
        for view in (1, 2, 1)
    ]
    assert (views[0] != views[1]).any()
    assert (views[0] == views[2]).all()
    # Red stays red: the middle keeps its hue.
    assert views[0][32, 32, 0] > 2 * views[0][32, 32, 2]


def test_complete_cache_is_opened_and_not_computed_again(tmp_path: Path) -> None:
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(draw_garment((10, 20, 30))).save(buffer, "PNG")
    calls: list[int] = []

    def stem(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        calls.append(len(pictures))
        small = pictures[:, ::8, ::8].astype(np.float32)
        return small.transpose(0, 3, 1, 2), small

    for _ in range(2):
        cache = fill_cache(
            tmp_path,
            "tiny",
            [buffer.getvalue()] * 130,
            stem,
            view=0,
            seed=0,
            height_px=64,
            width_px=64,
        )
    assert calls == [128, 2]
    assert cache.features.shape == (130, 3, 8, 8)
    assert cache.thumbnails.dtype == np.uint8
