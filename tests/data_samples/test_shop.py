"""The files in `data_samples` themselves: what they promise and that they agree with each other."""

import csv
import io
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_samples.draw import draw_product, sample_specs
from data_samples.draw.assortment import TYPES
from data_samples.draw.dataset import SHOP_COUNT, SHOP_SEED, write_shop
from data_samples.draw.feed import COLUMNS, CORRUPT_FILE, TEXT_FILE
from data_samples.draw.palette import COLOURS
from data_samples.draw.patterns import PATTERNS
from engine.filter_text import parse_filter
from ingestion.sources.csv import CsvSource

SHOP = Path(__file__).parents[2] / "data_samples"
MAX_BYTES = 10_000_000


def _table(name, delimiter=","):
    text = (SHOP / name).read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text.replace("\0", "")), delimiter=delimiter))


def _lines(name):
    return [json.loads(line) for line in (SHOP / name).read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def good():
    return _table("catalogue.csv")[:SHOP_COUNT]


@pytest.fixture(scope="module")
def truth():
    return _lines("ground_truth.jsonl")


@pytest.fixture(scope="module")
def products():
    return {row["id"]: row for row in _table("products.csv")}


def test_the_shop_has_what_its_readme_promises(products):
    assert len(products) == SHOP_COUNT == 300
    for column, names in (("type", TYPES), ("colour", COLOURS), ("pattern", PATTERNS)):
        assert {row[column] for row in products.values()} == set(names)
    assert (len(TYPES), len(COLOURS), len(PATTERNS)) == (20, 12, 6)
    assert min(Counter(row["type"] for row in products.values()).values()) >= 8


def test_all_files_together_stay_small():
    files = [path for path in SHOP.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert sum(path.stat().st_size for path in files) < MAX_BYTES


def test_feed_and_truth_agree(good, truth, products):
    by_product = {}
    for record in truth:
        by_product.setdefault(record["product_id"], []).append(record)
    assert {row["id"] for row in good} == set(by_product) == set(products)
    for row in good:
        files = [row["image_link"], *filter(None, row["additional_image_link"].split(","))]
        records = by_product[row["id"]]
        assert [record["file"] for record in records] == files
        assert records[0]["view"] == "packshot"
        main = next(each for each in records[0]["garments"] if each["is_product"])
        about = products[row["id"]]
        assert (main["label"], main["colour"]) == (about["type"], about["colour"])
        assert (row["color"], row["pattern"]) == (about["colour"], about["pattern"])


def test_variants_of_a_design_differ_in_colour_only(good, products):
    groups = {}
    for row in good:
        groups.setdefault(row["item_group_id"], []).append(row)
    several = [rows for rows in groups.values() if len(rows) > 1]
    assert len(several) > 50
    for rows in several:
        assert len({row["color"] for row in rows}) == len(rows)
        assert (
            len({(products[row["id"]]["type"], row["pattern"], row["gender"]) for row in rows}) == 1
        )


def test_every_picture_decodes_with_its_boxes_inside(truth):
    for record in truth:
        with Image.open(SHOP / record["file"]) as picture:
            assert list(picture.size) == record["size_wh_px"]
        width, height = record["size_wh_px"]
        for garment in record["garments"]:
            x0, y0, x1, y1 = garment["box_xyxy_px"]
            assert 0 <= x0 < x1 <= width
            assert 0 <= y0 < y1 <= height
        for relation in record["relations"]:
            assert relation["subject"] < len(record["garments"])


def test_every_relation_and_view_occurs(truth):
    relations = {relation["kind"] for record in truth for relation in record["relations"]}
    assert relations == {
        "above", "inside", "covers", "worn-over", "ends-above", "left-and-right-pair", "held",
    }  # fmt: skip
    assert {record["view"] for record in truth} == {"packshot", "worn", "detail", "back"}


def test_broken_rows_are_broken_as_documented():
    expected = _table("expected_outcomes.csv")
    records = list(CsvSource(SHOP / "catalogue.csv").records())
    assert [record.row for record in records] == [int(row["row"]) for row in expected]
    assert all(row["outcome"] == "indexed" for row in expected[:SHOP_COUNT])
    broken = {row["note"]: record for row, record in zip(expected, records, strict=True)}
    assert len(expected) - SHOP_COUNT >= 12
    ragged = [record for record in broken.values() if record.problem]
    assert [record.problem for record in ragged] == ["row.columns"]
    assert set(COLUMNS) == set(records[0].cells)


def test_broken_pictures_are_broken():
    whole_header = (SHOP / CORRUPT_FILE).read_bytes()
    assert whole_header.startswith(b"\xff\xd8")
    with (
        Image.open(io.BytesIO(whole_header)) as picture,
        pytest.raises(OSError, match="truncated"),
    ):
        picture.load()
    with pytest.raises(OSError, match="cannot identify"):
        Image.open(SHOP / TEXT_FILE)


def test_judgements_name_known_products_and_all_queries(products):
    queries = _lines("queries.jsonl")
    judgements = _table("qrels.tsv", "\t")
    names = [query["query_id"] for query in queries]
    assert len(names) == len(set(names)) >= 40
    assert {row["query_id"] for row in judgements} == set(names)
    assert {row["product_id"] for row in judgements} <= set(products)
    assert {row["grade"] for row in judgements} == {"1", "2"}
    assert Counter(query["kind"] for query in queries).keys() == {"text", "composed", "filter"}
    for query in queries:
        assert query["kind"] != "composed" or query["picture_of"] in products
        if query["filter_text"]:
            parse_filter(query["filter_text"])


def test_judged_colours_are_those_of_the_products(products):
    judgements = _table("qrels.tsv", "\t")
    for query in _lines("queries.jsonl"):
        asked = [name for name in COLOURS if query["text"].endswith(f" {name}")]
        if query["kind"] != "composed" or not asked:
            continue
        answers = [row for row in judgements if row["query_id"] == query["query_id"]]
        assert {products[row["product_id"]]["colour"] for row in answers} == {max(asked, key=len)}
        assert query["picture_of"] not in {row["product_id"] for row in answers}


def test_writing_twice_gives_the_same_bytes(tmp_path):
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
        write_shop(folder, count=4, seed=5)
    names = [sorted(path.relative_to(folder) for path in folder.rglob("*.*")) for folder in folders]
    assert names[0] == names[1]
    assert len(names[0]) > 10
    for name in names[0]:
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes(), name


def test_the_committed_pictures_are_those_that_the_program_draws():
    # Not byte for byte: another processor may round the last bit of a float otherwise.
    spec = sample_specs(3, SHOP_SEED)[2]
    drawn = draw_product(spec, SHOP_SEED).pictures[0].rgb.astype(int)
    with Image.open(SHOP / f"images/{spec.product_id}-1.webp") as picture:
        kept = np.asarray(picture.convert("RGB")).astype(int)
    assert np.abs(drawn - kept).mean() < 3.0
