"""``lookalike train relations`` and ``eval reldetect`` end to end, on photos made of blocks."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from typer.testing import CliRunner

pytest.importorskip("torch", reason="needs the extra [models]")
pytest.importorskip("cv2", reason="needs the extra [models]")

from api.commands import eval as evaluation
from api.commands import train
from detectors.relations import load_relations
from detectors.reldetect import load_reldetect
from detectors.taxonomy import default_taxonomy
from engine.errors import NotFound

pytestmark = pytest.mark.models
HIGH, WIDE = 240, 120
# Index in the masks, label, upper and lower end of the long and of the short thing.
KINDS = {"pants": 31, "skirt": 42, "coat": 13, "jacket": 24, "shoes": 39}
SKIN = 41


def encoded(image: np.ndarray) -> bytes:
    buffer = BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def person(rng: np.random.Generator) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """A mask of a wearer of a coat or jacket, of pants or a skirt, and of two shoes."""
    mask = np.zeros((HIGH, WIDE), np.uint8)
    mask[10:230, 48:72] = SKIN
    boxes: list[dict[str, Any]] = []

    def wear(label: str, y0: int, y1: int, x0: int, x1: int) -> None:
        y0, y1 = y0 + int(rng.integers(-3, 4)), y1 + int(rng.integers(-3, 4))
        mask[y0:y1, x0:x1] = KINDS[label]
        boxes.append({"label": label, "x0": x0, "y0": y0, "x1": x1, "y1": y1,
                      "area": (y1 - y0) * (x1 - x0)})  # fmt: skip

    long = rng.random() < 0.5
    wear("coat", 40, 165, 30, 47) if long else wear("jacket", 40, 110, 30, 47)
    wear("pants", 100, 205, 50, 70) if rng.random() < 0.5 else wear("skirt", 100, 150, 50, 70)
    wear("shoes", 214, 232, 42, 56)
    wear("shoes", 214, 232, 64, 78)
    return mask, boxes


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    rows: list[dict[str, Any]] = []
    for number in range(40):
        mask, boxes = person(rng)
        image = np.repeat(mask[..., None] * 5, 3, axis=2)
        rows.append(
            {
                "id": str(number), "width": WIDE, "height": HIGH, "tags": [], "boxes": boxes,
                "split": ("train", "train", "val", "test")[number % 4],
                "image": encoded(image), "mask": encoded(mask),
            }
        )  # fmt: skip
    folder = tmp_path_factory.mktemp("street")
    pq.write_table(pa.Table.from_pylist(rows), folder / "ccp.parquet")
    return folder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKALIKE_HOME", str(tmp_path / "home"))


def test_relations_are_trained_and_served(data: Path, tmp_path: Path) -> None:
    arguments = ["relations", "--data", data, "--out", tmp_path, "--simulated", "--steps", 150,
                 "--json"]  # fmt: skip
    result = CliRunner().invoke(train.app, [str(each) for each in arguments])
    assert result.exit_code == 0, result.output
    shown = json.loads(result.stdout)
    assert shown["val_ap above"] > 0.8 > 0.6 > shown["val_share above"]
    assert shown["calibrated"] > 0
    assert load_relations(tmp_path / "relations").classes[0] == "top"
    assert (
        "skirt" in load_reldetect(default_taxonomy().classes, folder=tmp_path / "relations").classes
    )
    assert not (tmp_path / "relations.new").exists()


def test_every_arm_is_measured_under_every_condition(data: Path) -> None:
    arguments = ["reldetect", "--data", data, "--simulated", "--drawn", 0, "--no-all-photos",
                 "--encoder", "toy", "--json"]  # fmt: skip
    result = CliRunner().invoke(
        evaluation.app, [str(each) for each in arguments], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    found = {(each["metric"], each["arm"], each["condition"]): each for each in report["results"]}
    for budget in ("0.2%", "1%", "5%", "100%"):
        arms = ("reldetect", "coarse", "cooccurrence", "finetuned")
        for suffix, more in (
            ("", ("finetuned-imagenet",)),
            ("/every-class", ("finetuned-imagenet",)),
            ("/true-boxes", ()),
        ):
            for arm in (*arms, *more):
                figure = found["map50", arm, f"{budget}{suffix}"]
                assert 0 <= figure["low"] <= figure["value"] <= figure["high"] <= 1
    gain = found["map50-gain", "reldetect-coarse", "1%"]
    assert gain["value"] == pytest.approx(
        found["map50", "reldetect", "1%"]["value"] - found["map50", "coarse", "1%"]["value"]
    )
    # Here lengths say everything, and boxes are known.
    known = found["map50-gain", "reldetect-coarse", "0%/true-boxes"]
    assert known["value"] > 0.05
    assert any("classes with at least 5 boxes" in note for note in report["notes"])


def test_photos_that_are_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="training data"):
        CliRunner().invoke(
            evaluation.app,
            ["reldetect", "--data", str(tmp_path), "--simulated", "--encoder", "toy"],
            catch_exceptions=False,
        )
