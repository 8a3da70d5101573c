"""open_clip models behind the ports: the contract, and the same vectors as open_clip itself."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.errors import IndexMismatch, InvalidInput, ModelUnavailable
from engine.index.open import open_index
from engine.ports import DualEncoder
from engine.types import Facet
from models.hub.checkpoint import fetch_checkpoint
from models.hub.open_clip import BATCH_CPU, load_open_clip
from models.hub.prompts import TEMPLATES
from tests.contracts.encoder_contract import DualEncoderContract, draw_garment, pictures

pytestmark = pytest.mark.models
open_clip = pytest.importorskip("open_clip")
torch = pytest.importorskip("torch")

CLIP_CONFIG: dict[str, Any] = {
    "model_cfg": {
        "embed_dim": 24,
        "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "head_width": 16,
                       "patch_size": 8},
        "text_cfg": {"context_length": 20, "vocab_size": 49408, "width": 16, "heads": 2,
                     "layers": 2},
    },
    "preprocess_cfg": {"mean": [0.48, 0.46, 0.41], "std": [0.27, 0.26, 0.28]},
}  # fmt: skip
SIGLIP_CONFIG: dict[str, Any] = {
    "model_cfg": {
        "embed_dim": 64,
        "init_logit_bias": -10,
        "custom_text": True,
        "vision_cfg": {"image_size": 160, "timm_model_name": "test_vit",
                       "timm_model_pretrained": False, "timm_pool": "map", "timm_proj": "none"},
        "text_cfg": {"context_length": 16, "vocab_size": 300, "hf_tokenizer_name": "local",
                     "tokenizer_kwargs": {"clean": "canonicalize"}, "width": 64, "heads": 2,
                     "layers": 2, "no_causal_mask": True, "proj_bias": True, "pool_type": "last",
                     "norm_kwargs": {"eps": 1e-6}},
    },
    "preprocess_cfg": {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic",
                       "resize_mode": "squash"},
}  # fmt: skip


def save_model(folder: Path, config: dict[str, Any], *, seed: int = 3) -> Path:
    """A randomly initialised model as a folder that open_clip reads."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    if "hf_tokenizer_name" in config["model_cfg"]["text_cfg"]:
        save_tokenizer(folder)
    torch.manual_seed(seed)
    model = open_clip.create_model(f"local-dir:{folder}", load_weights=False)
    weights = {key: value.contiguous() for key, value in model.state_dict().items()}
    save_file(weights, folder / "open_clip_model.safetensors")
    return folder


def save_tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import ByteLevel
    from tokenizers.trainers import BpeTrainer
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(BPE(unk_token="<unk>"))
    words.pre_tokenizer = ByteLevel()
    trainer = BpeTrainer(
        vocab_size=300,
        special_tokens=["<pad>", "</s>", "<unk>"],
        initial_alphabet=ByteLevel.alphabet(),
    )
    words.train_from_iterator(["red dress", "blue jeans", "navy shoes"] * 4, trainer)
    PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    ).save_pretrained(folder)


@pytest.fixture(scope="module")
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("clip"), CLIP_CONFIG)


@pytest.fixture(scope="module")
def siglip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("siglip"), SIGLIP_CONFIG)


class TestClip(DualEncoderContract):
    @pytest.fixture(scope="class")
    @classmethod
    def encoder(cls, clip_folder: Path) -> DualEncoder:
        return load_open_clip(f"local-dir:{clip_folder}", device="cpu")


class TestSigLip(DualEncoderContract):
    @pytest.fixture(scope="class")
    @classmethod
    def encoder(cls, siglip_folder: Path) -> DualEncoder:
        return load_open_clip(f"open_clip:local-dir:{siglip_folder}", device="cpu")


