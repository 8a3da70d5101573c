"""The int8 image tower: near the fp32 one, known as another encoder, and never of other weights."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from engine.errors import InvalidInput, ModelUnavailable
from models.compact import INT8_FILE, WEIGHTS, CompactEncoder
from tests.contracts.encoder_contract import DualEncoderContract, PredictorContract

pytestmark = pytest.mark.models
pytest.importorskip("onnx")
from models.training.quantise import quantise_images, sample_pictures  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("quantised") / "compact"
    shutil.copytree(WEIGHTS, found, ignore=shutil.ignore_patterns(INT8_FILE))
    assert quantise_images(found, sample_pictures(most=48)) == found / INT8_FILE
    return found


class TestInt8(DualEncoderContract, PredictorContract):
    @pytest.fixture(scope="class")
    @classmethod
    def encoder(cls, folder: Path) -> CompactEncoder:
        return CompactEncoder(folder, threads=1, precision="int8")


def test_int8_pictures_lie_near_the_fp32_ones_and_texts_are_the_same(folder: Path) -> None:
    plain = CompactEncoder(folder, threads=1)
    small = CompactEncoder(folder, threads=1, precision="int8")
    # Not those that it was calibrated on.
    pictures = sample_pictures(most=100)[1::3][:16]
    cosines = (plain.embed_images(pictures) * small.embed_images(pictures)).sum(axis=1)
    assert 0.99 < cosines.min() <= cosines.max() < 1 - 1e-6
    np.testing.assert_array_equal(plain.embed_texts(["red"]), small.embed_texts(["red"]))


def test_the_file_is_smaller_than_fp32_weights(folder: Path) -> None:
    floats = 2 * (folder / "compact.safetensors").stat().st_size
    assert (folder / INT8_FILE).stat().st_size < floats / 3


def test_int8_is_another_encoder(folder: Path) -> None:
    plain, small = (CompactEncoder(folder, precision=each) for each in ("fp32", "int8"))
    assert small.encoder_id.revision == f"{plain.encoder_id.revision}-int8"
    assert small.encoder_id.fingerprint != plain.encoder_id.fingerprint
    assert small.encoder_id.preprocess == plain.encoder_id.preprocess


def test_a_tower_of_other_weights_is_refused(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "compact"
    shutil.copytree(folder, other)
    config = json.loads((other / "config.json").read_text(encoding="utf-8"))
    (other / "config.json").write_text(json.dumps({**config, "revision": "0123"}))
    with pytest.raises(ModelUnavailable, match=f"{config['revision']}.*0123.*quantise"):
        CompactEncoder(other, precision="int8")


def test_without_the_file_says_how_to_make_it(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((WEIGHTS / "config.json").read_bytes())
    with pytest.raises(ModelUnavailable, match=r"models\.training\.quantise"):
        CompactEncoder(tmp_path, precision="int8")


def test_too_few_pictures_to_calibrate_on_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="got 3 pictures"):
        quantise_images(WEIGHTS, sample_pictures(most=48)[:3], tmp_path / "out.onnx")
