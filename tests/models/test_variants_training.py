"""All stages in seconds, on pictures made of blocks; what is served is what was trained."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra [models]")
pytest.importorskip("diffusers", reason="needs the extra [models]")
pytest.importorskip("onnx", reason="needs the extra [models]")

from engine.errors import InvalidInput, ModelUnavailable  # noqa: E402
from engine.types import Facet  # noqa: E402
from models.compact import CompactEncoder  # noqa: E402
from models.toy import ToyEncoder  # noqa: E402
from models.training.checkpoint import load_average, save_array  # noqa: E402
from models.training.variants.autoencoder import Autoencoder  # noqa: E402
from models.training.variants.captions import held_out_pairs  # noqa: E402
from models.training.variants.run import VariantsReport, train_variants  # noqa: E402
from models.training.variants.settings import STAGES, VariantsConfig  # noqa: E402
from models.variants.turbo import Helped, SmallTurbo, load_small_turbo  # noqa: E402
from tests.models.variant_blocks import picture, small_training  # noqa: E402

pytestmark = pytest.mark.models

PROMPTS = [
    {Facet.TYPE: "t-shirt", Facet.COLOUR: "red"},
    {Facet.TYPE: "shirt", Facet.COLOUR: "blue"},
    {Facet.TYPE: "shirt", Facet.COLOUR: "red", Facet.PATTERN: "striped"},
]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> VariantsConfig:
    return small_training(tmp_path_factory.mktemp("variants"))


@pytest.fixture(scope="module")
def report(config: VariantsConfig) -> VariantsReport:
    first = train_variants(config, until="autoencoder")
    assert first.folder is None
    return train_variants(config)


@pytest.fixture(scope="module")
def turbo(report: VariantsReport) -> SmallTurbo:
    assert report.folder is not None
    return load_small_turbo(CompactEncoder(threads=1), report.folder, threads=1)


def test_all_stages_end_in_a_small_folder(report: VariantsReport) -> None:
    assert report.folder is not None
    assert report.stages == STAGES
    assert report.megabytes < 25
    assert not [path for path in report.folder.iterdir() if path.suffix in {".pt", ".pkl"}]


def test_a_run_that_is_complete_is_not_repeated(
    config: VariantsConfig, report: VariantsReport
) -> None:
    kept = {path: path.stat().st_mtime_ns for path in config.work.glob("*.npy")}
    assert report.folder is not None
    weights = (report.folder / "variants.safetensors").read_bytes()
    again = train_variants(dataclasses.replace(config, out=config.out / "again"))
    assert again.folder is not None
    assert (again.folder / "variants.safetensors").read_bytes() == weights
    assert {path: path.stat().st_mtime_ns for path in config.work.glob("*.npy")} == kept


def test_the_control_has_a_checkpoint_of_its_own_and_is_not_exported(
    config: VariantsConfig, report: VariantsReport
) -> None:
    adapter = (config.work / "adapter.safetensors").read_bytes()
    control = dataclasses.replace(config, out=config.out / "control")
    found = train_variants(control, control="lora")
    assert found.folder is None
    assert found.stages == (*STAGES[:-1], "lora")
    assert not control.out.exists()
    assert (config.work / "adapter.safetensors").read_bytes() == adapter
    learned = load_average(config.work / "lora.safetensors")
    assert not [name for name in learned if name.startswith("space.")]
    # Two steps of the same length from the same seed, without and with an adapter.
    other = load_average(config.work / "adapter.safetensors")
    assert {n for n in learned if n.startswith("lora.")} == {
        n for n in other if n.startswith("lora.")
    }


def test_seeds_decide_what_is_drawn(turbo: SmallTurbo) -> None:
    drawn = turbo.draw(PROMPTS, seeds=[1, 2, 3])
    assert drawn.shape == (3, 96, 72, 3)
    assert drawn.dtype == np.uint8
    alone = turbo.draw(PROMPTS[1:2], seeds=[2])
    assert np.abs(alone[0].astype(int) - drawn[1]).max() <= 1
    assert (turbo.draw(PROMPTS, seeds=[4, 5, 6]) != drawn).any()
    assert (turbo.draw(PROMPTS, seeds=[1, 2, 3], steps=4) != drawn).any()
    assert turbo.draw([], seeds=[]).shape == (0, 96, 72, 3)


def test_help_of_no_similarity_and_no_slerp_is_no_help(turbo: SmallTurbo) -> None:
    reference = [picture("Tshirts", "Red")] * 3
    features = turbo.middle(reference, PROMPTS)[:, None]
    plain = turbo.draw(PROMPTS, seeds=[1, 2, 3], references=reference, keep="detail")
    for similarity in (0.0, -1.0):
        helped = Helped(
            features=features,
            similarity=np.full((3, 1), similarity, np.float32),
            adapted=False,
        )
        same = turbo.draw(
            PROMPTS, seeds=[1, 2, 3], references=reference, keep="detail", helped=helped
        )
        np.testing.assert_array_equal(same, plain)


def test_latents_come_from_the_same_weights_as_in_torch(
    turbo: SmallTurbo, config: VariantsConfig
) -> None:
    model = Autoencoder()
    model.load_state_dict(load_average(config.work / "autoencoder.safetensors"))
    model.eval()
    frame = picture("Shirts", "Blue", (72, 96))
    with torch.no_grad():
        pixels = torch.from_numpy(frame.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
        expected = model.encoder(pixels).numpy()
    np.testing.assert_allclose(turbo.encode([frame]), expected, atol=0.02)


def test_what_cannot_be_drawn_is_said(turbo: SmallTurbo, report: VariantsReport) -> None:
    with pytest.raises(InvalidInput, match="expected 1 or 4"):
        turbo.draw(PROMPTS, seeds=[1, 2, 3], steps=3)
    with pytest.raises(InvalidInput, match="differ in number"):
        turbo.draw(PROMPTS, seeds=[1])
    assert report.folder is not None
    with pytest.raises(ModelUnavailable, match="trained with the encoder"):
        load_small_turbo(ToyEncoder(), report.folder)
    with pytest.raises(ModelUnavailable, match="not there"):
        load_small_turbo(ToyEncoder(), report.folder / "nowhere")


def test_pairs_are_held_out_by_a_hash_of_the_pair_alone() -> None:
    said = [
        {Facet.TYPE: kind, Facet.COLOUR: colour}
        for kind in ("top", "shirt", "skirt", "dress")
        for colour in ("red", "blue", "green", "black", "white")
        for _ in range(5)
    ]
    rows = np.arange(len(said))
    held = held_out_pairs(said, rows, share=0.4)
    assert 1 <= len(held) < 20
    assert held_out_pairs(said[:50], rows[:50], share=0.4) <= held
    assert held_out_pairs(said, rows, share=0.4, least=6) == frozenset()
    assert held_out_pairs(said, rows, share=0.2) <= held


def test_arrays_are_kept_whole_or_not_at_all(tmp_path, monkeypatch) -> None:
    path = tmp_path / "work" / "held.npy"
    save_array(path, np.arange(4))

    def killed(file, _array) -> None:
        file.write(b"half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        save_array(path, np.arange(8))
    np.testing.assert_array_equal(np.load(path), np.arange(4))
