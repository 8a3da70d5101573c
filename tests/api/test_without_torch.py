"""What searches, ingests and serves never so much as tries to load torch, and works without."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.api.conftest import write_feed
from tests.api.test_located import small_feed

REPOSITORY = Path(__file__).parents[2]
BLOCKED = (
    "torch",
    "torchvision",
    "timm",
    "transformers",
    "open_clip",
    "diffusers",
    "ultralytics",
    "cv2",
)
PREAMBLE = f"""
import importlib.abc, sys

tried = []

class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {BLOCKED!r}:
            tried.append(name)
            raise ImportError(f"{{name}} is blocked", name=name)
        return None

sys.meta_path.insert(0, Blocker())
"""
SEARCH_AND_INGEST = """
from api.cli import run
feed, home = sys.argv[1:3]
place = ["--home", home, "--encoder", "toy"]
codes = [run(["ingest", feed, *place]), run(["search", "--like", "P01", "--but", "red", *place])]
assert codes == [3, 0], codes
"""
SERVE = """
from fastapi.testclient import TestClient
from api.app import create_app
from api.container import Container
from api.settings import Settings
from pathlib import Path
import api.commands.serve
home = Path(sys.argv[2])
settings = Settings(home=home, encoder="toy", hosts=("testserver",))
with TestClient(create_app(Container(settings))) as client:
    assert client.get("/readyz").status_code == 200
    assert client.post("/v1/search", json={"like": "P01", "modify": "but red"}).json()["hits"]
    assert client.post("/v1/detections", json={"like": "P01"}).status_code == 200
"""
COMPACT = """
located = sys.argv[3:5]
assert run(["ingest", located[0], "--home", located[1], "--json"]) == 0
"""
REPORT = """
assert not tried, tried
print("clean")
"""


def test_search_ingest_and_serve_need_no_torch(tmp_path: Path) -> None:
    feed, located = write_feed(tmp_path / "feed"), small_feed(tmp_path / "located")
    code = PREAMBLE + SEARCH_AND_INGEST + SERVE + COMPACT + REPORT
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            code,
            str(feed),
            str(tmp_path / "home"),
            str(located),
            str(tmp_path / "compact"),
        ],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    *_, report, last = done.stdout.splitlines()
    assert last == "clean"
    assert '"located": 2' in done.stdout, report


def test_an_import_of_torch_would_be_seen() -> None:
    code = PREAMBLE + "try:\n    import torch\nexcept ImportError:\n    pass\n" + REPORT
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "AssertionError: ['torch']" in done.stderr
