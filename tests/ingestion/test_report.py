from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.types import Problem, RawRecord
from ingestion.report import RejectedFile, escape_formula
from ingestion.sources.csv import CsvSource, unescape_formula
from tests.ingestion.shop import Shop


def test_rejected_rows_can_be_mended_and_fed_again(tmp_path: Path):
    shop = Shop(tmp_path)
    rows = shop.products(3)
    rows[0]["price"] = "Call us"
    rows[1]["title"] = ""
    rows[2]["title"] = "=2+2"
    rows[2]["price"] = "-4"
    reports = tmp_path / "reports"
    report = shop.ingest(shop.feed(rows), report_folder=reports)
    assert report.rejected == 3
    assert report.rejected_path == str(reports / "rejected.csv")
    assert json.loads((reports / "report.json").read_text())["problems"] == {
        "row.price": 2,
        "row.title_missing": 1,
    }

    with Path(report.rejected_path).open(newline="") as file:
        held = list(csv.DictReader(file))
    assert [each["reject_code"] for each in held] == ["row.price", "row.title_missing", "row.price"]
    assert [each["reject_row"] for each in held] == ["1", "2", "3"]
    assert held[2]["title"] == "'=2+2"  # no spreadsheet computes it
    held[0]["price"] = held[2]["price"] = "4 EUR"
    held[1]["title"] = "Red dress"
    mended = tmp_path / "mended.csv"
    with mended.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(held[0]))
        writer.writeheader()
        writer.writerows(held)

    again = shop.ingest(mended, root=shop.feed_folder, report_folder=reports)
    assert (again.indexed, again.rejected, again.rejected_path) == (3, 0, "")
    assert not (reports / "rejected.csv").exists()
    titles = {product.title for product in shop.catalogue.iter_products()}
    assert titles == {"Red dress 0", "Red dress", "=2+2"}


def test_keys_that_come_late_are_kept(tmp_path: Path):
    shop = Shop(tmp_path)
    shop.picture("a.png")
    early = [{"id": str(n), "title": "Dress", "image_link": "a.png"} for n in range(1_200)]
    late = {"id": "x", "title": "", "image_link": "a.png", "fabric": "wool \ud800", "lining": "=1"}
    lines = "".join(json.dumps(each) + "\n" for each in [*early, late])
    report = shop.ingest(
        shop.raw_feed(lines.encode(), "feed.jsonl"), report_folder=tmp_path / "reports"
    )
    with Path(report.rejected_path).open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["fabric"], row["lining"], row["reject_row"]) == ("wool ?", "'=1", "1201")
    assert list(row)[-3:] == ["reject_row", "reject_code", "reject_reason"]


@given(st.text())
def test_escaping_is_undone_exactly(cell: str):
    assert unescape_formula(escape_formula(cell)) == cell


@pytest.mark.parametrize(
    "cell", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "  =1", "\u00a0=1", "a\n=1", "'=1"]
)
def test_formulas_are_escaped(cell: str):
    assert escape_formula(cell).startswith("'")


def test_broken_records_keep_the_cells_that_they_have(tmp_path: Path):
    rejected = RejectedFile(tmp_path, ("id", "title"))
    rejected.add(RawRecord(row=7, cells={"id": "3"}), Problem(code="row.columns", message="ragged"))
    source = CsvSource(Path(rejected.finish()))
    (record,) = source.records()
    assert record.cells["id"] == "3"
    assert record.cells["reject_reason"] == "ragged"


def test_an_unfinished_file_leaves_nothing(tmp_path: Path):
    rejected = RejectedFile(tmp_path, ("id",))
    rejected.add(RawRecord(row=1, cells={"id": "3"}), Problem(code="x", message="y"))
    rejected.discard()
    assert list(tmp_path.iterdir()) == []


def test_warnings_are_listed_row_by_row(tmp_path: Path):
    shop = Shop(tmp_path)
    rows = shop.products(3)
    rows[1]["additional_image_link"] = "=missing.png"
    reports = tmp_path / "reports"
    feed = shop.feed(rows)
    report = shop.ingest(feed, report_folder=reports)
    assert report.warnings == {"image.not_found": 1}
    with Path(report.warnings_path).open(newline="", encoding="utf-8") as file:
        (held,) = csv.DictReader(file)
    assert (held["row"], held["id"], held["code"]) == ("2", "P1", "image.not_found")
    assert held["column"] == "additional_image_link"
    assert held["value"] == "'=missing.png"  # no spreadsheet computes it
    assert held["message"]
    assert shop.ingest(shop.feed(rows[:1]), report_folder=reports).warnings_path == ""
    assert not (reports / "warnings.csv").exists()
