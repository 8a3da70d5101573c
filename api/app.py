"""The HTTP application."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from anyio import to_thread
from fastapi import FastAPI

from api.callers import CallerGuard
from api.container import Container
from api.errors import install_errors
from api.limits import BodyLimit, Gate
from api.metrics import Metrics
from api.middleware import RequestFrame
from api.openapi import build_openapi
from api.renditions import Renditions
from api.routes import (
    detections,
    health,
    ingestions,
    page,
    pictures,
    products,
    search,
    variants,
)
from api.state import AppState
from api.variants.engines import any_engine
from api.variants.worker import WorkerEvents
from api.version import lookalike_version
from engine.errors import LookalikeError

if TYPE_CHECKING:
    from api.feed_uploads import FeedUploads
    from engine.catalogue.jobs import JobRecord
    from engine.catalogue.store import CatalogueStore
    from engine.search import SearchService
    from ingestion.report import IngestionReport

__all__ = ["create_app"]

logger = logging.getLogger(__name__)
_LOOKS_WAITING = 16
_PICTURES_WAITING = 256
_DESCRIPTION = (
    "Multimodal fashion product search: show a picture or a product and say what should be"
    " different. Errors are problem documents (RFC 9457)."
)


def create_app(container: Container) -> FastAPI:
    """The application over a container, which it opens at start and closes at the end."""
    limits = container.settings.limits
    metrics = Metrics()
    state = AppState(
        container=container,
        metrics=metrics,
        searches=Gate(at_once=limits.searches_at_once, waiting=limits.searches_waiting),
        # A page of results asks for its pictures all at once; they must not delay searches.
        pictures=Gate(at_once=limits.searches_at_once, waiting=_PICTURES_WAITING),
        # A gallery takes as long as a hundred searches, which must not wait for it.
        looks=Gate(at_once=1, waiting=_LOOKS_WAITING),
        # As many may ask at once as may wait afterwards.
        variants=Gate(at_once=1, waiting=limits.variants_waiting),
        renditions=Renditions(most_bytes=limits.picture_cache_bytes),
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        await to_thread.run_sync(_open, state)
        try:
            yield
        finally:
            state.closing = True
            await to_thread.run_sync(container.close)

    app = FastAPI(
        title="Lookalike",
        version=lookalike_version(),
        description=_DESCRIPTION,
        lifespan=lifespan,
        # FastAPI's documentation pages load scripts from other people's servers.
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.parts = state
    for module in (search, products, detections, variants, ingestions, pictures, health, page):
        app.include_router(module.router)
    install_errors(app)
    # The last one added is the outermost.
    app.add_middleware(BodyLimit, limits=limits)
    app.add_middleware(CallerGuard, settings=container.settings)
    app.add_middleware(RequestFrame, metrics=metrics)
    app.openapi = lambda: build_openapi(app)  # pyright: ignore[reportAttributeAccessIssue] - FastAPI's documented way to extend the document
    return app


def _open(state: AppState) -> None:
    """Load, reconcile and answer once, so that the first shopper waits for nothing."""
    container = state.container
    state.parts = {"catalogue": "starting", "index": "starting", "encoder": "starting"}
    container.encoder.embed_texts(["red dress"])
    state.parts["encoder"] = "ok"
    if container.look is not None:
        state.parts["detector"] = "ok"
    report = container.reconcile()
    logger.info("reconciled", extra={"report": str(report)})
    state.parts["catalogue"] = "ok"
    state.parts["index"] = "ok"
    # Taken out here: a job that ends while the container closes must build none of it anew.
    uploads = container.feed_uploads
    read_ahead = partial(_read_ahead, container.search, container.catalogue)
    read_ahead()
    uploads.sweep(container.catalogue.jobs.waiting_feeds())
    container.start_jobs(partial(_on_ingested, state.metrics, uploads, read_ahead))
    metrics = state.metrics
    drawing = container.start_variants(
        WorkerEvents(on_picture=metrics.on_variant, on_finished=metrics.on_variants_job)
    )
    metrics.count_waiting_variants(drawing.waiting)
    state.parts["variants"] = "ok" if any_engine(container.renderers) else "unavailable"
    state.ready = True


def _read_ahead(service: SearchService, catalogue: CatalogueStore) -> None:
    """Products that cannot be read stop nobody here; whoever asks for one is told."""
    try:
        service.read_ahead(catalogue.tenants())
    except (LookalikeError, LookupError, ValueError) as error:
        logger.warning("products were not read ahead", extra={"reason": repr(error)})


def _on_ingested(
    metrics: Metrics,
    uploads: FeedUploads,
    read_ahead: Callable[[], None],
    job: JobRecord,
    report: IngestionReport | None,
) -> None:
    metrics.on_ingested(report)
    uploads.discard(Path(job.feed))
    read_ahead()  # what was read ahead belonged to the catalogue before
