"""Qdrant Edge: the contract, and what a folder on a disk adds to it."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import engine.index.folder as folder_module
import engine.index.shard as shard_module
from engine.errors import Conflict, IndexLocked, IndexMismatch, IndexUnavailable, InvalidInput
from engine.filters import Eq
from engine.index.edge import EdgeIndex
from engine.index.open import erase_index
from engine.types import EncoderId, VectorQuery
from tests.contracts.index_cases import EAST, numbers, pid, point
from tests.contracts.index_contract import IndexContract, MakeIndex

ROOT = Path(__file__).parents[3]


def encoder(dims: int = 4, revision: str = "1") -> EncoderId:
    return EncoderId(name="test", revision=revision, preprocess="p", dims=dims)


class Shards:
    """Indexes that are emptied and used again: making one takes much longer than a test."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._made: dict[int, EdgeIndex] = {}

    def empty(self, dims: int) -> EdgeIndex:
        try:
            index = self._made[dims]
            index.delete([each for each, _ in index.point_ids()])
        except (KeyError, Conflict):  # not made yet, or closed by a test
            index = EdgeIndex(Path(tempfile.mkdtemp(dir=self._folder)), encoder(dims))
        self._made[dims] = index
        assert index.count() == 0
        return index

    def close(self) -> None:
        for index in self._made.values():
            index.close()


@pytest.fixture(scope="module")
def shards(quick_folder: Path) -> Iterator[Shards]:
    made = Shards(quick_folder)
    yield made
    made.close()


class TestEdgeIndex(IndexContract):
    @pytest.fixture
    def make_index(self, shards: Shards) -> MakeIndex:
        return shards.empty


# --- opening ---


def test_points_are_there_after_reopening(folder: Path):
    index = EdgeIndex(folder, encoder())
    index.upsert([point(1, words="red shirt", colour="red"), point(2)])
    index.close()
    index = EdgeIndex(folder, encoder())
    assert index.count() == 2
    assert numbers(index.search_words("shirts")) == [1]
    assert index.count(Eq("colour", "red")) == 1
    index.close()


def test_a_closed_index_says_so(folder: Path):
    index = EdgeIndex(folder, encoder())
    index.close()
    with pytest.raises(Conflict, match="closed"):
        index.count()


@pytest.mark.parametrize("other", [encoder(revision="2"), encoder(dims=8)], ids=str)
def test_another_encoder_is_refused_by_name(folder: Path, other: EncoderId):
    EdgeIndex(folder, encoder()).close()
    with pytest.raises(IndexMismatch) as caught:
        EdgeIndex(folder, other)
    message = str(caught.value)
    assert encoder().fingerprint in message
    assert other.fingerprint in message
    assert "lookalike ingest --rebuild" in message
    EdgeIndex(folder, encoder()).close()  # the refusal left no lock behind


def test_another_schema_is_refused(folder: Path):
    EdgeIndex(folder, encoder()).close()
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "schema_version": 99}))
    with pytest.raises(IndexMismatch, match="schema 99"):
        EdgeIndex(folder, encoder())


@pytest.mark.parametrize("content", ["", "{", "[]", '{"encoder": 1}', "\udc80"])
def test_a_damaged_manifest_is_a_mismatch(folder: Path, content: str):
    EdgeIndex(folder, encoder()).close()
    (folder / "manifest.json").write_text(content, errors="surrogateescape")
    with pytest.raises(IndexMismatch, match="rebuild"):
        EdgeIndex(folder, encoder())


def test_a_second_opener_learns_who_has_it(folder: Path):
    index = EdgeIndex(folder, encoder())
    script = (
        "import sys; from pathlib import Path; from engine.index.edge import EdgeIndex\n"
        "from engine.types import EncoderId\n"
        "EdgeIndex(Path(sys.argv[1]), EncoderId(name='test', revision='1', preprocess='p', dims=4))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "IndexLocked" in done.stderr
    with pytest.raises(IndexLocked, match=r"process \d+.*Qdrant server"):
        EdgeIndex(folder, encoder())
    with pytest.raises(IndexLocked):
        erase_index(str(folder), encoder())
    index.upsert([point(1)])
    assert index.count() == 1
    index.close()
    EdgeIndex(folder, encoder()).close()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path):
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(InvalidInput, match="holiday"):
        EdgeIndex(tmp_path, encoder())
    with pytest.raises(InvalidInput, match="holiday"):
        erase_index(str(tmp_path), encoder())
    assert [each.name for each in tmp_path.iterdir()] == ["holiday.jpg"]
    with pytest.raises(InvalidInput, match="file"):
        EdgeIndex(tmp_path / "holiday.jpg", encoder())


def test_erase_makes_room_for_another_encoder(folder: Path):
    index = EdgeIndex(folder, encoder())
    index.upsert([point(1)])
    index.close()
    erase_index(str(folder), encoder(dims=8))
    erase_index(str(folder), encoder(dims=8))
    index = EdgeIndex(folder, encoder(dims=8))
    assert index.count() == 0
    index.close()


