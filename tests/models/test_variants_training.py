"""All stages in seconds, on pictures made of blocks; what is served is what was trained."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="needs the extra [models]")
pytest.importorskip("diffusers", reason="needs the extra [models]")
pytest.importorskip("onnx", reason="needs the extra [models]")

from engine.errors import InvalidInput, ModelUnavailable  # noqa: E402
from engine.types import Facet  # noqa: E402
from models.compact import WEIGHTS, CompactEncoder  # noqa: E402
from models.toy import ToyEncoder  # noqa: E402
from models.training.checkpoint import save_array  # noqa: E402
from models.training.variants.autoencoder import Autoencoder  # noqa: E402
from models.training.variants.captions import held_out_pairs  # noqa: E402
from models.training.variants.run import VariantsReport, train_variants  # noqa: E402
from models.training.variants.settings import StageConfig, VariantsConfig  # noqa: E402
from models.variants.turbo import Helped, SmallTurbo, load_small_turbo  # noqa: E402

pytestmark = pytest.mark.models

COLOURS = {"Red": (200, 30, 40), "Blue": (30, 50, 200), "Black": (20, 20, 20)}
KINDS = {"Tshirts": (20, 60, 12, 48), "Shirts": (15, 70, 8, 52)}
PROMPTS = [
    {Facet.TYPE: "t-shirt", Facet.COLOUR: "red"},
    {Facet.TYPE: "shirt", Facet.COLOUR: "blue"},
    {Facet.TYPE: "shirt", Facet.COLOUR: "red", Facet.PATTERN: "striped"},
]


def picture(kind: str, colour: str, size_wh: tuple[int, int] = (60, 80)) -> np.ndarray:
    frame = np.full((80, 60, 3), 255, np.uint8)
    top, bottom, left, right = KINDS[kind]
    frame[top:bottom, left:right] = COLOURS[colour]
    return np.asarray(Image.fromarray(frame).resize(size_wh))


def encoded(frame: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(frame).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> VariantsConfig:
    folder = tmp_path_factory.mktemp("variants")
    rows = []
    for number in range(240):
        kind, colour = list(KINDS)[number % 2], list(COLOURS)[number % 3]
        rows.append(
            {
                "id": str(number),
                "title": f"Acme Men {colour} {kind} {number}",
                "gender": "Men",
                "masterCategory": "Apparel",
                "subCategory": "Topwear",
                "articleType": kind,
                "baseColour": colour,
                "season": "Summer",
                "usage": "Casual",
                "split": ("train", "train", "train", "val", "test")[number % 5],
                "image": encoded(picture(kind, colour)),
            }
        )
    pq.write_table(pa.Table.from_pylist(rows), folder / "kagl.parquet")
    sharp = [
        {"id": str(number), "image": encoded(picture("Tshirts", "Red", (168, 224)))}
        for number in (0, 6)
    ]
    pq.write_table(pa.Table.from_pylist(sharp), folder / "kagl_224.parquet")
    small = StageConfig(steps=2, batch=4, rate=1e-3)
    return VariantsConfig(
        data=folder,
        out=folder / "out",
        work=folder / "work",
        encoder=WEIGHTS,
        stages=dict.fromkeys(("autoencoder", "teacher", "student", "adapter"), small),
    )


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
    assert report.stages == ("autoencoder", "teacher", "student", "adapter")
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
    from models.training.checkpoint import load_average
    from models.training.variants.loop import AveragedWeights  # noqa: F401

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
