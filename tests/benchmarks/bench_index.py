"""Recall, speed and size of an index at the size of a real catalogue.

Run from the repository's root::

    python -m tests.benchmarks.bench_index
    python -m tests.benchmarks.bench_index --npz embeddings.npz --json

Without ``--npz`` (arrays ``picture`` and ``title``, (N, D) unit rows) the vectors are drawn: 48
clusters, titles near their pictures. Filters are independent of the vectors, the worst case for a
graph. Recall is against brute force in numpy, timed in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.filters import And, Eq, Filter, Range, matches
from engine.ids import ProductId
from engine.index.edge import EdgeIndex
from engine.payload import build_point
from engine.types import (
    Attribute,
    EncoderId,
    Facet,
    IndexPoint,
    Product,
    Provenance,
    VectorName,
    VectorQuery,
    Vectors,
)

CLUSTERS = 48
TOP = 10
BATCH = 256
VOCABULARY = 3000
CONDITIONS: dict[str, Filter | None] = {
    "unfiltered": None,
    "20%": Eq(Facet.SEASON.value, "summer"),
    "5%": Eq(Facet.MATERIAL.value, "linen"),
    "1%": And((Eq(Facet.SEASON.value, "summer"), Eq(Facet.MATERIAL.value, "linen"))),
    "price 50%": Range("price_minor", at_most=5000),
}


def main(arguments: list[str] | None = None) -> int:
    """Measure, print a table, with ``--json`` one object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--npz", type=Path, help="file with arrays picture and title")
    parser.add_argument("--points", type=int, default=40_523, help="how many to draw")
    parser.add_argument("--dims", type=int, default=256)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where the index is made (kept)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)

    random = np.random.default_rng(options.seed)
    if options.npz:
        with np.load(options.npz) as arrays:
            pictures, titles = arrays["picture"], arrays["title"]
    else:
        pictures, titles = draw_vectors(random, options.points, options.dims)
    pictures, titles = unit(pictures), unit(titles)
    points = draw_points(random, pictures, titles)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary) / "index"
        results = measure(random, folder, points, pictures, options.queries)
    report = {
        "command": "bench index",
        "machine": {"cpu": cpu_name(), "cores": os.cpu_count(), "gpu": None},
        "points": len(points),
        "dims": pictures.shape[1],
        "vectors": "npz" if options.npz else f"{CLUSTERS} clusters, drawn",
        "results": results,
    }
    if options.json:
        say(json.dumps(report))
    else:
        for each in results:
            value = f"{each['value']:.4g} {each['unit']}"
            say(f"{each['metric']:<14} {each['condition']:<24} {value:>20}")
    return 0


