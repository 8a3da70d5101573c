"""Searching over HTTP: what comes back, in what form, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.query_picture import QUERY_PX
from api.schemas.search import ANSWER_EXAMPLE
from tests.api.pictures import encoded, garment

PROBLEM = "application/problem+json"


def _search(client: TestClient, **request: Any) -> dict[str, Any]:
    answer = client.post("/v1/search", json=request)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _colours(answer: dict[str, Any]) -> list[str]:
    return [
        next(each["value"] for each in hit["product"]["attributes"] if each["name"] == "colour")
        for hit in answer["hits"]
    ]


def test_words_find_what_they_say(client: TestClient) -> None:
    answer = _search(client, q="red dress", limit=3)
    assert _colours(answer)[0] == "red"
    assert [edit["label"] for edit in answer["parse"]["edits"]] == ["colour: red", "type: dress"]
    assert answer["hits"][0]["rank"] == 1
    assert answer["encoder"].startswith("toy")
    assert answer["timing_ms"]


def test_the_example_shows_timings_that_there_are(client: TestClient) -> None:
    told = set(_search(client, like="P01", modify="but red", facets=["colour"])["timing_ms"])
    assert ANSWER_EXAMPLE["timing_ms"].keys() <= told


def test_a_query_picture_is_decoded_no_larger_than_the_encoder_needs(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, ...]] = []
    encoder = client.app.state.parts.container.encoder
    embed = encoder.embed_images

    def spying(images: list[Any]) -> Any:
        seen.extend(image.shape for image in images)
        return embed(images)

    monkeypatch.setattr(type(encoder), "embed_images", lambda _, images: spying(images))
    large = encoded(garment("blue", size_wh=(1350, 1800)))
    sent = client.post("/v1/search", files={"picture": ("a.png", large, "image/png")})
    assert sent.status_code == 200, sent.text
    name = client.post("/v1/pictures", files={"picture": ("a.png", large, "image/png")})
    _search(client, picture=name.json()["picture"])
    assert len(seen) == 2
    assert all(QUERY_PX <= min(shape[:2]) < 2 * QUERY_PX for shape in seen), seen


def test_a_product_but_in_red(client: TestClient) -> None:
    answer = _search(client, like="P01", modify="but red", group_variants=False, limit=3)
    assert _colours(answer) == ["red"] * 3
    assert {hit["product"]["id"] for hit in answer["hits"]} & {"P00", "P08", "P16"}
    assert {each["value"] for each in answer["reference"]} >= {"blue", "dress"}
    assert any(reason["met"] for reason in answer["hits"][0]["reasons"])


def test_a_dropped_edit_is_named_and_no_longer_counts(client: TestClient) -> None:
    request = {"like": "P01", "modify": "but red, under 40", "group_variants": False}
    full = _search(client, **request)
    ids = [edit["id"] for edit in full["parse"]["edits"]]
    assert "colour:set:red" in ids
    dropped = _search(client, **request, drop=["colour:set:red"])
    assert dropped["parse"]["dropped"] == ["colour:set:red"]
    assert "colour:set:red" not in [edit["id"] for edit in dropped["parse"]["edits"]]
    assert _colours(dropped) != _colours(full)
    assert all(hit["product"]["price"]["minor"] <= 4000 for hit in dropped["hits"])


def test_a_picture_sent_named_or_uploaded_is_the_same_reference(client: TestClient) -> None:
    data = encoded(garment("blue"))
    wanted = {"modify": "but red", "limit": 5}
    sent = client.post(
        "/v1/search",
        files={"picture": ("a.png", data, "image/png")},
        data={"request": json.dumps(wanted)},
    )
    assert sent.status_code == 200, sent.text
    assert _colours(sent.json())[0] == "red"
    taken = client.post("/v1/pictures", files={"picture": ("a.png", data, "image/png")}).json()
    by_id = _search(client, picture=taken["picture"], **wanted)
    assert [hit["product"]["id"] for hit in by_id["hits"]] == [
        hit["product"]["id"] for hit in sent.json()["hits"]
    ]
    picture = client.get("/v1/products/P01").json()["pictures"][0].rsplit("/", 1)[1]
    alike = _search(client, picture=picture, limit=3, group_variants=False)
    assert alike["hits"][0]["product"]["id"] == "P01"


def test_filters_facets_and_counts_agree(client: TestClient) -> None:
    answer = _search(
        client,
        q="dress",
        filter="colour in [red, blue] and price <= 40",
        facets=["colour", "brand"],
        limit=100,
        group_variants=False,
    )
    counts = {each["value"]: each["count"] for each in answer["facets"]["colour"]}
    assert set(_colours(answer)) == {"red", "blue"}
    assert sum(counts.values()) == len(answer["hits"]) > 0
    assert all(hit["product"]["price"]["minor"] <= 4000 for hit in answer["hits"])
    asked = client.get(
        "/v1/facets",
        params={"names": ["colour", "brand"], "filter": "colour in [red, blue] and price <= 40"},
    )
    assert asked.json()["facets"] == answer["facets"]


def test_pages_join_without_gap_or_repeat(client: TestClient) -> None:
    request = {"q": "dress", "group_variants": False}
    whole = [hit["product"]["id"] for hit in _search(client, **request, limit=100)["hits"]]
    pages: list[str] = []
    cursor = ""
    for _ in range(10):
        answer = _search(client, **request, limit=7, cursor=cursor)
        pages += [hit["product"]["id"] for hit in answer["hits"]]
        cursor = answer["next_cursor"]
        if not cursor:
            break
    assert pages == whole
    assert len(set(pages)) == len(pages) == 24


def test_variants_are_one_hit(client: TestClient) -> None:
    answer = _search(client, q="dress", limit=100)
    assert len(answer["hits"]) == 6
    assert all(len(hit["variants"]) == 3 for hit in answer["hits"])


def test_an_empty_request_browses(client: TestClient) -> None:
    assert len(_search(client, limit=4)["hits"]) == 4
    assert set(_colours(_search(client, filter="colour = green"))) == {"green"}


def test_products_and_what_is_like_them(client: TestClient) -> None:
    product = client.get("/v1/products/P05").json()
    assert product["title"] == "Nike Women Blue Top"
    assert product["price"] == {"minor": 3050, "currency": "EUR", "text": "30.50"}
    assert product["link"] == "https://shop.example/p/5"
    assert {"name": "colour", "value": "blue", "provenance": "feed", "confidence": 1.0} in product[
        "attributes"
    ]
    similar = client.get("/v1/products/P05/similar", params={"limit": 2}).json()
    assert len(similar["hits"]) == 2
    assert "P05" not in [hit["product"]["id"] for hit in similar["hits"]]


@pytest.mark.parametrize(
    ("request_body", "pointer", "detail"),
    [
        ({"limt": 3}, "/limt", "not permitted here. Did you mean limit? Known: q, picture,"),
        ({"text": "red"}, "/text", "Did you mean q?"),
        ({"zzz": 1}, "/zzz", "not permitted here. Known: q, picture,"),
        ({"limit": 0}, "/limit", "greater than or equal to 1"),
        ({"limit": 101}, "/limit", "less than or equal to 100"),
        ({"q": "x" * 513}, "/q", "at most 512"),
        ({"weights": {"picture": -1}}, "/weights/picture", "greater than or equal to 0"),
        ({"facets": ["price"]}, "/facets/0", "Input should be"),
        ({"positives": [""]}, "/positives/0", "at least 1"),
        ([], "", "object"),
    ],
)
def test_a_wrong_body_is_named_by_pointer(
    client: TestClient, request_body: object, pointer: str, detail: str
) -> None:
    answer = client.post("/v1/search", json=request_body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == PROBLEM
    problem = answer.json()
    assert problem["status"] == 422
    assert problem["code"] == "request.invalid"
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert problem["errors"][0]["pointer"] == pointer
    assert detail in problem["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("request_body", "status", "code"),
    [
        ({"filter": "colr = red"}, 422, "filter.unknown_key"),
        ({"filter": "tenant = other"}, 422, "filter.unknown_key"),
        ({"filter": "("}, 422, "filter.syntax"),
        ({"like": "nobody"}, 404, "product.not_found"),
        ({"positives": ["nobody"]}, 404, "product.not_found"),
        ({"picture": "upload:" + "0" * 32}, 404, "picture.expired"),
        ({"picture": "upload:../../x"}, 422, "picture.id"),
        ({"picture": "0" * 64}, 404, "picture.not_found"),
        ({"picture": "https://evil.example/x.jpg"}, 422, "picture.id"),
        ({"q": "dress", "cursor": "nonsense"}, 422, "cursor.invalid"),
    ],
)
def test_what_cannot_be_answered_says_why(
    client: TestClient, request_body: dict[str, Any], status: int, code: str
) -> None:
    answer = client.post("/v1/search", json=request_body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["type"] == f"urn:lookalike:problem:{code}"
    assert len(answer.json()["detail"]) > 20


def test_broken_json_and_broken_forms(client: TestClient) -> None:
    headers = {"Content-Type": "application/json"}
    for body in (b"{", b"\xff\xfe", b"[" * 5_000):
        answer = client.post("/v1/search", content=body, headers=headers)
        assert answer.status_code == 422, body[:10]
    broken = client.post(
        "/v1/search",
        content=b"not a form",
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )
    assert broken.status_code == 422
    picture = ("a.png", encoded(garment("blue")), "image/png")
    for files, data, code in (
        ({"photo": picture}, {}, "form.unknown_field"),
        ({"picture": picture}, {"request": "{"}, "request.invalid"),
        ({"picture": ("a.png", b"GIF89a nonsense", "image/png")}, {}, "image.corrupt"),
        ({"picture": ("a.png", b"", "image/png")}, {"request": '{"q": "dress"}'}, "image.corrupt"),
        ({"picture": ("a.svg", b"<svg onload=alert(1)>", "image/png")}, {}, "image.unsupported"),
    ):
        answer = client.post("/v1/search", files=files, data=data)
        assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text


def test_unknown_ids_and_paths_are_404(client: TestClient) -> None:
    for path in ("/v1/products/nobody", "/v1/products/a/b/c", "/v1/nothing", "/web/../app.py"):
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert answer.headers["content-type"] == PROBLEM
    assert client.get("/v1/search").status_code == 405
    assert client.get("/v1/facets").status_code == 422
    assert client.get("/v1/facets", params={"names": "price"}).status_code == 422
