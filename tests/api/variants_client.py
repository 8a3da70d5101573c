"""What the tests of variants share: an API whose renderer dyes, and waiting for its jobs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from api.app import create_app
from api.container import Container
from api.settings import Limits, Settings
from engine.ports import Renderer
from tests.api.pictures import encoded, garment
from tests.dyes import a_source

PATIENCE_S = 60.0
SOURCE = a_source("P08", "ab" * 32)


@contextmanager
def variants_api(home: Path, *renderers: Renderer, **limits: Any) -> Iterator[TestClient]:
    """A running API over a home, drawn for by doubles."""
    settings = Settings(home=home, encoder="toy", hosts=("testserver",), limits=Limits(**limits))
    container = Container(settings, renderers={each.name: each for each in renderers})
    with TestClient(create_app(container), raise_server_exceptions=False) as client:
        yield client


def ask(client: TestClient, **request: Any) -> dict[str, Any]:
    """The job of a request that is taken."""
    answer = client.post("/v1/variants", json={"modification": "but red", "count": 2} | request)
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert answer.headers["location"] == f"/v1/variants/{job['id']}"
    return job


def until(client: TestClient, job_id: str, *statuses: str, done: int = 0) -> dict[str, Any]:
    """The job, once it has one of these statuses and so many pictures."""
    end_s = time.monotonic() + PATIENCE_S
    job: dict[str, Any] = {}
    while time.monotonic() < end_s:
        job = client.get(f"/v1/variants/{job_id}").json()
        if job["status"] in statuses and job["done"] >= done:
            return job
        time.sleep(0.02)
    raise AssertionError(f"the job did not become {statuses} with {done} pictures: {job}")


def finished(client: TestClient, job_id: str) -> dict[str, Any]:
    """The job, once it has ended."""
    return until(client, job_id, "done", "failed", "cancelled")


def upload(client: TestClient, colour: str = "blue", size_wh: tuple[int, int] = (300, 400)) -> str:
    """The name of a garment's picture that was uploaded."""
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
