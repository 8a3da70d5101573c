"""Prometheus metrics, in a registry of each application's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from engine.types import OutcomeKind, SearchQuery

if TYPE_CHECKING:
    from ingestion.report import IngestionReport

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


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

    def render(self) -> bytes:
        """The text format."""
        return generate_latest(self.registry)


def search_mode(query: SearchQuery) -> str:
    """What kind of search: text, picture or like, with ``+words`` when a change is asked for."""
    reference = "picture" if query.picture is not None else "like" if query.like else ""
    if not reference:
        return "text"
    return f"{reference}+words" if query.modification or query.text else reference
