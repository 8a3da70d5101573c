"""Training of SD-Turbo's adapter: what it moves, what it learns, and that it goes on."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="needs the extra [models]")
pytest.importorskip("diffusers", reason="needs the extra [models]")

from engine.errors import InvalidInput, NotFound  # noqa: E402
from models.hub.hspace.middle import Retrieved  # noqa: E402
from models.hub.sd_turbo.adapter import adapter_for  # noqa: E402
from models.hub.sd_turbo.architecture import TINY, random_pipeline  # noqa: E402
from models.hub.sd_turbo.checkpoint import find_pipeline, load_pipeline  # noqa: E402
from models.hub.sd_turbo.engine import Lent, SdTurbo  # noqa: E402
from models.hub.sd_turbo.training.catalogue import build_bank, read_catalogue  # noqa: E402
from models.hub.sd_turbo.training.fit import SdRetrieval  # noqa: E402
from models.hub.sd_turbo.training.losses import augmentation, latent_distance  # noqa: E402
from models.hub.sd_turbo.training.run import train_sd_adapter  # noqa: E402
from models.hub.sd_turbo.training.settings import SdAdapterConfig  # noqa: E402
from models.hub.sd_turbo.training.teacher import Goal, TeacherLatents  # noqa: E402
from models.training.variants.settings import StageConfig  # noqa: E402
from tests.models.hub.sd_doubles import noise_picture  # noqa: E402

pytestmark = pytest.mark.models

COLOURS = {"Red": (200, 30, 40), "Blue": (30, 50, 200), "Black": (20, 20, 20)}
COUNT = 3


def encoded(colour: tuple[int, int, int]) -> bytes:
    frame = np.full((80, 60, 3), 255, np.uint8)
    frame[20:60, 12:48] = colour
    file = io.BytesIO()
    Image.fromarray(frame).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> SdAdapterConfig:
    folder = tmp_path_factory.mktemp("sd-adapter")
    names = list(COLOURS)
    rows = [
        {
            "id": str(number),
            # Two products of each title: a twin must not help either.
            "title": f"Acme Men {names[number % 3]} Tshirt {number // 6}",
            "gender": "Men",
            "masterCategory": "Apparel",
            "subCategory": "Topwear",
            "articleType": "Tshirts",
            "baseColour": names[number % 3],
            "season": "Summer",
            "usage": "Casual",
            "split": "test" if number >= 18 else "train",
            "image": encoded(COLOURS[names[number % 3]]),
        }
        for number in range(20)
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "kagl.parquet")
    random_pipeline(TINY).save_pretrained(folder / "student")
    random_pipeline(TINY, seed=1).save_pretrained(folder / "teacher")
    return SdAdapterConfig(
        data=folder,
        student=str(folder / "student"),
        teacher=str(folder / "teacher"),
        out=folder / "out",
        work=folder / "work",
        device="cpu",
        bank=12,
        rank=2,
        samples=2,
        teacher_steps=2,
        schedule=StageConfig(steps=2, batch=2, rate=1e-3, warm=1),
    )


def model_and_goal() -> tuple[SdRetrieval, Goal, Any, Retrieved]:
    student, teacher = random_pipeline(TINY), random_pipeline(TINY, seed=1)
    torch.manual_seed(2)
    model = SdRetrieval(student, teacher, adapter_for(student.unet, rank=2, engine="x"))
    goal = Goal(
        rows=np.arange(COUNT),
        noise=torch.randn(COUNT, 4, 16, 16),
        latents=torch.randn(COUNT, 4, 16, 16),
    )
    tokens = torch.randn(COUNT, 5, 32)
    retrieved = Retrieved(
        features=torch.randn(COUNT, 1, 32, 8, 8),
        similarity=torch.full((COUNT, 1), 0.8),
        blend=torch.ones(COUNT),
    )
    return model, goal, tokens, retrieved


def test_training_lowers_the_distance_to_the_teacher_and_moves_nothing_frozen() -> None:
    model, goal, tokens, retrieved = model_and_goal()
    frozen = [{n: e.clone() for n, e in each.state_dict().items()} for each in model._frozen]
    learned = {n: e.detach().clone() for n, e in model.named_parameters()}
    # A schedule of the same draws, so that the distances are comparable.
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    distances: list[float] = []
    for _ in range(12):
        torch.manual_seed(3)
        whole, parts = model.loss(goal, tokens, tokens, retrieved)
        optimiser.zero_grad()
        whole.backward()
        optimiser.step()
        distances.append(parts["distil"])
        assert set(parts) == {"distil", "perceptual", "adversarial", "judge"}
    assert distances[-1] < 0.97 * distances[0]
    for unet, before in zip(model._frozen, frozen, strict=True):
        assert all(torch.equal(before[n], e) for n, e in unet.state_dict().items())
        assert all(each.grad is None for each in unet.parameters())
    moved = {n.split(".")[0] for n, e in model.named_parameters() if not torch.equal(learned[n], e)}
    assert moved == {"space", "lora", "judge"}


def test_neither_side_teaches_the_other() -> None:
    model, goal, tokens, retrieved = model_and_goal()
    torch.manual_seed(3)
    model.loss(goal, tokens, tokens, retrieved)[0].backward()
    heads = [each.grad.clone() for each in model.judge.parameters() if each.grad is not None]
    assert len(heads) > 5
    # The heads hear their hinge alone: what the student should be leaves them cold.
    model, goal, tokens, retrieved = model_and_goal()
    with torch.no_grad():
        made = model.one_step(goal.noise, tokens, retrieved)
    torch.manual_seed(3)
    fresh, time = torch.randn_like(made), torch.randint(model.judge.times, (COUNT,))
    hinge = torch.relu(1 - model.judge(goal.latents, tokens, fresh, time)).mean()
    hinge = hinge + torch.relu(1 + model.judge(made, tokens, fresh, time)).mean()
    hinge.backward()
    again = [each.grad for each in model.judge.parameters() if each.grad is not None]
    for one, other in zip(heads, again, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def test_one_step_is_what_serving_draws_from_pure_noise() -> None:
    model, goal, _, _ = model_and_goal()
    pipeline = random_pipeline(TINY)
    pipeline.set_progress_bar_config(disable=True)
    engine = SdTurbo(pipeline)
    tokens, _ = engine._said("a hat")
    features = engine.middle(noise_picture(), "a hat")
    lent = Lent(features=features[None], similarity=np.array([0.0], np.float32))
    retrieved = Retrieved(
        features=torch.from_numpy(lent.features)[None].float(),
        similarity=torch.zeros(1, 1),
        blend=torch.ones(1),
    )
    with torch.no_grad():
        ours = model.one_step(goal.noise[:1], tokens, retrieved)
        from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import (
            StableDiffusionPipeline,
        )

        model.remove()
        engine.remove()
        whole: Any = StableDiffusionPipeline(**pipeline.components, requires_safety_checker=False)
        theirs = whole(
            prompt="a hat",
            latents=goal.noise[:1],
            num_inference_steps=1,
            guidance_scale=0.0,
            output_type="latent",
        ).images
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_the_latent_distance_is_a_distance_that_can_be_descended() -> None:
    unet = random_pipeline(TINY, seed=1).unet.requires_grad_(False)
    aim, tokens = torch.randn(2, 4, 16, 16), torch.randn(2, 5, 32)
    assert latent_distance(unet, aim, aim, tokens).item() == 0
    made = (aim + 0.5 * torch.randn_like(aim)).requires_grad_()
    torch.manual_seed(4)
    first = latent_distance(unet, made, aim, tokens)
    (slope,) = torch.autograd.grad(first, [made])
    made = made.detach() - 0.05 * slope / slope.abs().max()
    torch.manual_seed(4)
    assert 0 < latent_distance(unet, made, aim, tokens).item() < first.item()


def test_an_augmentation_is_one_change_for_all_that_it_is_given() -> None:
    torch.manual_seed(0)
    seen = set()
    for _ in range(8):
        change = augmentation(16, 16)
        latents = torch.rand(1, 1, 16, 16) + 1
        assert torch.equal(change(latents), change(latents))
        cut = change(latents) == 0
        assert int(cut.sum()) == 16  # a quarter of each side
        seen.add(tuple(change(latents).flatten()[:4].tolist()))
    assert len(seen) == 8


def test_a_prompts_own_product_and_its_twin_are_never_retrieved(config: SdAdapterConfig) -> None:
    catalogue = read_catalogue(config.data)
    assert len(catalogue.train) == 18
    engine = SdTurbo(load_pipeline(find_pipeline(config.student)))
    whole = dataclasses.replace(config, bank=18, work=config.work / "whole")
    bank = build_bank(whole, catalogue, engine)
    rows = catalogue.train
    prompts = np.stack([engine.text(catalogue.prompts[row]) for row in rows.tolist()])
    groups = catalogue.groups[rows]
    near = bank.search.nearest(prompts.astype(np.float32), count=3, without=groups)
    assert not (groups[near.rows] == groups[:, None]).any()
    retrieved = bank.retrieve(
        prompts[:2].astype(np.float32), groups[:2], count=3, device=torch.device("cpu")
    )
    assert retrieved.features.shape == (2, 3, 32, 8, 8)
    expected = engine.middle(
        _square(catalogue.picture(int(rows[near.rows[0, 0]]))),
        catalogue.prompts[int(rows[near.rows[0, 0]])],
    )
    np.testing.assert_array_equal(retrieved.features[0, 0].numpy().astype(np.float16), expected)


def _square(picture: np.ndarray) -> np.ndarray:
    from models.preprocess import letterbox

    return letterbox(picture, height_px=32, width_px=32)


def test_a_bank_that_is_too_small_is_told(config: SdAdapterConfig) -> None:
    engine = SdTurbo(load_pipeline(find_pipeline(config.student)))
    with pytest.raises(InvalidInput, match="too few to retrieve 3"):
        build_bank(
            dataclasses.replace(config, bank=2, neighbours=3),
            read_catalogue(config.data),
            engine,
        )
    with pytest.raises(NotFound):
        read_catalogue(config.data / "nowhere")


def test_the_teachers_samples_are_drawn_once(
    config: SdAdapterConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = read_catalogue(config.data)
    teacher = load_pipeline(find_pipeline(config.teacher))
    held = dataclasses.replace(config, work=tmp_path)
    samples = TeacherLatents(held, catalogue, teacher, "t")
    first, other = samples.batch(0), samples.batch(1)
    again = TeacherLatents(held, catalogue, teacher, "t")
    monkeypatch.setattr(again, "_sample", lambda *_: pytest.fail("sampled again"))
    assert torch.equal(again.batch(2).latents, first.latents)  # two batches, again and again
    assert torch.equal(again.batch(2).noise, first.noise)
    assert np.array_equal(again.batch(2).rows, first.rows)
    assert not torch.equal(other.latents, first.latents)
    assert first.latents.shape == (2, 4, 16, 16)


def test_a_run_writes_what_serving_reads_and_one_that_was_stopped_ends_the_same(
    config: SdAdapterConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = train_sd_adapter(config)
    assert report.folder == config.out / "sd-adapter"
    engine = SdTurbo(load_pipeline(find_pipeline(config.student)), adapter=report.folder)
    assert engine.revision.endswith(report.revision)
    assert engine.adapted
    short = dataclasses.replace(config, out=config.out / "b", work=config.work / "b")
    from models.training.variants.loop import Stage

    whole = Stage.run

    def stopped(self: Stage, loss) -> None:
        self.config = dataclasses.replace(self.config, steps=1)
        rate, self._rate = self._rate, lambda: _at(self, rate)
        whole(self, loss)
        raise KeyboardInterrupt

    def _at(stage: Stage, rate) -> float:
        stage.config, held = config.schedule, stage.config
        try:
            return rate()
        finally:
            stage.config = held

    monkeypatch.setattr(Stage, "run", stopped)
    with pytest.raises(KeyboardInterrupt):
        train_sd_adapter(short)
    monkeypatch.setattr(Stage, "run", whole)
    assert not (short.out / "sd-adapter").exists()
    assert train_sd_adapter(short).revision == report.revision
