"""Whether the process lives, whether it can answer, and its metrics."""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from api.routes.responses import json_response
from api.schemas.base import WireResponse, with_examples
from api.state import state_of

router = APIRouter(tags=["health"])


class Liveness(WireResponse):
    """The process answers."""

    model_config = with_examples({"status": "ok"})

    status: str


class Readiness(WireResponse):
    """Whether searches can be answered, part by part."""

    model_config = with_examples(
        {
            "ready": True,
            "parts": {"catalogue": "ok", "index": "ok", "encoder": "ok", "variants": "unavailable"},
        }
    )

    ready: bool
    parts: dict[str, str]


@router.get("/livez", summary="Alive", response_model=Liveness)
async def livez() -> Response:
    """The process answers; nothing else is looked at."""
    return json_response(Liveness(status="ok"))


@router.get(
    "/readyz",
    summary="Ready",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "Not ready, or stopping."}},
)
async def readyz(request: Request) -> Response:
    """Index open and agreeing with the catalogue, encoder loaded; false while stopping.

    Without an engine that draws variants (`unavailable`) searches are answered all the same.
    """
    state = state_of(request)
    ready = state.ready and not state.closing
    return json_response(
        Readiness(ready=ready, parts=dict(state.parts)), status=200 if ready else 503
    )


@router.get(
    "/metrics",
    summary="Prometheus metrics",
    response_class=Response,
    responses={
        200: {
            "content": {
                "text/plain": {
                    "example": 'lookalike_search_seconds_count{mode="text",status="ok"} 1.0'
                }
            }
        }
    },
)
async def metrics(request: Request) -> Response:
    """Counters and histograms in the Prometheus text format."""
    state = state_of(request)
    # In a thread: one of the numbers is asked of the catalogue.
    shown = await to_thread.run_sync(state.metrics.render)
    return Response(shown, media_type=CONTENT_TYPE_LATEST)
