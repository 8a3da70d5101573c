"""``POST /v1/ingestions`` and how one goes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as InPath

from api.convert import time_text
from api.routes.bodies import body_docs, file_of, is_form, open_form, read_json, request_of
from api.routes.responses import json_response
from api.schemas.ingestions import (
    INGESTION_EXAMPLE,
    IngestionCounts,
    IngestionOut,
    IngestionRequest,
    RowProblem,
    RowProblems,
)
from api.state import AppState, state_of
from engine.catalogue.jobs import JobRecord
from engine.errors import InvalidInput, NotFound
from engine.types import Outcome
from ingestion.options import IngestMode, IngestOptions

router = APIRouter(prefix="/v1/ingestions", tags=["ingestions"])
_EXAMPLES: dict[str, Any] = {
    "feed": {"summary": "A feed on the server", "value": INGESTION_EXAMPLE}
}
_PRESET = re.compile(r"auto|[a-z0-9_-]+|\s*\w+\s*=\s*[^,=/\\]+(,\s*\w+\s*=\s*[^,=/\\]+)*\s*")
JobIdPath = Annotated[
    str, InPath(max_length=64, description="Id of the ingestion.", examples=["7d0a9f2c"])
]


@router.post(
    "",
    summary="Ingest a feed",
    status_code=202,
    response_model=IngestionOut,
    openapi_extra=body_docs(IngestionRequest, file="feed", json_too=True, examples=_EXAMPLES),
)
async def submit(request: Request) -> Response:
    """Queue a feed that is uploaded, or that lies under the server's feeds folder.

    Answers at once; the address in `Location` tells how it goes. Pictures are looked for beside
    the feed, and for an uploaded one in the feeds folder.
    """
    state = state_of(request)
    settings = state.container.settings
    uploads = state.container.feed_uploads
    if is_form(request):
        async with open_form(request, file="feed") as form:
            wanted = request_of(form, IngestionRequest)
            if wanted.feed:
                raise InvalidInput(
                    "a feed is sent and another one is named.",
                    where="request.feed",
                    hint="Leave one of them out.",
                )
            options = _options(wanted, settings.feeds_folder)
            sent = file_of(form, "feed")
            feed = await to_thread.run_sync(uploads.keep, sent.filename or "", sent.file)
    else:
        wanted = await read_json(request, IngestionRequest)
        feed = await to_thread.run_sync(feed_under, settings.feeds_folder, wanted.feed)
        options = _options(wanted, feed.parent)
    try:
        job = await to_thread.run_sync(_queue, state, feed, options)
    except BaseException:
        uploads.discard(feed)  # nobody will read it
        raise
    return json_response(
        to_ingestion(job), status=202, headers={"Location": f"/v1/ingestions/{job.job_id}"}
    )


@router.get("/{job_id}", summary="How an ingestion goes", response_model=IngestionOut)
async def status(request: Request, job_id: JobIdPath) -> Response:
    """Status, counts and times; the counts grow while it runs."""
    state = state_of(request)
    job = await to_thread.run_sync(state.container.jobs.status, job_id)
    return json_response(to_ingestion(job))


@router.get("/{job_id}/rows", summary="Rejected rows and warnings", response_model=RowProblems)
async def rows(
    request: Request,
    job_id: JobIdPath,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000, examples=[100])] = 100,
) -> Response:
    """Row by row, in the order of the feed: what was wrong and what to do."""
    jobs = state_of(request).container.jobs
    found = await to_thread.run_sync(lambda: jobs.rows(job_id, offset=offset, limit=limit))
    return json_response(RowProblems(rows=[_row(each) for each in found]))


def feed_under(folder: Path, name: str) -> Path:
    """A feed under a folder; links and dots that lead out of it are refused.

    Raises:
        InvalidInput: Nothing is named, or it lies outside.
        NotFound: No such file.
    """
    if not name or "\0" in name:
        raise InvalidInput(
            "no feed is named.",
            where="feed",
            hint="Send a file in the form field `feed`, or the path of one in the feeds folder.",
            code="feed.missing",
        )
    root = folder.resolve()
    path = (root / name).resolve()
    if not path.is_relative_to(root):
        raise InvalidInput(
            f"{name!r} lies outside the feeds folder.",
            where="feed",
            hint="Name it relative to that folder: autumn/catalogue.csv.",
            code="feed.outside_root",
        )
    if not path.is_file():
        raise NotFound(
            f"there is no feed {name!r} in the feeds folder.",
            where="feed",
            code="feed.not_found",
        )
    return path


def to_ingestion(job: JobRecord) -> IngestionOut:
    """The wire form of a job."""
    counts: Mapping[str, int] = job.counts
    return IngestionOut(
        id=job.job_id,
        feed=Path(job.feed).name,
        mode="full" if job.mode == IngestMode.FULL.value else "update",
        status=job.status.value,
        counts=IngestionCounts(
            indexed=counts.get("indexed", 0),
            unchanged=counts.get("unchanged", 0),
            rejected=counts.get("rejected", 0),
            deleted=counts.get("deleted", 0),
        ),
        submitted_at=time_text(job.created_s),
        started_at=time_text(job.started_s),
        finished_at=time_text(job.finished_s),
        error_code=job.error_code,
        error=job.error,
    )


def _queue(state: AppState, feed: Path, options: IngestOptions) -> JobRecord:
    jobs = state.container.jobs
    return jobs.status(jobs.submit(feed, options))


def _options(wanted: IngestionRequest, root: Path) -> IngestOptions:
    # A mapping may be a file for those who own the machine; over HTTP it is a preset or pairs.
    if not _PRESET.fullmatch(wanted.mapping):
        raise InvalidInput(
            f"{wanted.mapping[:80]!r} is no preset and no list of pairs.",
            where="mapping",
            hint="Send auto, google, kagl, or pairs such as id=sku,title=name,image=photo.",
            code="mapping.unknown",
        )
    return IngestOptions(
        mapping=wanted.mapping,
        mode=IngestMode.FULL if wanted.mode == "full" else IngestMode.UPSERT,
        root=root,
        yes=wanted.yes,
        detect=wanted.detect,
    )


def _row(outcome: Outcome) -> RowProblem:
    problem = outcome.problem or outcome.warnings[0]
    return RowProblem(
        row=outcome.row,
        outcome=outcome.kind.value,
        product_id=outcome.product_id or "",
        code=problem.code,
        column=problem.column,
        value=problem.value,
        message=problem.message,
    )
