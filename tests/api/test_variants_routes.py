"""Variants over HTTP: asking and pictures."""

from __future__ import annotations

import json
import threading
from io import BytesIO

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from engine.images import decode_image
from engine.provenance import is_generated, pixel_hash_of
from engine.types import Facet
from tests.api.pictures import encoded, garment
from tests.api.variants_client import ask, finished, upload
from tests.dyes import DyeingRenderer


def test_a_product_is_drawn_with_a_change(api: TestClient, dyes: DyeingRenderer) -> None:
    job = ask(api, product_id="P01", modification="but red, under 40", count=3, seed=5)
    assert job["engine"] == {"name": "dyes", "revision": "1"}
    job = finished(api, job["id"])
    assert (job["status"], job["done"], job["count"], job["position"]) == ("done", 3, 3, 0)
    assert job["before"]["colour"] == "blue"
    assert job["after"] == {**job["before"], "colour": "red"}
    assert [each["id"] for each in job["edits"]] == ["colour:set:red", "price:at_most:4000"]
    assert job["unseen"] == [
        {"part": "price:at_most:4000", "message": "'under 40': a price cannot be seen."}
    ]
    product = api.get("/v1/products/P01").json()
    assert job["reference"] == {
        "product_id": "P01",
        "title": product["title"],
        "image_url": product["pictures"][0],
    }
    assert [each["seed"] for each in job["variants"]] == [5, 6, 7]
    assert [each["number"] for each in job["variants"]] == [1, 2, 3]
    assert job["variants"][0]["sources"] == [
        {
            "product_id": "P08",
            "title": "Title of P08",
            "image_url": f"/v1/pictures/{'ab' * 32}",
            "similarity": 0.75,
        }
    ]
    assert not job["cached"]
    assert job["submitted_at"] <= job["started_at"] <= job["finished_at"] < job["expires_at"]
    assert (job["error_code"], job["error"]) == ("", "")


def test_the_product_and_its_group_do_not_help_to_draw_it(
    api: TestClient, dyes: DyeingRenderer
) -> None:
    finished(api, ask(api, product_id="P05", modification="but green", seed=900)["id"])
    request = dyes.requests[-1]
    assert request.without == {"P04", "P05", "P06", "P07"}
    assert request.title == api.get("/v1/products/P05").json()["title"]
    assert request.change.after[Facet.COLOUR] == "green"


def test_an_upload_is_drawn_where_the_box_is(api: TestClient, dyes: DyeingRenderer) -> None:
    picture = upload(api)
    box = [0.1, 0.05, 0.9, 0.95]
    job = finished(api, ask(api, picture=picture, box=box, count=1)["id"])
    assert job["status"] == "done"
    assert job["reference"] == {
        "product_id": "", "title": "", "image_url": f"/v1/pictures/{picture}",
    }  # fmt: skip
    assert dyes.requests[-1].box_xyxy_px == pytest.approx((30, 20, 270, 380))
    assert (job["variants"][0]["width_px"], job["variants"][0]["height_px"]) == (300, 400)


def test_a_file_is_drawn(api: TestClient) -> None:
    data = encoded(garment("green", size_wh=(200, 260)))
    answer = api.post(
        "/v1/variants",
        files={"picture": ("a.png", data, "image/png")},
        data={"request": json.dumps({"modification": "but blue", "count": 1})},
    )
    assert answer.status_code == 202, answer.text
    job = finished(api, answer.json()["id"])
    assert job["status"] == "done"
    assert api.get(job["reference"]["image_url"]).status_code == 200


def test_a_catalogue_picture_is_drawn(api: TestClient) -> None:
    url = api.get("/v1/products/P02").json()["pictures"][0]
    job = ask(api, picture=url.removeprefix("/v1/pictures/"), count=1)
    assert finished(api, job["id"])["status"] == "done"
    assert job["reference"]["image_url"] == url


def test_an_edit_that_is_dropped_is_not_drawn(api: TestClient) -> None:
    job = ask(
        api, product_id="P01", modification="red and striped", drop=["pattern:set:striped"], count=1
    )
    assert "pattern" not in job["after"]
    assert [each["id"] for each in job["edits"]] == ["colour:set:red"]
    finished(api, job["id"])


def test_what_cannot_be_kept_is_a_sketch(api: TestClient) -> None:
    job = finished(api, ask(api, product_id="P01", modification="with long sleeves")["id"])
    assert all(each["sketch"] and each["notes"] for each in job["variants"])


def test_an_engine_is_chosen_by_name(api: TestClient) -> None:
    job = finished(api, ask(api, product_id="P03", engine="other", count=1)["id"])
    assert job["engine"]["name"] == "other"


# --- pictures ----------------------------------------------------------------------------------


