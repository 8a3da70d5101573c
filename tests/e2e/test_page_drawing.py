"""The whole way with the real renderer: words in a browser, pixels on its stage."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import data_samples
from api.container import Container
from api.settings import Settings
from engine.query.lexicon import default_lexicon
from ingestion.options import IngestOptions
from ingestion.pipeline import ingest
from tests.e2e.conftest import PATIENCE_MS, serving

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser
expect = playwright.expect
expect.set_options(timeout=PATIENCE_MS)

SAMPLES = Path(data_samples.__file__).parent
PRODUCTS = ("P0061", "P0002", "P0003")
"""A black checked dress, a bag and a jacket."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server over a few products of the sample shop, with all that Lookalike comes with."""
    base = tmp_path_factory.mktemp("drawing")
    (base / "images").mkdir()
    with (SAMPLES / "catalogue.csv").open(newline="") as file:
        reader = csv.DictReader(file)
        rows = [each for each in reader if each["id"] in PRODUCTS]
        names = reader.fieldnames or []
    with (base / "catalogue.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        for row in rows:
            writer.writerow(row | {"additional_image_link": ""})
            shutil.copy(SAMPLES / row["image_link"], base / row["image_link"])
    container = Container(Settings(home=base / "home"))
    report = ingest(
        base / "catalogue.csv",
        options=IngestOptions(),
        catalogue=container.catalogue,
        index=container.index,
        blobs=container.blobs,
        encoder=container.encoder,
        predictor=container.predictor,
        lexicon=default_lexicon(),
    )
    assert report.indexed == len(PRODUCTS)
    with serving(container) as where:
        yield where


def _pixels(page, path: str) -> NDArray[np.float64]:
    with Image.open(BytesIO(page.request.get(path).body())) as image:
        return np.asarray(image.convert("RGB"), np.float64)


def test_but_red_is_red_and_the_rest_stays(open_page, address: str) -> None:
    page = open_page("/?like=P0061&q=but+red")
    page.locator("#show-me").click()
    pictures = page.locator("#stage-row .stage-item[data-src]")
    expect(pictures).to_have_count(4)
    expect(page.locator("#stage-change")).to_have_text("Colour: black → red")
    expect(page.locator("#stage-row .stage-mark")).to_have_text(["Generated"] * 4)
    before = np.asarray(Image.open(SAMPLES / "images" / "P0061-1.webp").convert("RGB"), np.float64)
    seen = []
    for place in range(4):
        after = _pixels(page, address + str(pictures.nth(place).get_attribute("data-src")))
        assert after.shape == before.shape, "the photo's own resolution"
        seen.append(after)
        garment = np.abs(after - before).max(axis=2) > 40
        assert 0.05 < garment.mean() < 0.5
        red, green, blue = after[garment].mean(axis=0)
        assert red > green + 40
        assert red > blue + 40
        # The upper corners are ground; the mark stands in a lower one.
        for corner in (np.s_[:40, :40], np.s_[:40, -40:]):
            assert np.abs(after[corner] - before[corner]).max() < 12
    assert all(np.abs(one - seen[0]).mean() > 0.2 for one in seen[1:]), "other shades"

    page.get_by_role("link", name="Find products like variant 1").click()
    page.wait_for_url("**/?picture=variant*")
    expect(page.locator("#found-title")).to_have_text("Like the variant")
    expect(page.locator("#results .card").first).to_have_attribute("data-product", "P0061")
