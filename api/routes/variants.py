"""``POST /v1/variants``, how a job goes, and its pictures."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from typing import Annotated, Any

from anyio import sleep, to_thread
from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse, format_sse_event

from api.convert_variants import to_variants
from api.routes.bodies import body_docs, file_of, is_form, open_form, read_json, request_of
from api.routes.responses import json_response
from api.schemas.variants import (
    JOB_EXAMPLE,
    MOST_VARIANTS,
    VARIANTS_EXAMPLE,
    VariantsOut,
    VariantsRequest,
)
from api.state import AppState, state_of
from api.variants.asked import ask
from api.variants.engines import choose_engine
from api.variants.provenance import MEDIA_TYPE
from api.variants.queue import TooManyVariants
from api.variants.starts import start_from_picture, start_from_product
from engine.catalogue.render_records import RenderRecord
from engine.errors import InvalidInput, NotFound, Overloaded
from engine.ids import ProductId
from engine.provenance import is_generated

router = APIRouter(prefix="/v1/variants", tags=["variants"])
_EXAMPLES: dict[str, Any] = {
    "product": {"summary": "A product, but …", "value": VARIANTS_EXAMPLE},
    "picture": {
        "summary": "A garment in an uploaded picture",
        "value": {
            "picture": "upload:0b6f4c1e8d2a4f7d9a3e5c7b1f2d4e6a",
            "box": [0.34, 0.37, 0.66, 0.92],
            "modification": "with stripes",
        },
    },
}
JobIdPath = Annotated[
    str, Path(max_length=64, description="Id of the job.", examples=[JOB_EXAMPLE["id"]])
]
NumberPath = Annotated[
    int, Path(ge=1, le=MOST_VARIANTS, description="Number of the picture.", examples=[1])
]
_LOOK_EVERY_S = 0.1
_LOOKS = 20
"""After so many the job is read in any case: another process may draw it."""
_HEARTBEAT_S = 15.0


@router.post(
    "",
    summary="Draw a garment with a change",
    status_code=202,
    response_model=VariantsOut,
    openapi_extra=body_docs(VariantsRequest, file="picture", json_too=True, examples=_EXAMPLES),
)
async def submit(request: Request) -> Response:
    """Queue pictures of a product, or of a garment in a picture, as it would be with a change.

    Takes JSON, or a form with the file `picture` and the JSON field `request`. Answers at once; the
    address in `Location` tells how it goes, and its `/events` tell it as it happens. Pictures that
    were drawn before are there at once. 429 with `Retry-After`: too many wait.
    """
    state = state_of(request)
    sent: bytes | None = None
    if is_form(request):
        async with open_form(request, file="picture") as form:
            wanted = request_of(form, VariantsRequest)
            sent = await file_of(form, "picture").read()
    else:
        wanted = await read_json(request, VariantsRequest)
    _check_reference(wanted, sent)
    try:
        job = await state.variants.run(_submit, state, wanted, sent)
    except TooManyVariants:
        raise
    except Overloaded as error:
        raise await to_thread.run_sync(state.container.variants.full) from error
    return json_response(
        to_variants(job), status=202, headers={"Location": f"/v1/variants/{job.job_id}"}
    )


@router.get("/{job_id}", summary="How variants go", response_model=VariantsOut)
async def status(request: Request, job_id: JobIdPath) -> Response:
    """The job with the pictures that are there so far."""
    job = await to_thread.run_sync(state_of(request).container.variants.status, job_id)
    return json_response(to_variants(job))


@router.delete("/{job_id}", summary="Cancel variants", response_model=VariantsOut)
async def cancel(request: Request, job_id: JobIdPath) -> Response:
    """Draw no further picture. Those that are there stay; a job that has ended stays as it is."""
    job = await to_thread.run_sync(state_of(request).container.variants.cancel, job_id)
    return json_response(to_variants(job))


@router.get(
    "/{job_id}/events",
    summary="How variants go, as it happens",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {"text/event-stream": {"example": 'event: job\ndata: {"id": "…"}\n\n'}},
            "description": "Server-sent events named `job`, each with the whole job: now, after"
            " each change, and once more when it has ended; the stream ends then.",
        }
    },
)
async def events(request: Request, job_id: JobIdPath) -> Response:
    """Server-sent events; whoever connects again gets the present state first."""
    state = state_of(request)
    job = await to_thread.run_sync(state.container.variants.status, job_id)
    return EventSourceResponse(_told(state, job), headers={"X-Accel-Buffering": "no"})


@router.get(
    "/{job_id}/pictures/{number}",
    summary="A variant",
    response_class=Response,
    responses={
        200: {
            "content": {MEDIA_TYPE: {"example": "RIFF…WEBP"}},
            "description": "The picture, marked as generated, with its provenance as XMP.",
        }
    },
)
async def picture(request: Request, job_id: JobIdPath, number: NumberPath) -> Response:
    """One picture of a job; it never changes, and expires with the job."""
    state = state_of(request)
    data = await state.pictures.run(state.container.variants.picture, job_id, number)
    etag = f'"{job_id}-{number}"'
    seconds = int(state.container.settings.limits.variant_hours * 3600)
    headers = {
        # Whoever knows the address may see it; others between them and us need not keep it.
        "Cache-Control": f"private, max-age={seconds}, immutable",
        "ETag": etag,
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=MEDIA_TYPE, headers=headers)


def _check_reference(wanted: VariantsRequest, sent: bytes | None) -> None:
    named = [wanted.product_id, wanted.picture, "the file" if sent is not None else ""]
    count = sum(map(bool, named))
    if count != 1:
        raise InvalidInput(
            "no garment is named." if count == 0 else "more than one garment is named.",
            where="request",
            hint="Send one of product_id, picture, or a file as `picture`.",
            code="variant.reference",
        )


def _submit(state: AppState, wanted: VariantsRequest, sent: bytes | None) -> RenderRecord:
    container = state.container
    renderer = choose_engine(container.renderers, wanted.engine)
    if wanted.product_id:
        start = start_from_product(
            container,
            ProductId(wanted.product_id),
            modification=wanted.modification,
            drop=wanted.drop,
        )
    else:
        # A file becomes an upload, so that the job has something to show beside its pictures.
        name = wanted.picture or container.uploads.put(sent or b"").picture_id
        start = start_from_picture(
            container,
            state.picture_bytes(name),
            modification=wanted.modification,
            drop=wanted.drop,
            box=wanted.box,
            image_url=_url(name),
            # An upload keeps no metadata.
            generated=name.startswith("variant:") or is_generated(sent or b""),
        )
    asked = ask(
        start,
        renderer=renderer,
        lexicon=container.lexicon,
        modification=wanted.modification,
        box=wanted.box,
        seed=wanted.seed,
        count=wanted.count,
    )
    return container.variants.submit(asked, start.picture)


def _url(picture: str) -> str:
    kind, _, rest = picture.partition(":")
    if kind == "variant":
        job_id, _, number = rest.partition("/")
        return f"/v1/variants/{job_id}/pictures/{number}"
    return f"/v1/pictures/{picture}"


async def _told(state: AppState, job: RenderRecord) -> AsyncGenerator[bytes]:
    jobs = state.container.variants
    seen, told, told_s = -1, "", time.monotonic()
    while True:
        text = to_variants(job).model_dump_json()
        if text != told:
            yield format_sse_event(event="job", data_str=text)
            told, told_s = text, time.monotonic()
        elif time.monotonic() - told_s >= _HEARTBEAT_S:
            yield KEEPALIVE_COMMENT
            told_s = time.monotonic()
        if job.is_finished or state.closing:
            return
        for _ in range(_LOOKS):
            if jobs.changes != seen or state.closing:
                break
            await sleep(_LOOK_EVERY_S)
        # Read before the job is, so that no change falls between the two.
        seen = jobs.changes
        try:
            job = await to_thread.run_sync(jobs.status, job.job_id)
        except NotFound:
            return  # it has just expired
