from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import data_samples
from api.evaluation.packshots import _crops, _wrong, measure_packshots
from engine.catalogue.vectors import normalised
from engine.query.lexicon import default_lexicon
from engine.views import CROP_WEIGHT
from models.registry import load_encoder

SAMPLES = Path(next(iter(data_samples.__path__)))
TYPES = {"skirts": "Skirts", "sneakers": "Casual Shoes", "handbags": "Handbags", "shirts": "Shirts"}
CATEGORIES = {"Skirts": "Apparel", "Shirts": "Apparel", "Casual Shoes": "Footwear"}


def small_data(folder: Path) -> Path:
    """A dozen drawn products in the form of the real data."""
    rows: list[dict[str, object]] = []
    pictures: list[bytes] = []
    with (SAMPLES / "catalogue.csv").open(newline="", encoding="utf-8") as file:
        for cells in csv.DictReader(file):
            kind = TYPES.get((cells["product_type"] or "").rpartition("> ")[2].lower())
            count = sum(row["articleType"] == kind for row in rows)
            if kind is None or count == 3 or not (SAMPLES / (cells["image_link"] or "-")).is_file():
                continue
            pictures.append((SAMPLES / cells["image_link"]).read_bytes())
            rows.append(
                {
                    "id": str(len(rows)), "title": cells["title"], "gender": "Women",
                    "articleType": kind, "subCategory": kind,
                    "masterCategory": CATEGORIES.get(kind, "Accessories"),
                    "baseColour": cells["color"], "usage": "Casual", "season": "Summer",
                    "split": "test",
                }
            )  # fmt: skip
    table = pa.Table.from_pylist(rows)
    images = pa.array(pictures, pa.binary())
    pq.write_table(table.append_column("image", images), folder / "kagl.parquet")
    sharper = table.select(["id", "split"]).append_column("image", images)
    pq.write_table(sharper, folder / "kagl_224.parquet")
    return folder


def test_wrong_types_are_told_of_more_often_than_right_ones(tmp_path: Path) -> None:
    figures = measure_packshots(
        small_data(tmp_path), load_encoder("compact"), lexicon=default_lexicon()
    )
    found = {(each.metric, each.arm, each.condition): each for each in figures}
    assert found["recall@10", "view", "title"].n == 12
    assert found["located", "view", "as-it-is"].value > 0.5
    right, wrong = (
        found["doubted", "view", condition].value for condition in ("as-it-is", "wrong-type")
    )
    assert right < wrong
    assert {arm for metric, arm, _ in found if metric == "accuracy"} == {"whole", "crop", "view"}


def test_every_wrong_row_is_of_another_category(tmp_path: Path) -> None:
    small_data(tmp_path)
    table = pq.read_table(tmp_path / "kagl.parquet")
    kinds, categories = (table[name].to_pylist() for name in ("articleType", "masterCategory"))
    category = dict(zip(kinds, categories, strict=True))
    drawn = _wrong(table, "articleType")["articleType"].to_pylist()
    for kind, of in zip(drawn, categories, strict=True):
        assert category[kind] != of


def test_the_crop_comes_back_out_of_the_view() -> None:
    rng = np.random.default_rng(3)
    whole, crop = (normalised(rng.normal(size=(20, 8)).astype(np.float32)) for _ in range(2))
    view = normalised(np.asarray(whole + CROP_WEIGHT * crop, np.float32))
    assert _crops(whole, view) == pytest.approx(crop, abs=1e-4)
    assert _crops(whole, whole) == pytest.approx(whole)
