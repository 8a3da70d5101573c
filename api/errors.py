"""Every error as a problem document (RFC 9457), with the request's id in it."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api.limits import BodyTooLarge
from api.routes.bodies import WrongMediaType
from api.schemas.problems import ProblemDetail, ProblemOut
from api.variants.queue import TooManyVariants
from engine.errors import (
    Conflict,
    IndexUnavailable,
    InvalidInput,
    LookalikeError,
    ModelUnavailable,
    NotFound,
    Overloaded,
)

logger = logging.getLogger(__name__)

PROBLEM_TYPE = "application/problem+json"
_RETRY_AFTER_S: dict[type[LookalikeError], str] = {Overloaded: "1", IndexUnavailable: "5"}
_STATUS: tuple[tuple[type[LookalikeError], int, str], ...] = (
    (BodyTooLarge, 413, "Request body too large"),
    (WrongMediaType, 415, "Media type not taken"),
    (InvalidInput, 422, "Invalid input"),
    (NotFound, 404, "Not found"),
    (Conflict, 409, "Conflict"),
    (TooManyVariants, 429, "Too many requests"),
    (Overloaded, 503, "Too much at once"),
    (IndexUnavailable, 503, "Index unavailable"),
    (ModelUnavailable, 503, "Model unavailable"),
    (LookalikeError, 500, "Failure"),
)


def install_errors(app: FastAPI) -> None:
    """Make the application answer every expected error with a problem document.

    The unexpected ones are caught by `api.middleware.RequestFrame`, so that they are counted and
    carry the same headers.
    """
    app.add_exception_handler(LookalikeError, _on_lookalike_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)


def problem(
    request: Request,
    *,
    status: int,
    title: str,
    detail: str,
    code: str,
    errors: Sequence[ProblemDetail] = (),
    headers: dict[str, str] | None = None,
) -> Response:
    """A problem document as a response."""
    body = ProblemOut(
        type=f"urn:lookalike:problem:{code}",
        title=title,
        status=status,
        detail=detail,
        code=code,
        request_id=getattr(request.state, "request_id", ""),
        errors=list(errors),
    )
    return Response(
        body.model_dump_json(), status_code=status, media_type=PROBLEM_TYPE, headers=headers
    )


async def _on_lookalike_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, LookalikeError)
    status, title = next(
        (status, title) for kind, status, title in _STATUS if isinstance(error, kind)
    )
    if status == 500 or isinstance(error, IndexUnavailable):
        logger.error("request failed: %s", error, exc_info=error)
    wait_s = next((wait for kind, wait in _RETRY_AFTER_S.items() if isinstance(error, kind)), "")
    if isinstance(error, TooManyVariants):
        wait_s = str(error.retry_after_s)
    headers = {"Retry-After": wait_s} if wait_s else None
    return problem(
        request, status=status, title=title, detail=str(error), code=error.code, headers=headers
    )


async def _on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    details = [
        ProblemDetail(
            pointer=_pointer(each.get("loc", ())),
            code=str(each.get("type", "invalid")),
            detail=str(each.get("msg", "invalid")),
        )
        for each in error.errors()
    ]
    listed = "; ".join(f"{each.pointer or '/'}: {each.detail}" for each in details[:5])
    return problem(
        request,
        status=422,
        title="Invalid input",
        detail=listed or "The request is not valid.",
        code="request.invalid",
        errors=details,
    )


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "request.invalid")
    return problem(
        request,
        status=error.status_code,
        title=str(error.detail),
        detail=f"{request.method} {request.url.path}: {error.detail}.",
        code=code,
        headers=dict(error.headers) if error.headers else None,
    )


def unexpected(request: Request) -> Response:
    """The answer to a defect of ours. What exactly broke goes into the log, never to the caller."""
    return problem(
        request,
        status=500,
        title="Failure",
        detail="Something broke on our side; the log has it under this request's id.",
        code="internal",
    )


def _pointer(loc: Sequence[object]) -> str:
    parts = [str(part) for part in loc if part not in ("body", "query", "path")]
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)
