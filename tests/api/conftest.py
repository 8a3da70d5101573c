"""A small shop, ingested once a session by the toy encoder, and clients of an API over it."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.container import Container
from api.settings import Settings
from engine.query.lexicon import default_lexicon
from ingestion.options import IngestOptions
from ingestion.pipeline import ingest
from models.toy import ToyEncoder
from tests.api.pictures import encoded, garment
from tests.api.variants_client import SOURCE, variants_api
from tests.dyes import DyeingRenderer

COLUMNS = (
    "id",
    "title",
    "image_link",
    "price",
    "brand",
    "color",
    "gender",
    "product_type",
    "item_group_id",
    "link",
)
GOOD_ROWS = 24
BAD_ROWS = 2


def write_feed(folder: Path) -> Path:
    """24 dresses and tops in four colours, then a row without a title and one without a picture."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "shop.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for place in range(GOOD_ROWS):
            colour = ("red", "blue", "green", "black")[place % 4]
            kind = ("dress", "top")[place // 4 % 2]
            brand = ("Norvik", "Solvei", "Nike")[place % 3]
            name = f"{place}.png"
            size_wh = (80 + place, 110)
            (folder / name).write_bytes(encoded(garment(colour, kind=kind, size_wh=size_wh)))
            writer.writerow(
                [
                    f"P{place:02}",
                    f"{brand} Women {colour.title()} {kind.title()}",
                    name,
                    f"{20 + 2 * place}.50 EUR",
                    brand,
                    colour,
                    "women",
                    kind,
                    f"G{place // 4}",
                    f"https://shop.example/p/{place}",
                ]
            )
        writer.writerow(["BAD1", "", "0.png", "10 EUR"] + [""] * 6)
        writer.writerow(["BAD2", "No picture", "missing.png", "10 EUR"] + [""] * 6)
    return path


@pytest.fixture(scope="session")
def stocked_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the shop in it; copy it before changing it."""
    base = tmp_path_factory.mktemp("stocked")
    feed = write_feed(base / "feeds")
    settings = Settings(home=base / "home", encoder="toy")
    with Container(settings, encoder=ToyEncoder()) as container:
        report = ingest(
            feed,
            options=IngestOptions(),
            catalogue=container.catalogue,
            index=container.index,
            blobs=container.blobs,
            encoder=container.encoder,
            predictor=container.predictor,
            lexicon=default_lexicon(),
        )
    assert (report.indexed, report.rejected) == (GOOD_ROWS, BAD_ROWS)
    return base / "home"


@pytest.fixture(scope="module")
def home(stocked_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the stocked home for one file of tests."""
    copy = tmp_path_factory.mktemp("home") / "home"
    shutil.copytree(stocked_home, copy)
    write_feed(copy / "feeds")
    return copy


@pytest.fixture(scope="module")
def client(home: Path) -> Iterator[TestClient]:
    """A client of an API over the shop, started and stopped as in life."""
    settings = Settings(home=home, encoder="toy", hosts=("testserver",))
    app = create_app(Container(settings))
    with TestClient(app, raise_server_exceptions=False) as running:
        yield running


@pytest.fixture
def own_home(stocked_home: Path, tmp_path: Path) -> Path:
    """A home that one test has to itself."""
    shutil.copytree(stocked_home, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture(scope="module")
def dyes() -> DyeingRenderer:
    """Who draws for `api`."""
    return DyeingRenderer(sources=[SOURCE])


@pytest.fixture(scope="module")
def api(home: Path, dyes: DyeingRenderer) -> Iterator[TestClient]:
    """A client of an API over the shop in which two engines draw."""
    with variants_api(home, dyes, DyeingRenderer("other"), variants_waiting=200) as client:
        yield client
