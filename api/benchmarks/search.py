"""How long a search takes, where the time goes, and what the index misses."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from engine.blobs import BlobFolder
from engine.catalogue.store import CatalogueStore
from engine.errors import InvalidInput, NotFound
from engine.evaluation.figures import Figure, measured
from engine.evaluation.intervals import bootstrap, row_percentile
from engine.ids import DEFAULT_TENANT
from engine.images import decode_image
from engine.search import SearchService
from engine.types import Product, SearchQuery

__all__ = ["WARM_UP", "Answered", "latency_figures", "measure_latency", "sample_products"]

COLOURS = ("red", "blue", "black", "green", "white", "pink")
WARM_UP = 100
"""Questions of each kind before the clock runs, about other products than those that are timed."""
STAGES = {"encode": "share-encode", "retrieve": "share-retrieve"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Milliseconds of one query, over all and by stage."""

    total_ms: float
    stages_ms: Mapping[str, float]


def sample_products(catalogue: CatalogueStore, count: int) -> list[Product]:
    """Products spread evenly over the catalogue.

    Raises:
        InvalidInput: The catalogue is empty.
    """
    held = list(catalogue.iter_products())
    if not held:
        raise InvalidInput("the catalogue is empty", hint="Fill it first, or give --feed FEED.")
    places = np.linspace(0, len(held) - 1, min(count, len(held)))
    return [held[round(float(place))] for place in places]


def measure_latency(
    search: SearchService, blobs: BlobFolder, products: Sequence[Product]
) -> dict[str, list[Answered]]:
    """Ask by text, by picture and composed, in turn, one question of each kind a product.

    Products are read ahead, as the server does it. Then a share of the questions, drawn with a
    fixed seed, warms up and is not timed.
    """
    search.read_ahead([DEFAULT_TENANT])
    products = random.Random(0).sample(products, len(products))
    colours = cycle(COLOURS)
    questions: dict[str, list[SearchQuery]] = {"text": [], "picture": [], "composed": []}
    for product in products:
        questions["text"].append(SearchQuery(text=product.title[:200]))
        if product.pictures:
            try:
                picture = decode_image(blobs.get(product.pictures[0]))
            except NotFound:
                continue
            questions["picture"].append(SearchQuery(picture=picture))
        questions["composed"].append(
            SearchQuery(like=product.product_id, modification=f"but in {next(colours)}")
        )
    answered: dict[str, list[Answered]] = {}
    for kind, asked in questions.items():
        warm = min(WARM_UP, len(asked) // 3)
        for query in asked[:warm]:
            search.search(query)
        answered[kind] = [_ask(search, query) for query in asked[warm:]]
    return {kind: each for kind, each in answered.items() if each}


def latency_figures(answered: Mapping[str, Sequence[Answered]]) -> list[Figure]:
    """Percentiles, and the shares of encoding, vector search and the rest."""
    figures: list[Figure] = []
    for kind, each in answered.items():
        totals = np.array([one.total_ms for one in each])
        figures.extend(_percentiles(totals, arm="lookalike", condition=kind))
        shares = {
            metric: np.array([one.stages_ms.get(stage, 0.0) for one in each]) / totals
            for stage, metric in STAGES.items()
        }
        shares["share-rest"] = 1 - np.sum(list(shares.values()), axis=0)
        figures.extend(
            measured(bootstrap(values), metric=metric, arm="lookalike", condition=kind)
            for metric, values in shares.items()
        )
    return figures


def timed_ms(run: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) * 1000


def _ask(search: SearchService, query: SearchQuery) -> Answered:
    start = time.perf_counter()
    found = search.search(query)
    return Answered(total_ms=(time.perf_counter() - start) * 1000, stages_ms=dict(found.timings_ms))


def _percentiles(values_ms: NDArray[np.float64], *, arm: str, condition: str) -> list[Figure]:
    return [
        measured(
            bootstrap(values_ms, statistic=row_percentile(percent)),
            metric=f"ms_p{percent}",
            arm=arm,
            condition=condition,
            unit="ms",
        )
        for percent in (50, 95)
    ]