def measure(
    random: np.random.Generator,
    folder: Path,
    points: list[IndexPoint],
    pictures: Vectors,
    queries: int,
) -> list[dict[str, object]]:
    """Fill an index in the folder and ask it everything, before and after optimising."""
    results: list[dict[str, object]] = []

    def note(metric: str, condition: str, value: float, unit_name: str, n: int = 1) -> None:
        results.append(
            {
                "metric": metric,
                "arm": "edge",
                "condition": condition,
                "value": value,
                "n": n,
                "unit": unit_name,
            }
        )
        sys.stderr.write(f"{metric} {condition} {value:.4g} {unit_name}\n")

    encoder = EncoderId(name="bench", revision="1", preprocess="1", dims=pictures.shape[1])
    index = EdgeIndex(folder, encoder)
    seconds = timed(lambda: fill(index, points))
    note("upsert", "flush each 256", len(points) / seconds, "points/s", len(points))
    wanted = unit(
        pictures[random.integers(0, len(points), queries)]
        + random.normal(0, 0.3 / pictures.shape[1] ** 0.5, (queries, pictures.shape[1]))
    )
    ask(index, note, points, pictures, wanted[: queries // 5], stage="new")
    note("optimise", "in a child process", timed(index.optimise), "s")
    ask(index, note, points, pictures, wanted, stage="optimised")
    note("close", "", timed(index.close), "s")
    used = sum(p.stat().st_blocks * 512 for p in folder.rglob("*") if p.is_file())
    note("disk", "", used / 2**20, "MiB")
    started = time.perf_counter()
    index = EdgeIndex(folder, encoder)
    note("open", "", time.perf_counter() - started, "s")
    note("list ids", "", timed(lambda: list(index.point_ids())), "s", index.count())
    index.close()
    return results


def ask(
    index: EdgeIndex,
    note: Callable[..., None],
    points: list[IndexPoint],
    pictures: Vectors,
    wanted: Vectors,
    *,
    stage: str,
) -> None:
    """Recall and latency of searches, words, counts and facets."""
    rows = {point.point_id: row for row, point in enumerate(points)}
    for name, condition in CONDITIONS.items():
        passing = np.array([matches(condition, point.payload) for point in points])
        found_right, times_ms, brute_ms = 0, [], []
        for vector in wanted:
            query = VectorQuery(vector=vector, condition=condition, limit=TOP)
            started = time.perf_counter()
            hits = index.search(query)
            times_ms.append((time.perf_counter() - started) * 1e3)
            started = time.perf_counter()
            scores = np.where(passing, pictures @ vector, -2)
            best = np.argpartition(-scores, TOP)[:TOP]
            brute_ms.append((time.perf_counter() - started) * 1e3)
            found_right += len({rows[hit.point_id] for hit in hits} & set(best.tolist()))
        where = f"{name}, {stage}"
        count = len(wanted)
        note("recall@10", where, found_right / (TOP * count), "fraction", count)
        note("search_p50", where, float(np.percentile(times_ms, 50)), "ms", count)
        note("search_p95", where, float(np.percentile(times_ms, 95)), "ms", count)
        note("numpy_p50", where, float(np.percentile(brute_ms, 50)), "ms", count)
    calls: dict[str, Callable[[int], object]] = {
        "words_p": lambda turn: index.search_words(points[turn * 7].words, limit=TOP),
        "words_20%_p": lambda turn: index.search_words(
            points[turn * 7].words, condition=CONDITIONS["20%"], limit=TOP
        ),
        "count_20%_p": lambda turn: index.count(CONDITIONS["20%"]),
        "facet_p": lambda turn: index.facet(Facet.COLOUR),
        "facet_20%_p": lambda turn: index.facet(Facet.COLOUR, condition=CONDITIONS["20%"]),
    }
    for name, call in calls.items():
        times_ms = [timed(call, turn) * 1e3 for turn in range(len(wanted))]
        note(f"{name}50", stage, float(np.percentile(times_ms, 50)), "ms", len(wanted))
        note(f"{name}95", stage, float(np.percentile(times_ms, 95)), "ms", len(wanted))


def fill(index: EdgeIndex, points: list[IndexPoint]) -> None:
    """Write in batches, each flushed, as ingestion does."""
    for start in range(0, len(points), BATCH):
        index.upsert(points[start : start + BATCH])
        index.flush()


def draw_vectors(random: np.random.Generator, count: int, dims: int) -> tuple[Vectors, Vectors]:
    """Clustered pictures (N, D), and titles (N, D) near them."""
    centres = random.normal(size=(CLUSTERS, dims))
    spread = random.normal(size=(count, dims)) * 0.7
    pictures = centres[random.integers(0, CLUSTERS, count)] + spread
    titles = pictures + random.normal(size=(count, dims)) * 0.5
    return unit(pictures), unit(titles)


def draw_points(
    random: np.random.Generator, pictures: Vectors, titles: Vectors
) -> list[IndexPoint]:
    """Products with attributes as a feed has them, independent of the vectors."""
    vocabulary = np.array([f"word{number}" for number in range(VOCABULARY)])
    frequency = 1 / np.arange(1, VOCABULARY + 1)
    frequency /= frequency.sum()
    points: list[IndexPoint] = []
    for row, (picture, title) in enumerate(zip(pictures, titles, strict=True)):
        attributes = {
            Facet.TYPE: f"type {random.integers(140)}",
            Facet.COLOUR: f"colour {random.integers(46)}",
            Facet.GENDER: f"gender {random.integers(5)}",
            Facet.SEASON: "summer" if random.random() < 0.2 else "winter",
            Facet.MATERIAL: "linen" if random.random() < 0.05 else "cotton",
        }
        product = Product(
            product_id=ProductId(f"sku-{row}"),
            title=" ".join(random.choice(vocabulary, 6, p=frequency)),
            brand=f"brand {int(random.zipf(1.5)) % 500}",
            price_minor=int(random.integers(500, 9500)),
            currency="EUR",
            attributes=tuple(
                Attribute(name=name, value=value, provenance=Provenance.FEED)
                for name, value in attributes.items()
            ),
        )
        vectors = {VectorName.PICTURE: picture, VectorName.TITLE: title}
        points.append(build_point(product, vectors, version=f"{row:032x}"))
    return points


def unit(vectors: NDArray[np.floating]) -> Vectors:
    """Rows at unit length, float32."""
    wide = vectors.astype(np.float64)
    return (wide / np.linalg.norm(wide, axis=1, keepdims=True)).astype(np.float32)


def timed(call: Callable[..., object], *arguments: object) -> float:
    """Seconds that a call takes."""
    started = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - started


def cpu_name() -> str:
    """As Linux names it, or the architecture."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def say(line: str) -> None:
    """One line on stdout."""
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
