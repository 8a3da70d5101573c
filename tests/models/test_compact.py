"""The compact encoder as it ships: the contract, no torch, and that it means what it says."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import detectors
from engine.errors import InvalidInput, ModelUnavailable
from engine.types import Facet
from models.compact import WEIGHTS, CompactEncoder
from tests.contracts.encoder_contract import DualEncoderContract, PredictorContract, draw_garment

ROOT = Path(__file__).parents[2]
RED, BLUE, BLACK, GREEN = (200, 30, 35), (40, 85, 180), (22, 22, 24), (40, 135, 60)


@pytest.fixture(scope="module")
def compact() -> CompactEncoder:
    return CompactEncoder(threads=1)


class TestCompactEncoder(DualEncoderContract, PredictorContract):
    @pytest.fixture(scope="class")
    @classmethod
    def encoder(cls) -> CompactEncoder:
        return CompactEncoder(threads=1)


def test_colour_words_find_the_picture_of_their_colour(compact: CompactEncoder) -> None:
    pictures = compact.embed_images([draw_garment(c) for c in (RED, BLUE, BLACK, GREEN)])
    words = compact.embed_texts(["red", "blue", "black", "green"])
    assert (words @ pictures.T).argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_predicts_the_colour_of_a_plain_garment(compact: CompactEncoder) -> None:
    found = compact.predict(compact.embed_images([draw_garment(c) for c in (RED, BLUE, BLACK)]))
    best = [compact.labels[Facet.COLOUR][row.argmax()] for row in found[Facet.COLOUR]]
    assert best == ["red", "blue", "black"]


def test_case_and_accents_make_no_difference(compact: CompactEncoder) -> None:
    plain, fancy = compact.embed_texts(["red decollete dress", "RED Décolleté Dress"])
    np.testing.assert_allclose(plain, fancy, atol=1e-6)


def test_synonyms_lie_near_the_catalogue_word(compact: CompactEncoder) -> None:
    words = ("t-shirt", "tshirts", "watch", "jeans", "handbag", "saree", "shoes")
    tee, *others = compact.embed_texts(["tee", *words])
    assert (np.stack(others) @ tee).argmax() in (0, 1)


def test_identity_names_the_revision_and_the_preprocessing(compact: CompactEncoder) -> None:
    config = json.loads((WEIGHTS / "config.json").read_text(encoding="utf-8"))
    assert compact.encoder_id.revision == config["revision"]
    assert compact.encoder_id.preprocess == config["preprocess"]
    assert compact.encoder_id.dims == 256


def test_all_weights_together_stay_small() -> None:
    folders = (WEIGHTS.parent, Path(detectors.__path__[0]) / "weights")
    shipped = [
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and "int8" not in path.name
    ]
    assert {"compact", "composer", "variant-mask", "yolo"} <= {path.parent.name for path in shipped}
    assert sum(path.stat().st_size for path in shipped) < 60_000_000
    own = [path for path in shipped if path.parent == WEIGHTS]
    assert sum(path.stat().st_size for path in own) < 30_000_000


def test_missing_weights_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"config\.json.*lookalike train student"):
        CompactEncoder(tmp_path)


@pytest.mark.parametrize("name", ["image.onnx", "tokenizer.json", "heads.safetensors"])
def test_damaged_file_is_named_as_such(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "compact"
    shutil.copytree(WEIGHTS, folder, ignore=shutil.ignore_patterns("compact.safetensors"))
    (folder / name).write_bytes(b"damaged")
    with pytest.raises(ModelUnavailable, match=str(folder)):
        CompactEncoder(folder)


def test_unreadable_config_is_reported(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelUnavailable, match=r"config\.json"):
        CompactEncoder(tmp_path)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((8, 8), np.uint8),
        np.zeros((8, 8, 4), np.uint8),
        np.zeros((8, 8, 3), np.float32),
        np.zeros((0, 8, 3), np.uint8),
    ],
)
def test_what_is_no_picture_is_refused(compact: CompactEncoder, image: np.ndarray) -> None:
    with pytest.raises(InvalidInput, match="expected uint8"):
        compact.embed_images([image])


def test_vectors_of_another_encoder_are_refused(compact: CompactEncoder) -> None:
    with pytest.raises(InvalidInput, match=r"\(2, 64\).*256"):
        compact.predict(np.zeros((2, 64), np.float32))


def test_serving_imports_no_torch() -> None:
    code = (
        "import sys; from models.registry import load_encoder; e = load_encoder('compact');"
        "e.embed_texts(['red']); assert not {'torch', 'timm', 'open_clip'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)
