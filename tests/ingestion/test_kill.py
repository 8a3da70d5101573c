"""Killed at random moments and run again, an ingestion loses, doubles and invents nothing."""

from __future__ import annotations

import csv
import multiprocessing
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.blobs import BlobFolder
from engine.catalogue.store import ProductState, open_catalogue
from engine.ids import DEFAULT_TENANT, ProductId, point_id
from engine.index.open import open_index
from engine.reconcile import reconcile
from ingestion.options import IngestOptions
from ingestion.pipeline import ingest
from models.toy import ToyEncoder
from tests.ingestion import killed
from tests.ingestion.shop import picture_bytes

KILLS = 20
PRODUCTS = 4_000
SEED = 20_240
COLOURS = ("red", "blue", "green", "black", "white", "yellow", "pink", "brown", "grey", "purple")


def write_feed(folder: Path) -> Path:
    """Products whose pictures and titles repeat, so that embedding them costs little."""
    folder.mkdir()
    for place, _ in enumerate(COLOURS):
        shade = (25 * place, 255 - 25 * place, 90)
        (folder / f"{place}.png").write_bytes(picture_bytes(shade))
    path = folder / "feed.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "title", "image_link", "price"])
        for place in range(PRODUCTS):
            colour = place % len(COLOURS)
            writer.writerow(
                [f"P{place}", f"{COLOURS[colour]} dress", f"{colour}.png", f"{place + 1}.00 EUR"]
            )
    return path


def run_and_kill(folder: Path, batches: int, then_s: float) -> tuple[set[str], bool]:
    """Start the child and kill it some time after it acknowledged some batches.

    Counting batches first keeps the moments spread over the whole feed on any machine.

    Returns:
        What it had acknowledged, and whether it was done before.
    """
    context = multiprocessing.get_context("forkserver")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=killed.run, args=(str(folder), theirs))
    child.start()
    theirs.close()
    assert ours.recv() == "open"
    acknowledged: set[str] = set()
    done = False
    try:
        for _ in range(batches):
            message = ours.recv()
            if message == "done":
                done = True
                break
            acknowledged.update(message)
        time.sleep(then_s)
        child.kill()
        child.join()
        while True:  # what it had said by then; the pipe ends with the child
            message = ours.recv()
            acknowledged.update([] if message == "done" else message)
            done = done or message == "done"
    except (EOFError, OSError):  # OSError: the kill came within a message
        return acknowledged, done
    finally:
        child.kill()
        child.join()


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder in memory where there is one: a kill spares what was not synced."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


def test_killed_twenty_times(home: Path):
    multiprocessing.get_context("forkserver").set_forkserver_preload([killed.__name__])
    feed = write_feed(home / "feed")
    seeded = random.Random(SEED)
    acknowledged: set[str] = set()
    progress: list[int] = []
    for _ in range(KILLS):
        told, done = run_and_kill(home, seeded.randrange(8), seeded.uniform(0.0, 0.06))
        assert not done, "the feed is too short for as many kills"
        acknowledged |= told
        progress.append(len(acknowledged))
    assert progress[-1] > PRODUCTS / 8, "the kills came too early to test anything"

    encoder = ToyEncoder()
    catalogue = open_catalogue(str(home / "catalogue.sqlite"))
    index = open_index(str(home / "index"), encoder.encoder_id)
    reconcile(catalogue, index, encoder_id=encoder.encoder_id)
    held = dict(index.point_ids())
    stamps = catalogue.stamps()
    by_id = {point_id(DEFAULT_TENANT, ProductId(each)): each for each in stamps}
    assert acknowledged <= {by_id[each] for each in held if each in by_id}, "lost"
    assert set(held) <= set(by_id), "phantoms"
    assert len(held) == index.count(), "doubles"

    report = ingest(
        feed,
        options=IngestOptions(),
        catalogue=catalogue,
        index=index,
        blobs=BlobFolder(home / "blobs"),
        encoder=encoder,
        predictor=encoder,
    )
    assert report.unchanged >= len(acknowledged)
    assert report.rows == report.indexed + report.unchanged == PRODUCTS
    assert index.count() == catalogue.count() == PRODUCTS
    stamps = catalogue.stamps()
    assert {each.state for each in stamps.values()} == {ProductState.INDEXED}
    versions = {by: stamps[ProductId(f"P{n}")].version
                for n in range(PRODUCTS)
                for by in [point_id(DEFAULT_TENANT, ProductId(f"P{n}"))]}  # fmt: skip
    assert dict(index.point_ids()) == versions
    index.close()
    catalogue.close()