def test_a_start_that_died_early_is_started_again(folder: Path):
    folder.mkdir()
    (folder / "lock").write_text("1")
    (folder / "manifest.json.tmp").write_text("{")
    (folder / "shard-half").mkdir()
    index = EdgeIndex(folder, encoder())
    assert index.count() == 0
    assert not (folder / "shard-half").exists()
    index.close()


def test_an_old_edge_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shard_module.importlib.metadata, "version", lambda _: "0.8.1")
    with pytest.raises(Exception, match=r"0\.8\.1.*0\.9\.0"):
        EdgeIndex(folder, encoder())


# --- damage: Edge notices nothing, so the counts have to tell ---


def test_a_lost_log_shows_in_the_count(folder: Path):
    # The copy is what a crash would leave: nothing closed, the log not yet applied.
    index = EdgeIndex(folder, encoder())
    index.upsert([point(number) for number in range(1, 101)])
    crashed = folder.with_name("crashed")
    shutil.copytree(folder, crashed)
    index.close()
    (shard,) = crashed.glob("shard-*")
    shutil.rmtree(shard / "wal")
    reopened = EdgeIndex(crashed, encoder())
    assert reopened.count() == len(list(reopened.point_ids())) < 100
    reopened.upsert([point(number) for number in range(1, 101)])
    assert reopened.count() == 100
    reopened.close()


def test_a_lost_shard_opens_empty(folder: Path):
    index = EdgeIndex(folder, encoder())
    index.upsert([point(1)])
    index.close()
    (shard,) = folder.glob("shard-*")
    shutil.rmtree(shard)
    index = EdgeIndex(folder, encoder())
    assert index.count() == 0
    index.close()


def test_a_damaged_segment_is_told(folder: Path):
    index = EdgeIndex(folder, encoder())
    index.upsert([point(1)])
    index.close()
    for state in folder.glob("shard-*/segments/*/segment.json"):
        state.write_bytes(b"\0")
    with pytest.raises(IndexUnavailable, match=r"cannot be loaded.*lookalike ingest --rebuild"):
        EdgeIndex(folder, encoder())
    erase_index(str(folder), encoder())
    EdgeIndex(folder, encoder()).close()


def test_a_full_disk_stops_writing_not_reading(folder: Path, monkeypatch: pytest.MonkeyPatch):
    index = EdgeIndex(folder, encoder())
    index.upsert([point(1), point(2)])
    monkeypatch.setattr(folder_module, "MIN_FREE_BYTES", 1 << 60)
    with pytest.raises(Conflict, match="MiB are free"):
        index.upsert([point(3)])
    with pytest.raises(Conflict, match="MiB are free"):
        index.optimise()
    assert index.count() == 2
    index.delete([pid(1)])
    assert numbers(index.search(VectorQuery(vector=EAST))) == [2]
    index.close()


# --- a killed process ---

WRITER = """
import sys
from pathlib import Path
import numpy as np
from engine.index.edge import EdgeIndex
from engine.types import EncoderId
from tests.contracts.index_cases import pid, point
index = EdgeIndex(Path(sys.argv[1]), EncoderId(name="test", revision="1", preprocess="p", dims=4))
start = int(sys.argv[2])
for batch in range(10_000):
    first = start + batch * 50
    index.upsert([point(n, words=f"shirt {n}", version=str(n)) for n in range(first, first + 50)])
    if batch % 5 == 4:
        index.delete([pid(first)])
    index.flush()
    print(first, batch % 5 == 4, flush=True)
"""


def test_nothing_acknowledged_is_lost_when_the_process_is_killed(folder: Path):
    moments = random.Random(7)
    kept: set[int] = set()
    removed: set[int] = set()
    for run in range(3):
        start = 1 + run * 1_000_000
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder), str(start)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert writer.stdout is not None
        lines = [writer.stdout.readline()]  # the first batch: it is under way
        time.sleep(moments.uniform(0.0, 0.4))
        writer.send_signal(signal.SIGKILL)
        lines += writer.stdout.read().splitlines()
        writer.wait()
        acknowledged = [line.split() for line in lines if line.count(" ") == 1]
        assert acknowledged
        for first, deleted in acknowledged:
            kept.update(range(int(first), int(first) + 50))
            if deleted == "True":
                kept.discard(int(first))
                removed.add(int(first))
        index = EdgeIndex(folder, encoder())
        held = {number_of(each): version for each, version in index.point_ids()}
        assert kept <= held.keys()
        assert not removed & held.keys()
        assert all(version == str(number) for number, version in held.items())
        assert index.count() == len(held)
        sample = moments.choice(sorted(kept))
        assert numbers(index.search_words(str(sample), limit=1)) == [sample]
        index.close()


def number_of(point_id: str) -> int:
    return int(point_id.replace("-", ""), 16)
