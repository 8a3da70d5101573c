"""Pictures, health, metrics, the page, limits, headers, the OpenAPI document."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from api.app import create_app
from api.container import Container
from api.routes import detections, health, ingestions, pictures, products, search, variants
from api.routes.health import Liveness
from api.settings import Limits, Settings
from api.version import lookalike_version
from engine.errors import IndexUnavailable
from tests.api.pictures import encoded, garment

METHODS = ("get", "post", "put", "patch", "delete")


def test_pictures_are_our_own_reencode_in_fixed_widths(client: TestClient) -> None:
    path = client.get("/v1/products/P00").json()["pictures"][0]
    answer = client.get(path, params={"width": 160})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "immutable" in answer.headers["cache-control"]
    assert Image.open(BytesIO(answer.content)).width == 80
    again = client.get(
        path, params={"width": 160}, headers={"If-None-Match": answer.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(path, params={"width": 161}).status_code == 422


def test_an_upload_is_shown_and_not_cached_by_others(client: TestClient) -> None:
    data = encoded(garment("red", size_wh=(300, 400)), "JPEG")
    taken = client.post("/v1/pictures", files={"picture": ("a.jpg", data, "image/jpeg")})
    assert taken.status_code == 201
    body = taken.json()
    assert (body["width_px"], body["height_px"]) == (300, 400)
    assert taken.headers["location"] == body["url"]
    shown = client.get(body["url"], params={"width": 160})
    assert shown.status_code == 200
    assert shown.headers["cache-control"].startswith("private")
    assert client.get("/v1/pictures/upload:" + "0" * 32).status_code == 404


def test_health_and_metrics(client: TestClient) -> None:
    assert client.get("/livez").json() == {"status": "ok"}
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {
        "ready": True,
        "parts": {
            "catalogue": "ok",
            "index": "ok",
            "encoder": "ok",
            "detector": "ok",
            "variants": "ok",
        },
    }
    client.post("/v1/search", json={"q": "red dress"})
    client.post("/v1/search", json={"like": "P01", "modify": "but red"})
    client.post("/v1/search", json={"like": "nobody"})
    text = client.get("/metrics").text
    assert 'lookalike_search_seconds_count{mode="text",status="ok"}' in text
    assert 'lookalike_search_seconds_count{mode="like+words",status="ok"}' in text
    assert 'lookalike_search_seconds_count{mode="like",status="product.not_found"}' in text
    assert 'lookalike_search_stage_seconds_count{stage="retrieve"}' in text
    assert 'route="/v1/search",status="200"' in text
    assert 'lookalike_ingest_rows_total{outcome="indexed"}' in text
    assert "nobody" not in text.replace("product.not_found", "")


def test_the_page_and_its_files_run_under_a_strict_policy(client: TestClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    import re

    files = set(re.findall(r'(?:src|href)="(/web/[^"]+)"', page.text))
    scripts = {"/web/state.js", "/web/view.js", "/web/picture.js"}
    assert files >= {"/web/app.js", "/web/style.css", "/web/icon.svg"}
    for path in files | scripts:
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert not re.search(r"https?://(?!www\.w3\.org/)", answer.text), path
    assert not re.search(r"<script(?![^>]*src=)|style=|\son\w+=", page.text)


def test_every_answer_carries_an_id(client: TestClient) -> None:
    own = client.get("/livez", headers={"X-Request-ID": "abc-1"})
    assert own.headers["x-request-id"] == "abc-1"
    bad = client.get("/livez", headers={"X-Request-ID": "a b\tc" * 40})
    assert len(bad.headers["x-request-id"]) == 16
    assert client.get("/nowhere").headers["x-request-id"]


def test_the_openapi_document_is_whole(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    operations = {
        (method, path): operation
        for path, held in document["paths"].items()
        for method, operation in held.items()
        if method in METHODS
    }
    routes = {
        (method.lower(), route.path.replace(":path", ""))
        for route in _api_routes()
        for method in route.methods
    }
    assert set(operations) == routes, "the document and the routes differ"
    assert {
        ("post", "/v1/search"),
        ("get", "/v1/products/{product_id}"),
        ("get", "/v1/products/{product_id}/similar"),
        ("get", "/v1/facets"),
        ("post", "/v1/ingestions"),
        ("get", "/v1/ingestions/{job_id}"),
        ("get", "/v1/pictures/{picture}"),
        ("post", "/v1/pictures"),
        ("post", "/v1/detections"),
        ("post", "/v1/variants"),
        ("get", "/v1/variants/{job_id}"),
        ("delete", "/v1/variants/{job_id}"),
        ("get", "/v1/variants/{job_id}/events"),
        ("get", "/v1/variants/{job_id}/pictures/{number}"),
        ("get", "/livez"),
        ("get", "/readyz"),
        ("get", "/metrics"),
    } <= set(operations)
    for name, operation in operations.items():
        assert operation["summary"], name
        assert operation["description"], name
        success = next(code for code in operation["responses"] if code.startswith("2"))
        for content in operation["responses"][success]["content"].values():
            assert _has_example(document, content), f"{name} has no example of its answer"
        if name[1].startswith("/v1/"):
            assert "default" in operation["responses"], name
    for reference in _references(document):
        target: Any = document
        for part in reference.removeprefix("#/").split("/"):
            assert part in target, f"{reference} leads nowhere"
            target = target[part]


def _api_routes() -> list[Any]:
    modules = (search, products, detections, variants, ingestions, pictures, health)
    return [route for module in modules for route in module.router.routes]


def _has_example(document: dict[str, Any], content: dict[str, Any]) -> bool:
    if "example" in content or "examples" in content:
        return True
    schema = content.get("schema", {})
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return bool(schema.get("examples"))


def _references(held: Any) -> Iterator[str]:
    if isinstance(held, dict):
        for key, value in held.items():
            if key == "$ref":
                yield value
            else:
                yield from _references(value)
    elif isinstance(held, list):
        for value in held:
            yield from _references(value)


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[TestClient]:
    """An API over an empty home that takes little."""
    limits = Limits(json_bytes=1_000, picture_bytes=5_000, feed_bytes=20_000)
    settings = Settings(home=tmp_path / "home", encoder="toy", limits=limits, hosts=("testserver",))
    app = create_app(Container(settings))
    with TestClient(app, raise_server_exceptions=False) as running:
        yield running


def test_bodies_beyond_the_limit_are_413(narrow: TestClient) -> None:
    told = narrow.post("/v1/search", json={"q": "x" * 2_000})
    assert (told.status_code, told.json()["code"]) == (413, "body.too_large")

    def drip() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 100

    untold = narrow.post("/v1/search", content=drip(), headers={"Content-Type": "application/json"})
    assert untold.status_code == 413
    noise = encoded(Image.effect_noise((500, 500), 90))
    assert len(noise) > 70_000
    picture = narrow.post("/v1/pictures", files={"picture": ("a.png", noise, "image/png")})
    assert picture.status_code == 413
    assert not (narrow.app.state.parts.container.settings.uploads_folder).exists()


def test_an_empty_shop_answers_with_nothing(narrow: TestClient) -> None:
    assert narrow.get("/readyz").status_code == 200
    answer = narrow.post("/v1/search", json={"q": "red dress", "facets": ["colour"]}).json()
    assert answer["hits"] == []
    assert answer["facets"] == {"colour": []}


def test_a_full_gate_is_503_with_a_time_to_come_back(narrow: TestClient) -> None:
    state = narrow.app.state.parts
    state.searches._inside = state.searches._most
    answer = narrow.post("/v1/search", json={"q": "dress"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["code"] == "overloaded"
    state.searches._inside = 0
    assert narrow.post("/v1/search", json={"q": "dress"}).status_code == 200


def test_an_index_that_is_away_is_503_with_a_time_to_come_back(
    narrow: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise IndexUnavailable("the server does not answer.")

    monkeypatch.setattr(narrow.app.state.parts.container.search, "search", away, raising=False)
    answer = narrow.post("/v1/search", json={"q": "dress"})
    assert (answer.status_code, answer.json()["code"]) == (503, "index.unavailable")
    assert int(answer.headers["retry-after"]) >= 1


def test_an_answer_of_ours_that_is_not_valid_is_our_fault(
    narrow: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*_: object) -> None:
        Liveness.model_validate({"status": 7})

    monkeypatch.setattr(narrow.app.state.parts.container.search, "search", wrong, raising=False)
    answer = narrow.post("/v1/search", json={"q": "dress"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")


def test_the_version_is_told_once(narrow: TestClient) -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert narrow.get("/openapi.json").json()["info"]["version"] == project["version"]
    assert lookalike_version() == project["version"]


def test_what_breaks_inside_is_not_told(
    narrow: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(narrow.app.state.parts.container.search, "search", broken, raising=False)
    answer = narrow.post("/v1/search", json={"q": "dress"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "hunter2" not in answer.text
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