@pytest.mark.parametrize("kind", ["clip_folder", "siglip_folder"])
def test_same_vectors_as_open_clip_itself(kind: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(kind)
    ours = load_open_clip(f"local-dir:{folder}", device="cpu")
    model, transform = open_clip.create_model_from_pretrained(f"local-dir:{folder}")
    tokenizer = open_clip.get_tokenizer(f"local-dir:{folder}")
    images = [draw_garment((200, 30, 35)), draw_garment((10, 90, 40), size_hw=(70, 170)),
              pictures()[-1]]  # fmt: skip
    texts = ["a red dress", "blue jeans for men", "shoes " * 100, ""]
    with torch.no_grad():
        pixels = torch.stack([transform(Image.fromarray(image)) for image in images])
        expected_images = model.eval().encode_image(pixels, normalize=True).numpy()
        expected_texts = model.encode_text(tokenizer(texts), normalize=True).numpy()
    np.testing.assert_allclose(ours.embed_images(images), expected_images, atol=1e-6)
    np.testing.assert_allclose(ours.embed_texts(texts), expected_texts, atol=1e-6)


@pytest.mark.parametrize("kind", ["clip_folder", "siglip_folder"])
def test_same_pixels_as_open_clip_itself(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = request.getfixturevalue(kind)
    ours = load_open_clip(f"local-dir:{folder}", device="cpu")
    _, transform = open_clip.create_model_from_pretrained(f"local-dir:{folder}")
    images = [draw_garment((200, 30, 35)), draw_garment((10, 90, 40), size_hw=(70, 170))]
    seen: list[Any] = []
    encode = ours._model.encode_image
    monkeypatch.setattr(ours._model, "encode_image", lambda x: (seen.append(x), encode(x))[1])
    ours.embed_images(images)
    expected = torch.stack([transform(Image.fromarray(image)) for image in images])
    assert len(seen) == 1
    torch.testing.assert_close(seen[0], expected, rtol=0, atol=0)


@pytest.mark.parametrize("kind", ["clip_folder", "siglip_folder"])
def test_batches_are_cut_to_what_the_device_takes(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = load_open_clip(f"local-dir:{request.getfixturevalue(kind)}", device="cpu")
    sizes: list[int] = []
    encode = ours._model.encode_text
    monkeypatch.setattr(ours._model, "encode_text", lambda x: (sizes.append(len(x)), encode(x))[1])
    ours.embed_texts([f"shoe {number}" for number in range(2 * BATCH_CPU + 3)])
    assert sizes == [BATCH_CPU, BATCH_CPU, 3]


@pytest.mark.parametrize("kind", ["clip_folder", "siglip_folder"])
def test_a_label_is_the_mean_of_its_captions(kind: str, request: pytest.FixtureRequest) -> None:
    encoder = load_open_clip(f"local-dir:{request.getfixturevalue(kind)}", device="cpu")
    found = encoder.embed_labels(["Tshirts", "Heels"], Facet.TYPE)
    for row, word in zip(found, ("tshirts", "heels"), strict=True):
        alone = [encoder.embed_texts([each.replace("{}", word)])[0]
                 for each in TEMPLATES[Facet.TYPE]]  # fmt: skip
        mean = np.mean(alone, axis=0)
        np.testing.assert_allclose(row, mean / np.linalg.norm(mean), atol=1e-5)


@pytest.mark.parametrize("kind", ["clip_folder", "siglip_folder"])
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU is visible to torch")
def test_on_a_gpu_half_precision_stays_near_the_cpu(
    kind: str, request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue(kind)
    near = load_open_clip(f"local-dir:{folder}", device="cpu")
    far = load_open_clip(f"local-dir:{folder}", device="cuda")
    images, texts = pictures()[:3], ["a red dress", "blue jeans"]
    assert (near.embed_images(images) * far.embed_images(images)).sum(axis=1).min() > 0.995
    assert (near.embed_texts(texts) * far.embed_texts(texts)).sum(axis=1).min() > 0.995


def test_on_a_gpu_products_run_in_half_precision(
    clip_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The adapter believes in a GPU; autocast of the CPU stands in for it and tells the dtype.
    encoder = load_open_clip(f"local-dir:{clip_folder}", device="cpu")
    real, asked, kinds = torch.autocast, [], []

    def autocast(device: str, dtype: Any) -> Any:
        asked.append((device, dtype))
        return real("cpu", dtype)

    class Gpu:
        type = "cuda"

    encode = encoder._model.encode_text
    monkeypatch.setattr(torch, "autocast", autocast)
    monkeypatch.setattr(
        encoder._model,
        "encode_text",
        lambda tokens: (found := encode(tokens), kinds.append(found.dtype))[0],
    )
    plain = encoder.embed_texts(["a red dress"])
    assert asked == []
    monkeypatch.setattr(encoder, "_device", Gpu())
    half = encoder._embed(
        ["a red dress"], lambda batch: encoder._model.encode_text(encoder._tokenizer(batch))
    )
    assert asked == [("cuda", torch.float16)]
    assert kinds[-1] == torch.float16
    assert half.dtype == np.float32
    assert (plain * half).sum() > 0.99


def test_an_index_of_another_preprocessing_is_refused(tmp_path: Path, clip_folder: Path) -> None:
    settings = {**CLIP_CONFIG, "preprocess_cfg": {"mean": [0.1] * 3, "std": [0.3] * 3}}
    other_folder = save_model(tmp_path / "mean", settings)
    first = load_open_clip(f"local-dir:{clip_folder}", device="cpu").encoder_id
    other = load_open_clip(f"local-dir:{other_folder}", device="cpu").encoder_id
    assert first.revision == other.revision
    open_index(str(tmp_path / "index"), first).close()
    with pytest.raises(IndexMismatch, match=other.preprocess):
        open_index(str(tmp_path / "index"), other)
    open_index(str(tmp_path / "index"), first).close()


def test_preprocessing_is_the_models_own(siglip_folder: Path, clip_folder: Path) -> None:
    # SigLIP squashes a picture, CLIP crops its middle: only the former sees the ends.
    image = draw_garment((200, 30, 35), size_hw=(40, 120))
    other = image.copy()
    other[:, :20] = (0, 120, 0)
    seen = load_open_clip(f"local-dir:{siglip_folder}", device="cpu").embed_images([image, other])
    cropped = load_open_clip(f"local-dir:{clip_folder}", device="cpu").embed_images([image, other])
    assert np.abs(seen[0] - seen[1]).max() > 1e-3
    np.testing.assert_allclose(cropped[0], cropped[1], atol=1e-6)


def test_a_hair_of_a_picture_takes_no_gigabytes(clip_folder: Path) -> None:
    encoder = load_open_clip(f"local-dir:{clip_folder}", device="cpu")
    hair = np.full((1, 16_000, 3), (200, 30, 35), np.uint8)
    plain = np.full((32, 32, 3), (200, 30, 35), np.uint8)
    vectors = encoder.embed_images([hair, plain])
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-4)


def test_fingerprint_follows_weights_and_preprocessing(tmp_path: Path, clip_folder: Path) -> None:
    def identity(folder: Path) -> tuple[str, str]:
        encoder_id = load_open_clip(f"local-dir:{folder}", device="cpu").encoder_id
        return encoder_id.revision, encoder_id.preprocess

    first = identity(clip_folder)
    assert identity(save_model(tmp_path / "same", CLIP_CONFIG)) == first
    other_weights = identity(save_model(tmp_path / "seed", CLIP_CONFIG, seed=4))
    assert other_weights[0] != first[0]
    assert other_weights[1] == first[1]
    settings = {**CLIP_CONFIG, "preprocess_cfg": {"mean": [0.1] * 3, "std": [0.3] * 3}}
    other_settings = identity(save_model(tmp_path / "mean", settings))
    assert other_settings[0] == first[0]
    assert other_settings[1] != first[1]


def test_pickled_weights_are_refused_and_never_read(tmp_path: Path) -> None:
    folder = tmp_path / "pickle"
    folder.mkdir()
    (folder / "open_clip_config.json").write_text(json.dumps(CLIP_CONFIG))
    (folder / "open_clip_pytorch_model.bin").write_bytes(b"not even a pickle")
    with pytest.raises(ModelUnavailable, match="Pickled weights can run code"):
        load_open_clip(f"local-dir:{folder}", device="cpu")


def test_tags_published_as_pickles_only_are_refused() -> None:
    pickled = [
        (model, tag)
        for model, tag in open_clip.list_pretrained()
        if not open_clip.get_pretrained_cfg(model, tag).get("hf_hub")
    ]
    for model, tag in pickled[:2]:
        with pytest.raises(ModelUnavailable, match="pickle"):
            fetch_checkpoint(f"open_clip:{model}/{tag}")


def test_damaged_weights_are_a_clear_error(tmp_path: Path, clip_folder: Path) -> None:
    folder = tmp_path / "damaged"
    folder.mkdir()
    (folder / "open_clip_config.json").write_text(json.dumps(CLIP_CONFIG))
    whole = (clip_folder / "open_clip_model.safetensors").read_bytes()
    (folder / "open_clip_model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelUnavailable, match="cannot be built"):
        load_open_clip(f"local-dir:{folder}", device="cpu")


def test_weights_of_another_architecture_are_a_clear_error(
    tmp_path: Path, siglip_folder: Path
) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "open_clip_config.json").write_text(json.dumps(CLIP_CONFIG))
    weights = (siglip_folder / "open_clip_model.safetensors").read_bytes()
    (folder / "open_clip_model.safetensors").write_bytes(weights)
    with pytest.raises(ModelUnavailable, match="cannot be built"):
        load_open_clip(f"local-dir:{folder}", device="cpu")


def test_without_network_says_what_where_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    for name, file in (
        ("hf-hub:Marqo/marqo-fashionSigLIP", "open_clip_config.json"),
        ("open_clip:ViT-B-16-SigLIP/webli", "open_clip_model.safetensors"),
    ):
        with pytest.raises(ModelUnavailable) as caught:
            load_open_clip(name, device="cpu", cache_dir=tmp_path)
        message = str(caught.value)
        assert name in message
        assert file in message
        assert str(tmp_path) in message
        assert "local-dir:FOLDER" in message


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ViT-B-32", "hf-hub:ORGANISATION/REPOSITORY"),
        ("open_clip:ViT-Z-99/webli", "no architecture"),
        ("open_clip:ViT-B-32/nonsense", "laion2b_s34b_b79k"),
        ("hf-hub:../../etc", "no name of a repository"),
    ],
)
def test_unknown_names_list_the_known_ones(name: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=expected):
        load_open_clip(name, device="cpu", cache_dir=tmp_path)


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "open_clip", None)
    with pytest.raises(ModelUnavailable, match=r"pip install 'lookalike\[models\]'"):
        load_open_clip("hf-hub:Marqo/marqo-fashionSigLIP")


def test_a_gpu_that_is_not_there_is_a_clear_error(
    clip_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ModelUnavailable, match="--device cpu"):
        load_open_clip(f"local-dir:{clip_folder}", device="cuda")
    with pytest.raises(InvalidInput, match="auto, cpu, cuda"):
        load_open_clip(f"local-dir:{clip_folder}", device="tpu")
