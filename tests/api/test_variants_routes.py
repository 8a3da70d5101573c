"""Variants over HTTP: asking, following, cancelling, pictures, limits, what is refused."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.catalogue.store import open_catalogue
from engine.images import decode_image
from engine.provenance import is_generated, pixel_hash_of
from engine.rendering import DrawRequest, Rendering
from engine.types import Facet
from tests.api.pictures import encoded, garment
from tests.api.variants_client import ask, finished, until, variants_api
from tests.dyes import DyeingRenderer, a_source

SOURCE = a_source("P08", "ab" * 32)


@pytest.fixture(scope="module")
def dyes() -> DyeingRenderer:
    return DyeingRenderer(sources=[SOURCE])


@pytest.fixture(scope="module")
def api(home: Path, dyes: DyeingRenderer) -> Iterator[TestClient]:
    with variants_api(home, dyes, DyeingRenderer("other"), variants_waiting=200) as client:
        yield client


@pytest.fixture
def own_home(stocked_home: Path, tmp_path: Path) -> Path:
    """A home that one test has to itself."""
    shutil.copytree(stocked_home, tmp_path / "home")
    return tmp_path / "home"


def upload(client: TestClient, colour: str = "blue", size_wh: tuple[int, int] = (300, 400)) -> str:
    data = encoded(garment(colour, size_wh=size_wh), "JPEG")
    answer = client.post("/v1/pictures", files={"picture": ("a.jpg", data, "image/jpeg")})
    return answer.json()["picture"]


def events(client: TestClient, job_id: str) -> list[dict[str, Any]]:
    """All events of a job until its stream ends."""
    with client.stream("GET", f"/v1/variants/{job_id}/events") as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        text = "".join(answer.iter_text())
    told = [each for each in text.split("\n\n") if each and not each.startswith(":")]
    assert all(each.startswith("event: job\ndata: ") for each in told)
    return [json.loads(each.split("data: ", 1)[1]) for each in told]


# --- asking ------------------------------------------------------------------------------------


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


# --- drawn once --------------------------------------------------------------------------------


def test_what_was_drawn_is_there_at_once(api: TestClient, dyes: DyeingRenderer) -> None:
    first = finished(api, ask(api, product_id="P06", modification="but blue", seed=7)["id"])
    before = len(dyes.drawn)
    again = ask(api, product_id="P06", modification="in blue please", seed=7)
    assert (again["status"], again["done"], again["cached"]) == ("done", 2, True)
    assert again["id"] != first["id"]
    assert again["modification"] == "in blue please"
    data = api.get(again["variants"][0]["image_url"]).content
    assert b"in blue please" in data
    assert b"but blue" not in data, "somebody else's words"
    overlap = finished(api, ask(api, product_id="P06", modification="but blue", seed=8)["id"])
    assert dyes.drawn[before:] == [9]
    assert not overlap["cached"]
    assert overlap["variants"][0]["seed"] == 8


@pytest.mark.parametrize(
    "other",
    [
        {"modification": "but blue"},
        {"product_id": "P14"},
        {"engine": "other"},
        {"seed": 200},
        {"box": [0.1, 0.1, 0.9, 0.9]},
    ],
)
def test_another_request_draws_another_picture(api: TestClient, other: dict[str, Any]) -> None:
    request: dict[str, Any] = {"product_id": "P10", "modification": "but red", "seed": 100}
    finished(api, ask(api, **request)["id"])
    job = finished(api, ask(api, **(request | other))["id"])
    assert (job["status"], job["cached"]) == ("done", False)


def test_what_a_product_helped_to_draw_is_drawn_anew_once_the_shop_has_changed(
    own_home: Path,
) -> None:
    dyes = DyeingRenderer(sources=[SOURCE])
    with variants_api(own_home, dyes) as api:
        request = {"product_id": "P01", "modification": "but red", "count": 1}
        finished(api, ask(api, **request)["id"])
        assert ask(api, **request)["cached"]
        api.app.state.parts.container.catalogue.delete([SOURCE.product_id])
        again = finished(api, ask(api, **request)["id"])
        assert not again["cached"]
    assert dyes.drawn == [0, 0]


def test_the_same_request_in_flight_is_drawn_once(own_home: Path) -> None:
    gate = threading.Semaphore(0)
    dyes = DyeingRenderer(gate=gate)
    with variants_api(own_home, dyes, variants_at_once=3) as api:
        jobs = [ask(api, product_id="P01") for _ in range(4)]
        for _ in range(2):
            gate.release()
        ended = [finished(api, each["id"]) for each in jobs]
    assert [each["status"] for each in ended] == ["done"] * 4
    assert dyes.drawn == [0, 1]
    assert sorted(each["cached"] for each in ended) == [False, True, True, True]


# --- following and cancelling ------------------------------------------------------------------


def test_events_tell_each_change_and_end(own_home: Path) -> None:
    gate = threading.Semaphore(0)
    with variants_api(own_home, DyeingRenderer(gate=gate)) as api:
        first = ask(api, product_id="P01")
        second = ask(api, product_id="P02", modification="but blue", count=3)
        until(api, first["id"], "running")
        told: list[dict[str, Any]] = []
        listening = threading.Thread(target=lambda: told.extend(events(api, second["id"])))
        listening.start()
        for done in range(1, 6):
            gate.release()
            job = first["id"] if done <= 2 else second["id"]
            until(api, job, "running", "done", done=done if done <= 2 else done - 2)
        listening.join(timeout=60)
        assert not listening.is_alive()
        again = events(api, second["id"])
    assert [told[0]["status"], told[0]["position"]] == ["queued", 1]
    assert [told[-1]["status"], told[-1]["done"]] == ["done", 3]
    counts = [each["done"] for each in told]
    assert counts == sorted(counts)
    assert {0, 1, 2, 3} >= set(counts) >= {0, 3}
    assert all(a != b for a, b in pairwise(told))
    assert again == [told[-1]], "who connects again gets the present state"


def test_positions_count_who_waits_before(own_home: Path) -> None:
    gate = threading.Semaphore(0)
    with variants_api(own_home, DyeingRenderer(gate=gate)) as api:
        first = ask(api, product_id="P01")
        until(api, first["id"], "running")
        waiting = [ask(api, product_id=f"P0{n}", modification="but blue")["id"] for n in (2, 4, 6)]
        assert [api.get(f"/v1/variants/{each}").json()["position"] for each in waiting] == [1, 2, 3]
        assert api.delete(f"/v1/variants/{waiting[0]}").json()["status"] == "cancelled"
        assert [api.get(f"/v1/variants/{each}").json()["position"] for each in waiting] == [0, 1, 2]
        assert "lookalike_variants_queue 2.0" in api.get("/metrics").text
        for _ in range(8):
            gate.release()
        for each in waiting[1:]:
            assert finished(api, each)["status"] == "done"


def test_cancelling_stops_between_pictures_and_keeps_those_made(own_home: Path) -> None:
    gate = threading.Semaphore(1)
    dyes = DyeingRenderer(gate=gate)
    with variants_api(own_home, dyes) as api:
        job = ask(api, product_id="P01", count=4)
        until(api, job["id"], "running", done=1)
        ended = api.delete(f"/v1/variants/{job['id']}").json()
        assert (ended["status"], ended["done"]) == ("cancelled", 1)
        assert ended["expires_at"] > ended["finished_at"] > ""
        assert api.delete(f"/v1/variants/{job['id']}").json() == ended, "not idempotent"
        assert events(api, job["id"]) == [ended]
        gate.release()  # the picture that was being drawn
        following = ask(api, product_id="P02", modification="but blue", count=1)
        gate.release()
        assert finished(api, following["id"])["status"] == "done"
        assert api.get(f"/v1/variants/{job['id']}").json() == ended
        assert api.get(ended["variants"][0]["image_url"]).status_code == 200
        assert len(dyes.drawn) == 3
        done = finished(api, following["id"])
        assert api.delete(f"/v1/variants/{following['id']}").json() == done
        text = api.get("/metrics").text
        assert 'lookalike_variants_jobs_total{outcome="cancelled"} 1.0' in text
        assert 'lookalike_variants_picture_seconds_count{engine="dyes"} 3.0' in text


# --- limits and refusals -----------------------------------------------------------------------


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


def test_closing_waits_for_a_picture_that_still_needs_other_parts(own_home: Path) -> None:
    gate = threading.Semaphore(0)

    class Asking(DyeingRenderer):
        """Needs a part of the container for each picture, as one with a bank does."""

        def draw(self, request: DrawRequest, seeds: Sequence[int]) -> Iterator[Rendering]:
            for each in super().draw(request, seeds):
                gate.acquire()
                assert container.blobs
                yield each

    with variants_api(own_home, Asking()) as api:
        container = api.app.state.parts.container
        job = ask(api, product_id="P01", count=3)
        until(api, job["id"], "running")
        threading.Timer(0.3, gate.release).start()
    renders = open_catalogue(f"sqlite:///{own_home / 'catalogue.sqlite'}").renders
    record = renders.get(job["id"], now_s=0)
    assert (record.status.value, record.attempts, len(record.pictures)) == ("queued", 0, 1)
