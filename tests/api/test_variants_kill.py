"""A server that is killed while it draws, and started again, draws the rest."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from tests.api.pictures import encoded, garment

PICTURES = 6
PATIENCE_S = 120.0


@contextmanager
def serving(home: Path, port: int) -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    """A real server process, ready."""
    command = [sys.executable, "-c", "from api.cli import main; main()", "serve"]
    environment = {**os.environ, "LOOKALIKE_ENCODER": "toy", "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [*command, "--home", str(home), "--port", str(port)],
        cwd=Path(__file__).parents[2],
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)
    try:
        end_s = time.monotonic() + PATIENCE_S
        while True:
            assert process.poll() is None, "the server ended"
            assert time.monotonic() < end_s, "the server did not become ready"
            try:
                if client.get("/readyz").status_code == 200:
                    break
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        yield process, client
    finally:
        client.close()
        process.kill()
        process.wait()


def until(client: httpx.Client, url: str, *, done: int) -> dict[str, Any]:
    """The job, once it has so many pictures."""
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        job = client.get(url).json()
        assert job["status"] not in ("failed", "cancelled"), job
        if job["done"] >= done:
            return job
        time.sleep(0.01)
    raise AssertionError(f"no {done} pictures came: {job}")


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_killed_server_draws_the_rest(stocked_home: Path, tmp_path: Path, port: int) -> None:
    home = tmp_path / "home"
    shutil.copytree(stocked_home, home)
    # Large, so that there is time to kill between two pictures.
    data = encoded(garment("blue", size_wh=(750, 1000)), "JPEG")
    with serving(home, port) as (process, client):
        answer = client.post(
            "/v1/variants",
            files={"picture": ("a.jpg", data, "image/jpeg")},
            data={"request": json.dumps({"modification": "but red", "count": PICTURES})},
        )
        assert answer.status_code == 202, answer.text
        url = answer.headers["location"]
        before = until(client, url, done=1)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert before["done"] < PICTURES, "killed too late to test anything"
    shutil.rmtree(home / "uploads")  # the shopper's upload may expire meanwhile

    with serving(home, port) as (_, client):
        job = until(client, url, done=PICTURES)
        assert [each["seed"] for each in job["variants"]] == list(range(PICTURES))
        assert job["variants"][: before["done"]] == before["variants"]
        for each in job["variants"]:
            picture = client.get(each["image_url"])
            assert picture.status_code == 200
            assert b"lookalike:generated" in picture.content
        end_s = time.monotonic() + PATIENCE_S
        while client.get(url).json()["status"] != "done":
            assert time.monotonic() < end_s
            time.sleep(0.05)
        assert not list((home / "variants").rglob("*.part"))
        assert not list((home / "variants").rglob("reference"))
