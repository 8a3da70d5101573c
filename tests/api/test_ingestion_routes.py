"""Ingesting over HTTP: uploads, feeds on the server, status, row problems, refusals."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.container import Container
from api.settings import Settings
from tests.api.conftest import BAD_ROWS, GOOD_ROWS, write_feed


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """An API over an empty home whose feeds folder holds the shop."""
    home = tmp_path_factory.mktemp("empty") / "home"
    write_feed(home / "feeds" / "autumn")
    app = create_app(Container(Settings(home=home, encoder="toy", hosts=("testserver",))))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def _finished(client: TestClient, location: str) -> dict[str, Any]:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        job = client.get(location).json()
        if job["status"] not in ("queued", "running"):
            return job
        time.sleep(0.05)
    raise AssertionError(f"{location} did not end")


def test_a_feed_on_the_server_becomes_a_shop(empty: TestClient) -> None:
    answer = empty.post("/v1/ingestions", json={"feed": "autumn/shop.csv", "mapping": "google"})
    assert answer.status_code == 202, answer.text
    job = _finished(empty, answer.headers["location"])
    assert job["status"] == "done", job
    assert job["counts"] == {
        "indexed": GOOD_ROWS,
        "unchanged": 0,
        "rejected": BAD_ROWS,
        "deleted": 0,
    }
    assert job["feed"] == "shop.csv"
    assert job["submitted_at"] <= job["started_at"] <= job["finished_at"]
    found = empty.post("/v1/search", json={"q": "red dress"}).json()
    assert found["hits"]
    rows = empty.get(f"{answer.headers['location']}/rows").json()["rows"]
    assert {(row["row"], row["code"]) for row in rows} == {
        (GOOD_ROWS + 1, "row.title_missing"),
        (GOOD_ROWS + 2, "image.not_found"),
    }
    assert 'lookalike_ingest_rows_total{outcome="indexed"} 24.0' in empty.get("/metrics").text


def test_an_uploaded_feed_finds_its_pictures_in_the_feeds_folder(empty: TestClient) -> None:
    settings = empty.app.state.parts.container.settings
    shutil.copy(settings.feeds_folder / "autumn" / "1.png", settings.feeds_folder / "new.png")
    feed = "id,title,image_link,price\nNEW1,Blue thing,new.png,5 EUR\nNEW2,Gone,none.png,5 EUR\n"
    answer = empty.post(
        "/v1/ingestions",
        files={"feed": ("../../etc/new feed.csv", feed.encode(), "text/csv")},
        data={"request": json.dumps({"mode": "update"})},
    )
    assert answer.status_code == 202, answer.text
    job = _finished(empty, answer.headers["location"])
    assert (job["status"], job["counts"]["indexed"], job["counts"]["rejected"]) == ("done", 1, 1)
    assert empty.get("/v1/products/NEW1").json()["title"] == "Blue thing"
    assert job["feed"] == "new_feed.csv"
    until = time.monotonic() + 10
    while any(settings.uploaded_feeds_folder.iterdir()) and time.monotonic() < until:
        time.sleep(0.02)
    assert not any(settings.uploaded_feeds_folder.iterdir()), "the feed outlived its ingestion"


def test_an_upload_that_is_refused_leaves_nothing(empty: TestClient) -> None:
    folder = empty.app.state.parts.container.settings.uploaded_feeds_folder
    before = set(folder.iterdir()) if folder.is_dir() else set()
    answer = empty.post(
        "/v1/ingestions",
        files={"feed": ("a.csv", b"id,title\n", "text/csv")},
        data={"request": json.dumps({"mapping": "nobody"})},
    )
    assert answer.status_code == 422
    assert (set(folder.iterdir()) if folder.is_dir() else set()) <= before


def test_a_full_feed_that_would_empty_the_shop_is_guarded(empty: TestClient) -> None:
    settings = empty.app.state.parts.container.settings
    (settings.feeds_folder / "tiny.csv").write_text(
        "id,title,image_link,price\nP00,Norvik,autumn/0.png,5 EUR\n"
    )
    request = {"feed": "tiny.csv", "mode": "full"}
    answer = empty.post("/v1/ingestions", json=request)
    job = _finished(empty, answer.headers["location"])
    assert (job["status"], job["error_code"]) == ("failed", "guard.deletions")
    assert empty.get("/v1/products/P05").status_code == 200
    answer = empty.post("/v1/ingestions", json={**request, "yes": True})
    job = _finished(empty, answer.headers["location"])
    assert job["status"] == "done"
    assert job["counts"]["deleted"] > 20
    assert empty.get("/v1/products/P05").status_code == 404


@pytest.mark.parametrize(
    ("request_body", "status", "code"),
    [
        ({}, 422, "feed.missing"),
        ({"feed": "none.csv"}, 404, "feed.not_found"),
        ({"feed": "../catalogue.sqlite"}, 422, "feed.outside_root"),
        ({"feed": "/etc/passwd"}, 422, "feed.outside_root"),
        ({"feed": "a\0b"}, 422, "feed.missing"),
        ({"feed": "autumn/shop.csv", "mode": "erase"}, 422, "request.invalid"),
        ({"feed": "autumn/shop.csv", "root": "/"}, 422, "request.invalid"),
        ({"feed": "autumn/shop.csv", "mapping": "../../etc/passwd"}, 422, "mapping.unknown"),
        ({"feed": "autumn/shop.csv", "mapping": "nobody"}, 422, None),
    ],
)
def test_what_cannot_be_ingested_is_refused_at_once(
    empty: TestClient, request_body: dict[str, Any], status: int, code: str | None
) -> None:
    answer = empty.post("/v1/ingestions", json=request_body)
    assert answer.status_code == status, answer.text
    if code:
        assert answer.json()["code"] == code


def test_a_link_out_of_the_feeds_folder_is_refused(empty: TestClient, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("id,title,image_link\n")
    folder = empty.app.state.parts.container.settings.feeds_folder
    (folder / "link.csv").symlink_to(secret)
    answer = empty.post("/v1/ingestions", json={"feed": "link.csv"})
    assert (answer.status_code, answer.json()["code"]) == (422, "feed.outside_root")


def test_unknown_ingestions_are_404(empty: TestClient) -> None:
    for path in ("/v1/ingestions/nobody", "/v1/ingestions/nobody/rows"):
        answer = empty.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "job.not_found")
