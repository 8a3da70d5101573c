"""Foreign pages cannot make a browser change anything; foreign names lead nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.callers import is_loopback
from api.container import Container
from api.settings import Settings

PROBLEM = "application/problem+json"


@pytest.mark.parametrize("origin", ["https://evil.example", "http://testserver:8001", "null", ""])
@pytest.mark.parametrize("path", ["/v1/ingestions", "/v1/search", "/v1/pictures"])
def test_a_page_elsewhere_may_not_send(client: TestClient, path: str, origin: str) -> None:
    answer = client.post(path, json={}, headers={"Origin": origin, "Host": "127.0.0.1:8000"})
    if origin == "http://testserver:8001":
        assert answer.status_code != 403, "a host of the settings is ours, on any port"
        return
    assert (answer.status_code, answer.headers["content-type"]) == (403, PROBLEM)
    assert answer.json()["code"] == "origin.foreign"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000", True),
        ("http://localhost:8000", "localhost:8000", True),
        ("http://[::1]:8000", "[::1]:8000", True),
        ("http://localhost", "localhost:80", True),
        ("http://127.0.0.1:3000", "127.0.0.1:8000", False),
        ("http://localhost:8000", "127.0.0.1:8000", False),
    ],
)
def test_our_own_page_may(client: TestClient, origin: str, host: str, allowed: bool) -> None:
    answer = client.post(
        "/v1/search", json={"q": "dress"}, headers={"Origin": origin, "Host": host}
    )
    assert answer.status_code == (200 if allowed else 403), answer.text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "10.0.0.7", "a]b"])
def test_a_foreign_name_is_not_answered_on_loopback(client: TestClient, host: str) -> None:
    answer = client.get("/v1/products/P00", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (421, "host.not_ours")


def test_any_name_is_answered_beyond_loopback_but_foreign_pages_are_not(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, encoder="toy", host="0.0.0.0")
    with TestClient(create_app(Container(settings))) as open_client:
        assert open_client.get("/livez", headers={"Host": "shop.example"}).status_code == 200
        told = {"Host": "shop.example", "Origin": "https://shop.example"}
        assert open_client.post("/v1/search", json={"q": "x"}, headers=told).status_code == 200
        told["Origin"] = "https://evil.example"
        assert open_client.post("/v1/search", json={"q": "x"}, headers=told).status_code == 403


@pytest.mark.parametrize("path", ["/v1/ingestions", "/v1/search"])
@pytest.mark.parametrize("kind", ["text/plain", "", "application/x-www-form-urlencoded"])
def test_json_under_another_name_is_415(client: TestClient, path: str, kind: str) -> None:
    answer = client.post(
        path, content=b'{"feed": "shop.csv", "mode": "full"}', headers={"Content-Type": kind}
    )
    assert (answer.status_code, answer.json()["code"]) == (415, "body.media_type")
    named = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert client.post("/v1/search", content=b'{"q": "x"}', headers=named).status_code == 200


@pytest.mark.parametrize(
    ("name", "loopback"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.4", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_loopback(name: str, loopback: bool) -> None:
    assert is_loopback(name) is loopback
