"""Many requests for variants at once: what becomes of them, and of searches meanwhile."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from api.benchmarks.served import Served
from engine.errors import LookalikeError
from engine.evaluation.figures import Figure, measured
from engine.evaluation.intervals import bootstrap, row_percentile

__all__ = ["load_figures", "measure_load"]

COLOURS = ("red", "green", "blue", "yellow", "black", "white", "pink", "purple")
_WARM_UP = 20
_LOOK_EVERY_S = 0.5
_ENDS = ("done", "failed", "cancelled")


@dataclass(slots=True)
class Load:
    """What was seen.

    Attributes:
        before_ms: Of each search before.
        during_ms: Of each search while variants were asked for and drawn.
        submit_ms: Of each request for variants, taken or not.
        job_s: From each request that was taken to its last picture.
        outcomes: How the requests ended: done, failed, cancelled, or refused.
        retry_after_s: What the refused ones were told.
    """

    before_ms: list[float] = field(default_factory=list[float])
    during_ms: list[float] = field(default_factory=list[float])
    submit_ms: list[float] = field(default_factory=list[float])
    job_s: list[float] = field(default_factory=list[float])
    outcomes: list[str] = field(default_factory=list[str])
    retry_after_s: list[int] = field(default_factory=list[int])


def measure_load(
    served: Served, products: Sequence[str], *, requests: int, count: int, searches: int, seed: int
) -> Load:
    """Search alone, then search on while variants are asked for all at once and drawn.

    Args:
        served: A server with the products in its catalogue.
        products: Ids.
        requests: For variants, at once.
        count: Pictures of each.
        searches: Before, and at least so many during.
        seed: Of the first picture; one that no request has had yet.
    """
    load = Load()
    questions = _questions(products)
    for _ in range(_WARM_UP):
        _search(served, next(questions))
    load.before_ms = [_search(served, next(questions)) for _ in range(searches)]
    asked = [
        {
            "product_id": products[number % len(products)],
            "modification": f"but {COLOURS[number % len(COLOURS)]}",
            "count": count,
            "seed": seed,
        }
        for number in range(requests)
    ]
    busy = threading.Event()

    def search_on() -> None:
        while not busy.is_set() or len(load.during_ms) < searches:
            load.during_ms.append(_search(served, next(questions)))

    with ThreadPoolExecutor(requests + 1) as callers:
        searching = callers.submit(search_on)
        try:
            for ended in [callers.submit(_ask, served, each, load) for each in asked]:
                ended.result()
        finally:
            busy.set()
        searching.result()
    return load


def load_figures(load: Load) -> list[Figure]:
    """Latencies of searches and of requests, times of jobs, and how the requests ended."""
    before, during = np.array(load.before_ms), np.array(load.during_ms)
    figures = [
        measured(
            bootstrap(values, statistic=row_percentile(percent)),
            metric=f"ms_p{percent}", arm=arm, condition=condition, unit="ms",
        )
        for condition, arm, values in (
            ("before", "search", before),
            ("during", "search", during),
            ("during", "submit", np.array(load.submit_ms)),
        )
        for percent in (50, 95)
    ]  # fmt: skip
    ratio = float(np.percentile(during, 95) / np.percentile(before, 95))
    figures.append(
        Figure(
            metric="ratio", arm="during/before", condition="search p95", value=ratio,
            n=len(during), unit="ratio",
        )
    )  # fmt: skip
    if load.job_s:
        figures.append(
            measured(
                bootstrap(np.array(load.job_s), statistic=row_percentile(50)),
                metric="seconds", arm="job", condition="during", unit="s",
            )
        )  # fmt: skip
    figures += [
        Figure(
            metric="requests", arm=outcome, condition="during", unit="count",
            value=load.outcomes.count(outcome), n=len(load.outcomes),
        )
        for outcome in sorted({"done", "refused", *load.outcomes})
    ]  # fmt: skip
    return figures


def _questions(products: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Like each product in turn, but in another colour; no two are the same for long."""
    colours = itertools.cycle(COLOURS[:-1])
    for product in itertools.cycle(products):
        yield {"like": product, "modify": f"but in {next(colours)}", "limit": 24}


def _search(served: Served, question: dict[str, Any]) -> float:
    answer = served.ask("POST", "/v1/search", question)
    if answer.status != 200:
        raise LookalikeError(f"a search was answered with {answer.status}: {answer.body}")
    return answer.seconds * 1000


def _ask(served: Served, request: dict[str, Any], load: Load) -> None:
    answer = served.ask("POST", "/v1/variants", request)
    load.submit_ms.append(answer.seconds * 1000)
    if answer.status == 429:
        load.outcomes.append("refused")
        load.retry_after_s.append(int(answer.headers["retry-after"]))
        return
    if answer.status == 422:  # it has that colour already
        load.outcomes.append("nothing to draw")
        return
    if answer.status != 202:
        raise LookalikeError(f"variants were answered with {answer.status}: {answer.body}")
    started, job = time.perf_counter(), answer.body
    while job["status"] not in _ENDS:
        time.sleep(_LOOK_EVERY_S)
        job = served.ask("GET", f"/v1/variants/{job['id']}").body
    load.job_s.append(time.perf_counter() - started)
    load.outcomes.append(job["status"])
