"""SD-Turbo's pipeline with its hooks, exactly, on a random pipeline of 32 pixels."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [models]")
pytest.importorskip("diffusers", reason="needs the extra [models]")

from diffusers.models.attention_processor import AttnProcessor2_0  # noqa: E402
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel  # noqa: E402

from engine.errors import InvalidInput, ModelUnavailable  # noqa: E402
from engine.types import ImageRGB  # noqa: E402
from models.hub.hspace.half import first_half  # noqa: E402
from models.hub.hspace.middle import slerp  # noqa: E402
from models.hub.sd_turbo.adapter import BlockAdapter, load_adapter  # noqa: E402
from models.hub.sd_turbo.architecture import FULL, TINY, random_pipeline  # noqa: E402
from models.hub.sd_turbo.checkpoint import find_pipeline, load_pipeline, revision_of  # noqa: E402
from models.hub.sd_turbo.engine import Lent, SdTurbo, timesteps  # noqa: E402
from models.hub.sd_turbo.folded import FoldedLora  # noqa: E402
from tests.models.hub.sd_doubles import noise_picture, save_loud_adapter  # noqa: E402

pytestmark = pytest.mark.models

START = noise_picture()
PROMPT = "a product photo of a red shirt"


@pytest.fixture(scope="module")
def plain() -> SdTurbo:
    return SdTurbo(random_pipeline(TINY))


@pytest.fixture(scope="module")
def loud(tmp_path_factory: pytest.TempPathFactory) -> SdTurbo:
    """With an adapter and decoder changes that say something."""
    folder = save_loud_adapter(tmp_path_factory.mktemp("loud"))
    return SdTurbo(random_pipeline(TINY), adapter=folder)


def drawn(
    engine: SdTurbo,
    seeds: Sequence[int] = (1,),
    *,
    strength: float = 0.5,
    steps: int = 1,
    lent: Lent | None = None,
    prompt: str = PROMPT,
) -> np.ndarray:
    return np.stack(
        list(engine.draw(START, prompt, seeds, strength=strength, steps=steps, lent=lent))
    )


def lent_to(engine: SdTurbo, *gates: float) -> Lent:
    features = [engine.middle(noise_picture(seed=each + 7), "a hat") for each in range(len(gates))]
    return Lent(features=np.stack(features), similarity=np.array(gates, np.float32))


def unmodified(seed: int, *, strength: float, steps: int) -> ImageRGB:
    """diffusers' own pipeline without anything of ours."""
    pipeline: Any = random_pipeline(TINY)
    pipeline.set_progress_bar_config(disable=True)
    pixels = torch.from_numpy(START).permute(2, 0, 1)[None].float() / 127.5 - 1
    with torch.no_grad():
        mode = pipeline.vae.encode(pixels).latent_dist.mode() * pipeline.vae.config.scaling_factor
    made = pipeline(
        prompt=PROMPT,
        image=mode,
        timesteps=timesteps(strength, steps),
        strength=1.0,
        guidance_scale=0.0,
        generator=[torch.Generator().manual_seed(seed)],
        output_type="np",
    ).images[0]
    return np.asarray((made * 255).round(), np.uint8)


@pytest.mark.parametrize(("strength", "steps"), [(0.5, 1), (1.0, 4)])
def test_without_help_it_is_the_unmodified_pipeline_to_the_bit(
    plain: SdTurbo, loud: SdTurbo, strength: float, steps: int
) -> None:
    expected = unmodified(3, strength=strength, steps=steps)
    assert np.unique(expected).size > 50
    for engine in (plain, loud):
        assert np.array_equal(drawn(engine, [3], strength=strength, steps=steps)[0], expected)


def test_a_gate_of_0_or_less_leaves_the_adapter_out(tmp_path: Path, loud: SdTurbo) -> None:
    block = SdTurbo(random_pipeline(TINY), adapter=save_loud_adapter(tmp_path, decoder=False))
    assert np.array_equal(drawn(block, lent=lent_to(block, 0.0, -0.4)), drawn(block))
    assert not np.array_equal(drawn(block, lent=lent_to(block, 0.9)), drawn(block))
    # The decoder's changes go with what is lent, not with the gate.
    assert not np.array_equal(drawn(loud, lent=lent_to(loud, 0.0)), drawn(loud))


