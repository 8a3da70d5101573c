"""Prometheus metrics, in a registry of each application's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from engine.types import OutcomeKind, SearchQuery

if TYPE_CHECKING:
    from ingestion.report import IngestionReport

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_DRAWING_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0)


class Metrics:
    """What `/metrics` shows."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._search = Histogram(
            "lookalike_search_seconds",
            "Time from the decoded request to the answer.",
            ("mode", "status"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._stage = Histogram(
            "lookalike_search_stage_seconds",
            "Time of one stage of a search.",
            ("stage",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._zero = Counter(
            "lookalike_results_zero",
            "Searches without a result.",
            ("mode",),
            registry=self.registry,
        )
        self._requests = Counter(
            "lookalike_http_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._rows = Counter(
            "lookalike_ingest_rows",
            "Rows of the feeds that this process ingested, by how they ended.",
            ("outcome",),
            registry=self.registry,
        )
        self._variant_jobs = Counter(
            "lookalike_variants_jobs",
            "Requests for variants that have ended here, by how.",
            ("outcome",),
            registry=self.registry,
        )
        for outcome in ("done", "cached", "failed", "cancelled"):
            self._variant_jobs.labels(outcome=outcome)
        self._variant = Histogram(
            "lookalike_variants_picture_seconds",
            "Time of drawing one picture.",
            ("engine",),
            buckets=_DRAWING_SECONDS,
            registry=self.registry,
        )
        self._variants_waiting = Gauge(
            "lookalike_variants_queue",
            "Requests for variants that wait, over all processes.",
            registry=self.registry,
        )
        for kind in OutcomeKind:
            self._rows.labels(outcome=kind.value)

    def on_search(
        self, query: SearchQuery, *, seconds: float, timings_ms: Mapping[str, float], hits: int
    ) -> None:
        """Count a search that was answered."""
        mode = search_mode(query)
        self._search.labels(mode=mode, status="ok").observe(seconds)
        for stage, ms in timings_ms.items():
            self._stage.labels(stage=stage).observe(ms / 1000)
        if hits == 0 and not query.cursor:
            self._zero.labels(mode=mode).inc()

    def on_search_error(self, query: SearchQuery, *, seconds: float, code: str) -> None:
        """Count a search that failed, by the error's code."""
        self._search.labels(mode=search_mode(query), status=code).observe(seconds)

    def on_request(self, *, method: str, route: str, status: int) -> None:
        """Count a request; `route` is the path's template, so that ids make no labels."""
        self._requests.labels(method=method, route=route, status=str(status)).inc()

    def on_ingested(self, report: IngestionReport | None) -> None:
        """Count the rows of an ingestion that has ended."""
        for outcome, count in (report.counts if report else {}).items():
            self._rows.labels(outcome=outcome).inc(count)

    def on_variant(self, engine: str, seconds: float) -> None:
        """Count a picture that was drawn."""
        self._variant.labels(engine=engine).observe(seconds)

    def on_variants_job(self, outcome: str) -> None:
        """Count a job of variants that has ended."""
        self._variant_jobs.labels(outcome=outcome).inc()

    def count_waiting_variants(self, waiting: Callable[[], int]) -> None:
        """Ask for the length of the queue whenever somebody looks."""
        self._variants_waiting.set_function(waiting)

    def render(self) -> bytes:
        """The text format."""
        return generate_latest(self.registry)


def search_mode(query: SearchQuery) -> str:
    """What kind of search: text, picture or like, with ``+words`` when a change is asked for."""
    reference = "picture" if query.picture is not None else "like" if query.like else ""
    if not reference:
        return "text"
    return f"{reference}+words" if query.modification or query.text else reference
