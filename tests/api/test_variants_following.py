"""Variants over HTTP: drawn once, followed, cancelled, closed upon."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from engine.catalogue.store import open_catalogue
from engine.rendering import DrawRequest, Rendering
from tests.api.variants_client import SOURCE, ask, events, finished, until, variants_api
from tests.dyes import DyeingRenderer


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