def test_folded_changes_do_what_changes_on_hooks_do(tmp_path: Path) -> None:
    pipeline = random_pipeline(TINY)
    save_loud_adapter(tmp_path)
    _, lora, _ = load_adapter(tmp_path, pipeline.unet, engine=revision_of(pipeline))
    unet = pipeline.unet
    latents = torch.randn(2, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    tokens = torch.randn(2, 5, 32, generator=torch.Generator().manual_seed(1))

    def run() -> Any:
        with torch.no_grad():
            return unet(latents, 400, tokens).sample

    hooked = run()
    lora.scale = 0.0
    plain = run()
    folded = FoldedLora(unet, lora)
    assert not any(each._forward_hooks for each in unet.modules())
    assert torch.equal(run(), plain)
    with folded.on():
        torch.testing.assert_close(run(), hooked, rtol=1e-4, atol=1e-5)
    assert (hooked - plain).abs().max() > 0.01
    assert torch.equal(run(), plain)


def test_a_fresh_adapter_changes_nothing_whatever_is_lent(tmp_path: Path, plain: SdTurbo) -> None:
    fresh = SdTurbo(
        random_pipeline(TINY), adapter=save_loud_adapter(tmp_path, block=False, decoder=False)
    )
    assert fresh.adapted
    assert np.array_equal(drawn(fresh, lent=lent_to(fresh, 0.9, 0.5)), drawn(plain))


def test_what_was_lent_once_is_gone_afterwards(loud: SdTurbo) -> None:
    before = drawn(loud)
    helped = drawn(loud, lent=lent_to(loud, 0.9))
    assert not np.array_equal(helped, before)
    assert np.array_equal(drawn(loud), before)
    features = loud.middle(START, PROMPT)
    drawn(loud, lent=lent_to(loud, 0.9))
    assert np.array_equal(loud.middle(START, PROMPT), features)


def test_hooks_that_are_taken_away_leave_the_pipeline_as_it_was(tmp_path: Path) -> None:
    engine = SdTurbo(random_pipeline(TINY), adapter=save_loud_adapter(tmp_path))
    helped = drawn(engine, lent=lent_to(engine, 0.9))
    engine.remove()
    assert not any(each._forward_hooks for each in engine.unet.modules())
    assert not np.array_equal(drawn(engine, lent=lent_to(engine, 0.9)), helped)
    assert np.array_equal(drawn(engine, [3], strength=0.5)[0], unmodified(3, strength=0.5, steps=1))


def test_without_an_adapter_the_first_picture_comes_in_by_slerp(plain: SdTurbo) -> None:
    lent = lent_to(plain, 0.9)
    seen: list[Any] = []
    hook = plain.unet.mid_block.register_forward_hook(lambda _m, _i, output: seen.append(output))
    try:
        drawn(plain)
        drawn(plain, lent=lent)
    finally:
        hook.remove()
    expected = slerp(seen[0], torch.from_numpy(lent.features[:1]).float(), torch.full((1,), 0.8))
    torch.testing.assert_close(seen[1], expected, rtol=0, atol=0)


def test_a_slerp_of_half_precision_does_not_overflow() -> None:
    target = torch.full((1, 1280, 8, 8), 4.0, dtype=torch.float16)
    other = torch.randn(1, 1280, 8, 8, generator=torch.Generator().manual_seed(0)).half() * 4
    mixed = slerp(target, other, torch.full((1,), 0.8))
    assert mixed.dtype == torch.float16
    expected = slerp(target.double(), other.double(), torch.full((1,), 0.8))
    torch.testing.assert_close(mixed.double(), expected.double(), rtol=2e-3, atol=2e-3)
    assert torch.equal(slerp(target, other, torch.ones(1)), target)


@pytest.mark.parametrize("steps", [1, 4])
def test_a_step_is_one_call_of_the_unet(plain: SdTurbo, steps: int) -> None:
    times: list[float] = []
    hook = plain.unet.register_forward_pre_hook(lambda _m, inputs: times.append(float(inputs[1])))
    try:
        drawn(plain, [1, 2], strength=0.6, steps=steps)
    finally:
        hook.remove()
    assert times == [float(each) for each in timesteps(0.6, steps)] * 2  # a batch each


def test_times_are_those_of_trailing_spacing() -> None:
    assert timesteps(1.0, 4) == [999, 749, 499, 249]
    assert timesteps(0.5, 1) == [499]
    assert timesteps(0.5, 4) == [499, 374, 249, 124]
    assert timesteps(0.001, 1) == [0]


@pytest.mark.parametrize("batch", [1, 3])
def test_a_seed_draws_the_same_whatever_the_others_are(batch: int, loud: SdTurbo) -> None:
    before, loud.batch = loud.batch, batch
    lent = lent_to(loud, 0.9)
    try:
        many = drawn(loud, [5, 6, 7, 8], lent=lent)
        for seed, picture in zip((5, 6, 7, 8), many, strict=True):
            assert np.array_equal(drawn(loud, [seed], lent=lent)[0], picture)
        assert np.array_equal(drawn(loud, [8, 5], lent=lent), many[[3, 0]])
    finally:
        loud.batch = before
    assert not np.array_equal(many[0], many[1])


def test_prompt_strength_and_start_count(plain: SdTurbo) -> None:
    first = drawn(plain)
    assert not np.array_equal(drawn(plain, prompt="a blue hat"), first)
    faint = drawn(plain, strength=0.05).astype(int)
    assert np.abs(faint - first).mean() > 1
    assert list(plain.draw(START, PROMPT, [], strength=0.5)) == []


def test_the_middle_is_what_the_unet_sees_at_time_0_of_the_clean_picture(plain: SdTurbo) -> None:
    seen: list[Any] = []
    calls: list[Any] = []
    pipeline = plain._pipeline
    hooks = [
        plain.unet.mid_block.register_forward_hook(lambda _m, _i, o: seen.append(o)),
    ]
    try:
        tokens, _ = pipeline.encode_prompt(PROMPT, "cpu", 1, False)
        with torch.no_grad():
            calls.append(plain.unet(plain._encoded(START), 0, tokens))
    finally:
        for each in hooks:
            each.remove()
    found = plain.middle(START, PROMPT)
    assert found.shape == (32, 8, 8)
    np.testing.assert_array_equal(found, seen[0][0].numpy().astype(np.float16))


def test_a_half_of_a_compiled_unet_is_still_a_half() -> None:
    unet = random_pipeline(TINY).unet
    unet._compiled_call_impl = unet.forward  # what `unet.compile()` leaves there
    latents, tokens = torch.zeros(1, 4, 16, 16), torch.zeros(1, 5, 32)
    with torch.no_grad():
        assert first_half(unet)(latents, 0, tokens).sample.shape == (1, 32, 8, 8)


def test_texts_are_unit_vectors_that_differ(plain: SdTurbo) -> None:
    one, other = plain.text("red shirt").astype(float), plain.text("blue hat").astype(float)
    assert one @ one == pytest.approx(1, abs=2e-3)
    assert one @ other < 0.999


def test_attention_is_torchs_own(plain: SdTurbo) -> None:
    assert {type(each) for each in plain.unet.attn_processors.values()} == {AttnProcessor2_0}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 2}, "1 or 4"),
        ({"strength": 0.0}, "more than 0"),
        ({"strength": 1.5}, "at most 1"),
        ({"seeds": [-1]}, "expected 0 to"),
        ({"seeds": [2**63]}, "expected 0 to"),
    ],
)
def test_bad_numbers_are_refused(plain: SdTurbo, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        drawn(plain, **settings)
    with pytest.raises(InvalidInput, match="expected"):
        next(plain.draw(noise_picture(31), PROMPT, [1], strength=0.5))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("sd")
    random_pipeline(TINY).save_pretrained(place)
    return place


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def test_a_folder_draws_what_the_saved_pipeline_drew(folder: Path, plain: SdTurbo) -> None:
    files = find_pipeline(str(folder))
    assert files.folder == folder
    assert files.variant is None
    loaded = SdTurbo(load_pipeline(files))
    assert np.array_equal(drawn(loaded), drawn(plain))
    assert loaded.revision == plain.revision


def test_half_precision_files_are_the_same_revision(folder: Path, tmp_path: Path) -> None:
    halves = load_pipeline(find_pipeline(str(folder)), half=True)
    assert {each.dtype for each in halves.unet.parameters()} == {torch.float16}
    halves.save_pretrained(tmp_path, variant="fp16")
    found = find_pipeline(str(tmp_path), half=True)
    assert found.variant == "fp16"
    assert revision_of(load_pipeline(found, half=True)) == revision_of(random_pipeline(TINY))
    with pytest.raises(ModelUnavailable, match="lacks unet, vae, text_encoder"):
        find_pipeline(str(tmp_path))
    assert revision_of(random_pipeline(TINY, seed=1)) != revision_of(halves)


def test_pickles_are_refused(copy: Path) -> None:
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(ModelUnavailable, match=r"pickles unet/diffusion_pytorch_model\.bin") as got:
        find_pipeline(str(copy))
    assert "can run code" in got.value.hint


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder", "tokenizer", "scheduler"])
def test_a_missing_part_is_named(copy: Path, part: str) -> None:
    shutil.rmtree(copy / part)
    with pytest.raises(ModelUnavailable, match=f"lacks {part}") as got:
        find_pipeline(str(copy))
    assert "stabilityai/sd-turbo" in got.value.hint


def test_damaged_files_are_told(copy: Path) -> None:
    weights = copy / "vae" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load_pipeline(find_pipeline(str(copy)))
    (copy / "model_index.json").write_text("{")
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        find_pipeline(str(copy))
    (copy / "model_index.json").write_text('{"_class_name": "FluxPipeline"}')
    with pytest.raises(ModelUnavailable, match="is a FluxPipeline"):
        find_pipeline(str(copy))


def test_names_that_are_nowhere(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="no such folder"):
        find_pipeline(str(tmp_path / "nothing"))
    with pytest.raises(ModelUnavailable, match="no model_index"):
        find_pipeline(str(tmp_path))
    with pytest.raises(InvalidInput, match="stabilityai/sd-turbo"):
        find_pipeline("sd-turbo")
    with pytest.raises(ModelUnavailable, match="cannot be had: looked in the cache") as got:
        find_pipeline("stabilityai/sd-turbo", cache_dir=tmp_path, network=False)
    assert "--local-dir FOLDER" in got.value.hint


def test_a_repository_is_asked_for_in_the_cache_first_and_for_safetensors_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from diffusers.pipelines.pipeline_utils import DiffusionPipeline

    asked: list[tuple[bool, str | None]] = []

    def download(name: str, **settings: Any) -> str:
        assert name == "someone/some-model"
        assert settings["use_safetensors"] is True
        asked.append((settings["local_files_only"], settings["variant"]))
        if settings["local_files_only"] or settings["variant"]:
            raise OSError("not there")
        return str(folder)

    monkeypatch.setattr(DiffusionPipeline, "download", download)
    assert find_pipeline("someone/some-model", half=True).folder == folder
    assert asked == [(True, "fp16"), (True, None), (False, "fp16"), (False, None)]


def test_an_adapter_comes_back_as_it_was_written(tmp_path: Path, loud: SdTurbo) -> None:
    one = SdTurbo(random_pipeline(TINY), adapter=save_loud_adapter(tmp_path))
    assert one.revision == loud.revision
    lent = lent_to(loud, 0.7)
    assert np.array_equal(drawn(one, lent=lent), drawn(loud, lent=lent))


def test_adapters_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="the adapter is not there"):
        SdTurbo(random_pipeline(TINY), adapter=tmp_path)
    save_loud_adapter(tmp_path)
    with pytest.raises(ModelUnavailable, match="made for the pipeline"):
        SdTurbo(random_pipeline(TINY, seed=1), adapter=tmp_path)
    told = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(told | {"rank": 3}))
    pipeline = random_pipeline(TINY)
    with pytest.raises(ModelUnavailable, match="does not fit"):
        SdTurbo(pipeline, adapter=tmp_path)
    assert not any(each._forward_hooks for each in pipeline.unet.modules())
    for wrong in ({"groups": 5}, {"heads": 0}, {"channels": 48}, {"rank": 0}, {"rank": "4"}):
        (tmp_path / "config.json").write_text(json.dumps(told | wrong))
        with pytest.raises(ModelUnavailable, match=f"has .*{next(iter(wrong))}") as caught:
            SdTurbo(pipeline, adapter=tmp_path)
        assert caught.value.where == str(tmp_path / "config.json")
        assert "sd-adapter" in caught.value.hint
    assert not any(each._forward_hooks for each in pipeline.unet.modules())
    (tmp_path / "config.json").write_text(json.dumps(told | {"revision": "0"}))
    with pytest.raises(ModelUnavailable, match="different runs"):
        SdTurbo(pipeline, adapter=tmp_path)


def test_at_full_width_it_is_the_size_that_the_paper_counts() -> None:
    sizes: dict[str, Any] = {
        "block_out_channels": FULL.channels,
        "cross_attention_dim": FULL.token,
        "attention_head_dim": FULL.heads,
        "use_linear_projection": True,
    }
    with torch.device("meta"):
        unet = UNet2DConditionModel(**sizes)
        adapter = BlockAdapter(FULL.channels[-1], FULL.channels[-1] // 64, FULL.groups)
    whole = sum(each.numel() for each in unet.parameters())
    ours = sum(each.numel() for each in adapter.parameters())
    assert 865e6 < whole < 867e6
    assert 36.0e6 < ours < 36.1e6