def test_a_picture_is_marked_says_what_it_is_and_never_changes(api: TestClient) -> None:
    job = finished(api, ask(api, product_id="P01", seed=40, count=1)["id"])
    url = job["variants"][0]["image_url"]
    answer = api.get(url)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/webp"
    assert "immutable" in answer.headers["cache-control"]
    assert "private" in answer.headers["cache-control"]
    assert answer.headers["content-security-policy"].endswith("sandbox")
    again = api.get(url, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert is_generated(answer.content)
    pixels, _ = pixel_hash_of(answer.content)
    catalogue = api.app.state.parts.container.catalogue
    assert catalogue.generated.has(pixels)
    shown = decode_image(answer.content).astype(int)
    drawn = decode_image(api.app.state.parts.container.variants.drawn(job["id"], 1)).astype(int)
    corner = np.s_[-20:, :50]
    assert np.abs(shown[corner] - drawn[corner]).max() > 100, "no mark"
    assert np.abs(shown[:-30] - drawn[:-30]).mean() < 4, "more than the mark differs"


def test_a_picture_does_not_become_one_of_the_catalogue(api: TestClient) -> None:
    job = finished(api, ask(api, product_id="P01", seed=41, count=1)["id"])
    data = api.get(job["variants"][0]["image_url"]).content
    bare = BytesIO()
    Image.open(BytesIO(data)).convert("RGB").save(bare, "PNG")
    settings = api.app.state.parts.container.settings
    settings.feeds_folder.mkdir(exist_ok=True)
    (settings.feeds_folder / "drawn.webp").write_bytes(data)
    (settings.feeds_folder / "bare.png").write_bytes(bare.getvalue())
    (settings.feeds_folder / "drawn.csv").write_text(
        "id,title,image_link,price\nD1,Red dress,drawn.webp,5 EUR\nD2,Red dress,bare.png,5 EUR\n"
    )
    answer = api.post("/v1/ingestions", json={"feed": "drawn.csv"})
    location = answer.headers["location"]
    for _ in range(600):
        if api.get(location).json()["status"] not in ("queued", "running"):
            break
        threading.Event().wait(0.05)
    rows = api.get(f"{location}/rows").json()["rows"]
    assert [(row["row"], row["code"]) for row in rows] == [
        (1, "image.generated"),
        (2, "image.generated"),
    ]
    assert api.get("/v1/products/D1").status_code == 404


def test_a_variant_is_searched_with_and_drawn_upon(api: TestClient) -> None:
    job = finished(api, ask(api, product_id="P01", modification="but green", count=2)["id"])
    name = f"variant:{job['id']}/2"
    answer = api.post("/v1/search", json={"picture": name, "limit": 3})
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["hits"]) == 3
    colour = next(a for a in answer.json()["reference"] if a["name"] == "colour")
    assert colour["value"].endswith("green")
    further = finished(api, ask(api, picture=name, modification="with long sleeves")["id"])
    assert further["status"] == "done"
    assert "a drawing of a drawing" in further["unseen"][-1]["message"]
    assert job["unseen"] == []
    sent = api.post(
        "/v1/variants",
        data={"request": json.dumps({"modification": "but red"})},
        files={"picture": api.get(job["variants"][0]["image_url"]).content},
    )
    assert "a drawing of a drawing" in sent.json()["unseen"][-1]["message"]
    assert further["reference"]["image_url"] == job["variants"][1]["image_url"]


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("variant:" + "0" * 32 + "/1", 404),
        ("variant:" + "0" * 32, 422),
        ("variant:../../../catalogue.sqlite", 422),
        ("variant:" + "0" * 32 + "/../1", 422),
        ("variant:" + "0" * 32 + "/0", 422),
    ],
)
def test_no_name_of_a_variant_leads_elsewhere(api: TestClient, name: str, status: int) -> None:
    for path, body in (
        ("/v1/search", {"picture": name}),
        ("/v1/variants", {"picture": name, "modification": "red"}),
    ):
        assert api.post(path, json=body).status_code == status


@pytest.mark.parametrize(
    "path",
    [
        "nobody",
        "%2e%2e",
        "..%2f..%2fcatalogue.sqlite",
        "0" * 32,
        f"{'0' * 32}/pictures/1",
        f"{'0' * 32}/events",
        "..%2f/pictures/1",
    ],
)
def test_unknown_jobs_are_404(api: TestClient, path: str) -> None:
    for method in ("GET", "DELETE"):
        if method == "DELETE" and path.endswith(("1", "events")):
            continue
        assert api.request(method, f"/v1/variants/{path}").status_code == 404


def test_a_picture_that_is_not_there_is_404(api: TestClient) -> None:
    job = finished(api, ask(api, product_id="P01", count=1)["id"])
    answer = api.get(f"/v1/variants/{job['id']}/pictures/2")
    assert (answer.status_code, answer.json()["code"]) == (404, "variant.picture_not_found")
    assert api.get(f"/v1/variants/{job['id']}/pictures/9").status_code == 422
