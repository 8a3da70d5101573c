"""The corpus of bad input: each case has its outcome, and the rest of the feed is indexed."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from engine.errors import FeedError
from engine.ids import ProductId
from engine.types import OutcomeKind
from tests.corpora.feeds import FEEDS, FeedCase
from tests.ingestion.shop import Shop

ROWS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[1] / "corpora" / "rows.yaml").read_text(encoding="utf-8")
)


def png_header(width_px: int, height_px: int) -> bytes:
    """A PNG that claims a size and has hardly any pixels."""
    start = b"IHDR" + struct.pack(">IIBBBBB", width_px, height_px, 8, 2, 0, 0, 0)
    pixels = b"IDAT" + zlib.compress(b"\0" * 100)
    chunks = [
        struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
        for body in (start, pixels)
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.picture("good.png")
    made.picture("other.png", (10, 200, 10))
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "JPEG")
    folder = made.feed_folder
    (folder / "truncated.jpg").write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    (folder / "text.jpg").write_text("this is no picture")
    Image.new("RGB", (2, 2)).save(folder / "tiny.png")
    (folder / "huge.png").write_bytes(png_header(20_000, 20_000))
    (folder / "drawing.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / "folder.png").mkdir()
    (folder / "sub").mkdir()
    (tmp_path / "secret.png").write_bytes((folder / "good.png").read_bytes())
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    return made


def test_the_corpus_is_there():
    assert len(ROWS) >= 50
    assert len(FEEDS) >= 40


@pytest.mark.parametrize("case", ROWS, ids=lambda case: case["name"])
def test_row(shop: Shop, case: dict[str, Any]):
    good = {"id": "good-1", "title": "Good red dress", "image_link": "good.png"}
    cells = {
        key: "x" * int(value[1:]) if value.startswith("@") else value
        for key, value in case["cells"].items()
    }
    row = {"id": "odd", "title": "Odd green dress", "image_link": "good.png", **cells}
    last = {"id": "good-2", "title": "Good blue dress", "image_link": "good.png"}
    report = shop.ingest(shop.feed([good, row, last]))

    outcome = shop.outcome_of(2)
    assert outcome.kind == case["outcome"]
    assert (outcome.problem.code if outcome.problem else None) == case.get("code")
    assert [each.code for each in outcome.warnings] == case.get("warnings", [])
    if outcome.problem:
        assert outcome.problem.message
        assert outcome.problem.column
    assert shop.outcome_of(1).kind is OutcomeKind.INDEXED
    assert shop.outcome_of(3).kind is OutcomeKind.INDEXED
    assert report.rows == 3 == report.indexed + report.unchanged + report.rejected
    assert shop.index.count() == report.indexed == len(shop.ids())
    if "id" in case:
        assert case["id"] in shop.ids()
    for name, value in case.get("product", {}).items():
        assert getattr(shop.catalogue.get(ProductId("odd")), name) == value


@pytest.mark.parametrize("case", FEEDS, ids=lambda case: case.name)
def test_feed(shop: Shop, case: FeedCase):
    feed = shop.raw_feed(case.data, case.file)
    if case.error:
        with pytest.raises(FeedError) as caught:
            shop.ingest(feed, mode="full", yes=True)
        assert caught.value.code == case.error
        assert str(caught.value)
        assert not shop.ids()
        return
    report = shop.ingest(feed)
    titles = {key: shop.catalogue.get(ProductId(key)).title for key in shop.ids()}
    rejected = {
        each.row: each.problem.code
        for each in shop.outcomes
        if each.kind is OutcomeKind.REJECTED and each.problem
    }
    assert titles == case.titles
    assert rejected == (case.rejected or {})
    assert report.rows == len(titles) + len(rejected)
