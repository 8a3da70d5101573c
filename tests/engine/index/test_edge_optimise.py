"""Optimising Edge in another process: nothing is lost, whatever happens meanwhile."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import engine.index.edge as edge_module
import engine.index.shard as shard_module
from engine.errors import IndexUnavailable
from engine.filters import Eq
from engine.index.build import BuildReport, build_in_child
from engine.index.edge import EdgeIndex
from engine.index.memory import MemoryIndex
from engine.types import EncoderId, VectorQuery
from tests.contracts.index_cases import EAST, numbers, pid, point

ROOT = Path(__file__).parents[3]


def encoder(dims: int = 4, revision: str = "1") -> EncoderId:
    return EncoderId(name="test", revision=revision, preprocess="p", dims=dims)


@pytest.fixture
def small_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few hundred points are enough for a graph, so that optimising has something to do.

    Of the payload indexes one is made, for each costs time at creation, copying and building.
    """
    monkeypatch.setattr(shard_module, "INDEXING_KB", 1)
    monkeypatch.setattr(shard_module, "KEYWORD_KEYS", ("colour",))
    monkeypatch.setattr(shard_module, "NUMBER_KEYS", ())


@pytest.mark.usefixtures("small_graphs")
def test_optimising_swaps_the_shard_and_keeps_what_is_written_meanwhile(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    index = EdgeIndex(folder, encoder())
    index.upsert([point(number, words="shirt") for number in range(1, 2001)])
    (before,) = folder.glob("shard-*")

    def write_meanwhile(shard: Path) -> BuildReport:
        index.upsert([point(1, words="hat"), point(9001)])
        index.delete([pid(2)])
        assert index.count() == 2000
        report = build_in_child(shard)
        assert report == BuildReport(points=2000, changed=True)
        index.upsert([point(9002)])
        return report

    monkeypatch.setattr(edge_module, "build_in_child", write_meanwhile)
    index.optimise()
    for _ in range(2):
        (after,) = folder.glob("shard-*")
        assert after != before
        assert index.count() == 2001
        assert numbers(index.retrieve([pid(1), pid(2), pid(9001), pid(9002)])) == [1, 9001, 9002]
        assert numbers(index.search_words("hat")) == [1]
        assert numbers(index.search(VectorQuery(vector=EAST, limit=2))) == [1, 3]
        index.close()
        index = EdgeIndex(folder, encoder())
    index.close()


def test_optimising_with_nothing_to_do_keeps_the_shard(folder: Path):
    index = EdgeIndex(folder, encoder())
    index.upsert([point(1)])
    before = list(folder.glob("shard-*"))
    index.optimise()
    assert list(folder.glob("shard-*")) == before
    index.close()


@pytest.mark.usefixtures("small_graphs")
def test_a_failed_build_leaves_the_old_shard(folder: Path, monkeypatch: pytest.MonkeyPatch):
    index = EdgeIndex(folder, encoder())
    index.upsert([point(number) for number in range(1, 1001)])
    before = list(folder.glob("shard-*"))

    def break_it(shard: Path) -> BuildReport:
        for state in shard.glob("segments/*/segment.json"):
            state.write_bytes(b"\0")
        index.upsert([point(5000)])
        return build_in_child(shard)

    monkeypatch.setattr(edge_module, "build_in_child", break_it)
    with pytest.raises(IndexUnavailable, match="exit 1"):
        index.optimise()
    assert list(folder.glob("shard-*")) == before
    assert index.count() == 1001
    index.close()


@pytest.mark.usefixtures("small_graphs")
def test_a_copy_that_lost_points_is_not_taken(folder: Path, monkeypatch: pytest.MonkeyPatch):
    index = EdgeIndex(folder, encoder())
    index.upsert([point(number) for number in range(1, 1001)])
    index.flush()

    def lose_points(shard: Path) -> BuildReport:
        lossy = edge_module.qdrant.EdgeShard.load(str(shard))
        lossy.update(edge_module.qdrant.UpdateOperation.delete_points([pid(3)]))
        lossy.flush()
        lossy.close()
        return build_in_child(shard)

    monkeypatch.setattr(edge_module, "build_in_child", lose_points)
    with pytest.raises(IndexUnavailable, match="999 points instead of 1000"):
        index.optimise()
    assert index.count() == 1000
    assert len(list(folder.glob("shard-*"))) == 1
    index.close()


OPTIMISER = """
import sys
from pathlib import Path
import engine.index.edge as edge
from engine.types import EncoderId
folder, stage = Path(sys.argv[1]), sys.argv[2]
index = edge.EdgeIndex(folder, EncoderId(name="test", revision="1", preprocess="p", dims=4))
def stop(*_):
    print("now", flush=True)
    sys.stdin.read()
real_build, real_use = edge.build_in_child, index._folder.use
if stage == "building":
    edge.build_in_child = lambda shard: stop()
if stage == "before swap":
    index._folder.use = stop
if stage == "after swap":
    index._folder.use = lambda shard: (real_use(shard), stop())
index.optimise()
"""


@pytest.mark.usefixtures("small_graphs")
@pytest.mark.parametrize("stage", ["building", "before swap", "after swap"])
def test_a_crash_while_optimising_leaves_the_old_shard_or_the_new(folder: Path, stage: str):
    index = EdgeIndex(folder, encoder())
    index.upsert([point(number, words="shirt") for number in range(1, 1001)])
    index.close()
    optimiser = subprocess.Popen(
        [sys.executable, "-c", OPTIMISER, str(folder), stage],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert optimiser.stdout is not None
    assert optimiser.stdout.readline() == "now\n"
    assert len(list(folder.glob("shard-*"))) == 2
    optimiser.send_signal(signal.SIGKILL)
    optimiser.communicate()
    index = EdgeIndex(folder, encoder())
    assert len(list(folder.glob("shard-*"))) == 1
    assert index.count() == 1000
    assert len(index.search_words("shirt", limit=1000)) == 1000
    index.close()


@pytest.mark.usefixtures("small_graphs")
def test_searches_go_on_while_optimising(folder: Path):
    dims = 16
    vectors = np.random.default_rng(3).normal(size=(1500, dims)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = EdgeIndex(folder, encoder(dims))
    index.upsert([point(number, vector) for number, vector in enumerate(vectors, start=1)])
    query = VectorQuery(vector=vectors[5], limit=10, exact=True)
    expected = numbers(index.search(query))
    builder = threading.Thread(target=index.optimise)
    builder.start()
    searches = 0
    while builder.is_alive():
        assert numbers(index.search(query)) == expected
        searches += 1
    builder.join()
    assert searches > 10
    assert numbers(index.search(query)) == expected
    index.close()


@pytest.mark.usefixtures("small_graphs")
@pytest.mark.parametrize("exact_below", [edge_module.EXACT_BELOW, 0])
def test_filters_cost_no_recall_in_a_graph(
    folder: Path, monkeypatch: pytest.MonkeyPatch, exact_below: int
):
    # Filters independent of the vectors are the worst case: a plain graph finds almost nothing.
    monkeypatch.setattr(edge_module, "EXACT_BELOW", exact_below)
    dims = 16
    random_state = np.random.default_rng(5)
    vectors = random_state.normal(size=(2000, dims)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    draws = random_state.random(len(vectors))
    shares = {"red": 0.2, "blue": 0.05, "green": 0.01}
    points = [
        point(row + 1, vector, colour=[name for name, share in shares.items() if draw < share])
        for row, (vector, draw) in enumerate(zip(vectors, draws, strict=True))
    ]
    index = EdgeIndex(folder, encoder(dims))
    exact = MemoryIndex(dims)
    for each in (index, exact):
        each.upsert(points)
    index.optimise()
    for condition in (None, *(Eq("colour", name) for name in shares)):
        right = 0
        for vector in random_state.normal(size=(20, dims)).astype(np.float32):
            query = VectorQuery(vector=vector, condition=condition)
            right += len(set(numbers(index.search(query))) & set(numbers(exact.search(query))))
        assert right / 200 >= 0.98
    index.close()
