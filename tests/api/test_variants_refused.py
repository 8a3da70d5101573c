"""Variants over HTTP: limits, and what is refused."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import ModelUnavailable
from engine.rendering import Change
from engine.types import Facet
from tests.api.variants_client import ask, finished, until, upload, variants_api
from tests.dyes import DyeingRenderer


def test_too_many_are_refused_with_when_to_come_again(own_home: Path) -> None:
    gate = threading.Semaphore(0)
    with variants_api(own_home, DyeingRenderer(gate=gate), variants_waiting=2) as api:
        running = ask(api, product_id="P01")
        until(api, running["id"], "running")
        for number in (2, 4):
            ask(api, product_id=f"P0{number}", modification="but blue")
        refused = api.post("/v1/variants", json={"product_id": "P06", "modification": "but blue"})
        assert (refused.status_code, refused.json()["code"]) == (429, "variant.queue_full")
        assert refused.headers["content-type"] == "application/problem+json"
        assert 1 <= int(refused.headers["retry-after"]) <= 120
        folder = own_home / "variants" / "jobs"
        assert len(list(folder.iterdir())) == 3, "the refused one left files"
        for _ in range(20):
            gate.release()
        finished(api, running["id"])


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "request.invalid"),
        ({"modification": "but red"}, 422, "variant.reference"),
        (
            {"product_id": "P01", "picture": "ab" * 32, "modification": "red"},
            422,
            "variant.reference",
        ),
        ({"product_id": "nobody", "modification": "but red"}, 404, "product.not_found"),
        ({"picture": "ab" * 32, "modification": "but red"}, 404, "picture.not_found"),
        ({"picture": "upload:" + "0" * 32, "modification": "but red"}, 404, "picture.expired"),
        ({"picture": "../../etc/passwd", "modification": "but red"}, 422, "picture.id"),
        ({"product_id": "P01", "modification": ""}, 422, "request.invalid"),
        ({"product_id": "P01", "modification": "x" * 2_001}, 422, "request.invalid"),
        ({"product_id": "P01", "modification": "red", "count": 0}, 422, "request.invalid"),
        ({"product_id": "P01", "modification": "red", "count": 9}, 422, "request.invalid"),
        ({"product_id": "P01", "modification": "red", "seed": -1}, 422, "request.invalid"),
        ({"product_id": "P01", "modification": "red", "seed": 2**31}, 422, "request.invalid"),
        ({"product_id": "P01", "modification": "red", "colour": "x"}, 422, "request.invalid"),
        (
            {"product_id": "P01", "modification": "red", "engine": "x"},
            422,
            "variant.engine_unknown",
        ),
        ({"product_id": "P01", "modification": "cheaper"}, 422, "variant.nothing_to_draw"),
        ({"product_id": "P01", "modification": "but blue"}, 422, "variant.nothing_to_draw"),
        ({"product_id": "P01", "modification": "zorblax"}, 422, "variant.nothing_to_draw"),
    ],
)
def test_what_cannot_be_drawn_is_refused_at_once(
    api: TestClient, body: dict[str, Any], status: int, code: str
) -> None:
    answer = api.post("/v1/variants", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def test_refusals_say_what_can_be_had(api: TestClient) -> None:
    unknown = api.post(
        "/v1/variants", json={"product_id": "P01", "modification": "red", "engine": "gan"}
    ).json()
    assert "dyes, other" in unknown["detail"]
    nothing = api.post("/v1/variants", json={"product_id": "P01", "modification": "cheaper"}).json()
    assert "'cheaper': a price cannot be seen." in nothing["detail"]
    assert "but red" in nothing["detail"]


def test_a_box_that_is_none_is_refused(api: TestClient) -> None:
    picture = upload(api)
    for box in ([0.5, 0.1, 0.5, 0.9], [0.9, 0.1, 0.1, 0.9], [0.1, 0.2], [0, 0, 1, 1.5]):
        body = {"picture": picture, "modification": "red", "box": box}
        assert api.post("/v1/variants", json=body).status_code == 422
    body = {"product_id": "P01", "modification": "red", "box": [0.5, 0.1, 0.5, 0.9]}
    assert api.post("/v1/variants", json=body).status_code == 422


def test_a_file_that_is_no_picture_is_refused(api: TestClient) -> None:
    request = {"request": json.dumps({"modification": "red"})}
    files = {"picture": ("a.png", b"no picture", "image/png")}
    answer = api.post("/v1/variants", files=files, data=request)
    assert (answer.status_code, answer.json()["code"]) == (422, "image.corrupt")


def test_a_picture_that_is_a_line_is_refused(api: TestClient) -> None:
    picture = upload(api, size_wh=(20, 2_000))
    answer = api.post("/v1/variants", json={"picture": picture, "modification": "red"})
    assert (answer.status_code, answer.json()["code"]) == (422, "variant.reference_shape")
    assert "more than 50 times the other" in answer.json()["detail"]


def test_what_the_engine_lacks_weights_for_is_refused_at_once(own_home: Path) -> None:
    class Lacking(DyeingRenderer):
        def check(self, change: Change) -> None:
            if Facet.SLEEVE in change.facets:
                raise ModelUnavailable("sleeves need the generator.", hint="Ask for a colour.")

    with variants_api(own_home, Lacking()) as api:
        body = {"product_id": "P01", "modification": "with long sleeves"}
        answer = api.post("/v1/variants", json=body)
        assert (answer.status_code, answer.json()["code"]) == (503, "model.unavailable")
        assert "Ask for a colour." in answer.json()["detail"]
        assert finished(api, ask(api, product_id="P01")["id"])["status"] == "done"


def test_without_an_engine_nothing_is_drawn(own_home: Path) -> None:
    with variants_api(own_home) as api:
        answer = api.post("/v1/variants", json={"product_id": "P01", "modification": "red"})
        assert (answer.status_code, answer.json()["code"]) == (503, "model.unavailable")
        assert api.get("/readyz").json()["parts"]["variants"] == "unavailable"
        assert api.post("/v1/search", json={"q": "red dress"}).json()["hits"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)
FIELDS = ("product_id", "picture", "box", "modification", "drop", "count", "seed", "engine")


@given(
    body=st.dictionaries(st.sampled_from(FIELDS), JSON)
    | st.builds(
        lambda words, held: {"product_id": "P01", "count": 1} | held | {"modification": words},
        st.text(max_size=60),
        st.dictionaries(st.sampled_from(("box", "drop", "seed", "engine")), JSON),
    )
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_body_breaks_it(api: TestClient, body: dict[str, Any]) -> None:
    answer = api.post(
        "/v1/variants",
        content=json.dumps(body).encode("utf-8", "surrogatepass"),
        headers={"content-type": "application/json"},
    )
    assert answer.status_code in (202, 404, 422), answer.text
    if answer.status_code != 202:
        assert answer.json()["code"]
