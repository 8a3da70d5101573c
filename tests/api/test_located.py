"""The product in its pictures, from the command line and over HTTP, with what ships."""

from __future__ import annotations

import csv
import json
import shutil
import time
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import data_samples
from api.app import create_app
from api.cli import run
from api.container import Container
from api.settings import Settings
from engine.ids import ProductId
from engine.types import Facet

SAMPLES = Path(next(iter(data_samples.__path__)))
WANTED = ("P0001", "P0004")


def small_feed(folder: Path) -> Path:
    """Two drawn products with their galleries."""
    folder.mkdir(parents=True)
    with (SAMPLES / "catalogue.csv").open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        rows = [cells for cells in reader if cells["id"] in WANTED][
            : len(WANTED)
        ]  # one comes again
        names = list(reader.fieldnames or ())
    for cells in rows:
        for name in (cells["image_link"], *filter(None, cells["additional_image_link"].split(","))):
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copy(SAMPLES / name, folder / name)
    feed = folder / "feed.csv"
    with feed.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    return feed


def test_the_command_line_finds_the_product_unless_told_not_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feed, home = small_feed(tmp_path / "feed"), tmp_path / "home"
    assert run(["ingest", str(feed), "--home", str(home), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["looked_at"], report["located"]) == (2, 2)
    with Container(Settings(home=home)) as container:
        for each in WANTED:
            product = container.catalogue.get(ProductId(each))
            assert len(product.views) == len(product.pictures)
            assert any(view.box for view in product.views)
            assert product.values(Facet.GARMENT)
    whole = ["ingest", str(feed), "--home", str(home), "--whole-pictures", "--json"]
    assert run(whole) == 0
    assert json.loads(capsys.readouterr().out)["looked_at"] == 0


def test_an_ingestion_over_http_finds_the_product_too(tmp_path: Path) -> None:
    home = tmp_path / "home"
    small_feed(home / "feeds")
    settings = Settings(home=home, hosts=("testserver",))
    with TestClient(create_app(Container(settings))) as client:
        for detect in (True, False):
            wanted = {"feed": "feed.csv", "detect": detect}
            job = client.post("/v1/ingestions", json=wanted).json()["id"]
            deadline = time.monotonic() + 60
            while client.get(f"/v1/ingestions/{job}").json()["status"] in ("queued", "running"):
                assert time.monotonic() < deadline
                time.sleep(0.1)
            views = client.get("/v1/products/P0001").json()["views"]
            if detect:
                assert any(view["box"] for view in views)
                assert {view["label"] for view in views if view["box"]} == {"bottom"}
                picture = client.get("/v1/products/P0001").json()["pictures"][0]
                chosen = {"picture": picture.rpartition("/")[2], "shows": "bottom"}
                hits = client.post("/v1/search", json=chosen).json()["hits"]
                assert [hit["product"]["id"] for hit in hits] == ["P0001"]
            else:
                assert views == []
