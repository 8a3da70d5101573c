"""``lookalike eval cross-domain`` and ``eval paraphrases`` end to end, on drawn products."""

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

from api.commands import eval as evaluation
from api.evaluation.phone_photos import ALLOWED, ALLOWED_BROADLY, photo_groups, read_photos
from engine.errors import InvalidInput, NotFound
from tests.contracts.encoder_contract import draw_garment

COLOURS = {"Red": (200, 30, 35), "Blue": (40, 85, 180), "Grey": (128, 128, 128)}
KINDS = {"Trousers": True, "Skirts": False}
EACH = 12


def encoded(image: np.ndarray) -> bytes:
    buffer = BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trousers and skirts in three colours; photos of skirts, pants and something unknown."""
    folder = tmp_path_factory.mktemp("data")
    rows: list[dict[str, Any]] = []
    for kind, legs in KINDS.items():
        for colour, shade in COLOURS.items():
            for number in range(EACH):
                near = tuple(min(255, each + number) for each in shade)
                rows.append(
                    {
                        "id": str(len(rows) + 1),
                        "title": f"Brand{number} Women {colour} {kind}",
                        "gender": "Women",
                        "masterCategory": "Apparel",
                        "subCategory": "Bottomwear",
                        "articleType": kind,
                        "baseColour": colour,
                        "season": "Summer",
                        "year": "2012",
                        "usage": "Casual",
                        "split": "test" if number < 2 else "train",
                        "image": encoded(draw_garment(near, legs=legs)),
                    }
                )
    pq.write_table(pa.Table.from_pylist(rows), folder / "kagl.parquet")
    photos = [
        {"label": label, "split": split, "image": encoded(draw_garment(shade, legs=legs,
                                                                       size_hw=(288, 216)))}
        for shade in COLOURS.values()
        for label, legs in (("Skirt", False), ("Pants", True), ("Body", False))
        for split in ("test", "train")
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(photos), folder / "clothing.parquet")
    return folder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKALIKE_HOME", str(tmp_path / "home"))


def run(*arguments: object) -> dict[tuple[str, str, str], dict[str, Any]]:
    shown = [str(each) for each in (*arguments, "--encoder", "toy", "--json")]
    result = CliRunner().invoke(evaluation.app, shown, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    results = json.loads(result.stdout)["results"]
    found = {(each["metric"], each["arm"], each["condition"]): each for each in results}
    assert len(found) == len(results)
    for each in found.values():
        assert each["low"] <= each["value"] <= each["high"]
        assert each["n"] >= 1
    return found


def test_cross_domain_finds_types_and_shows_what_blind_arms_get(data: Path) -> None:
    found = run("cross-domain", "--data", data)
    assert found["precision@10", "toy", "phone-photos"]["n"] == 3
    assert found["precision@10", "toy", "phone-photos/Skirt"]["n"] == 3
    assert found["precision@10", "chance", "phone-photos"]["value"] == pytest.approx(0.5)
    assert found["precision@10", "toy", "phone-photos/pants-shoes"]["value"] > 0.9
    assert found["precision@10", "toy", "phone-photos"]["value"] > 0.9
    assert found["type-accuracy", "toy-vote", "phone-photos"]["value"] == 1
    assert ("type-accuracy", "toy", "phone-photos") in found
    # The commonest of two equally common types is the first, trousers.
    assert found["type-accuracy", "commonest", "phone-photos"]["value"] == 0
    assert found["type-accuracy", "commonest", "phone-photos/pants-shoes"]["value"] == 1
    assert found["colour-agreement", "toy", "phone-photos"]["n"] == 6


def test_photos_of_other_splits_and_without_a_type_are_left_out(data: Path) -> None:
    assert [photo.label for photo in read_photos(data)] == ["Skirt", "Pants"] * 3
    assert len(read_photos(data, limit=2)) == 2
    groups = {group.name: group for group in photo_groups(["Skirt", "Pants", "Polo", "Skirt"])}
    assert set(groups) == {
        "phone-photos", "phone-photos/pants-shoes", "phone-photos/Skirt", "phone-photos/Polo",
    }  # fmt: skip
    assert groups["phone-photos"].rows == (0, 2, 3)
    assert groups["phone-photos"].allowed[1] == {"t-shirt"}
    assert groups["phone-photos/pants-shoes"].rows == (1,)


def test_labels_mean_what_they_mean_in_training() -> None:
    pairs = pytest.importorskip("models.training.pairs")
    assert {label: (kind,) for label, kind in pairs.CLOTHING_TYPES.items()} == dict(ALLOWED)
    assert not set(ALLOWED) & set(ALLOWED_BROADLY)


def test_photos_that_are_not_there_say_where_they_were_looked_for(
    data: Path, tmp_path: Path
) -> None:
    with pytest.raises(NotFound, match=r"clothing\.parquet"):
        read_photos(tmp_path)
    pq.write_table(pa.table({"label": ["Skirt"]}), tmp_path / "clothing.parquet")
    with pytest.raises(InvalidInput, match="split, image"):
        read_photos(tmp_path)
    held = pq.read_table(data / "clothing.parquet", filters=[("label", "=", "Body")])
    pq.write_table(held, tmp_path / "clothing.parquet")
    with pytest.raises(InvalidInput, match="T-Shirt"):
        read_photos(tmp_path)


def test_paraphrases_asks_the_encoder_and_the_service(data: Path) -> None:
    found = run("paraphrases", "--data", data)
    for arm in ("toy", "lookalike"):
        for metric in ("recall@10", "precision@10"):
            assert found[metric, arm, "as-written"]["n"] == 12
            assert found["swing", arm, metric]["value"] >= 0
            assert found[f"{metric}-change", arm, "typo"]["n"] == 12
        assert found["recall@10", arm, "spelling"]["n"] == 4  # the grey ones
    # A feed with every word finds its own title; case alone changes nothing.
    assert found["recall@10", "lookalike", "as-written"]["value"] == 1
    assert found["recall@10-change", "lookalike", "upper-case"]["value"] == 0
    assert found["precision@10", "lookalike", "as-written"]["value"] > 0.9


def test_paraphrases_of_the_encoder_alone_need_no_world(data: Path) -> None:
    found = run("paraphrases", "--data", data, "--no-service", "--limit", 5)
    assert {arm for _, arm, _ in found} == {"toy"}
    assert found["recall@10", "toy", "as-written"]["n"] == 5
