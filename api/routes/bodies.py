"""Reading request bodies: JSON, or a form with a file and a JSON field ``request``."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from difflib import get_close_matches
from typing import Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from engine.errors import InvalidInput

M = TypeVar("M", bound=BaseModel)
REQUEST_FIELD = "request"
_MEANT = {
    "text": "q",
    "query": "q",
    "words": "q",
    "image": "picture",
    "but": "modify",
    "modification": "modify",
    "filters": "filter",
    "size": "limit",
}
"""What other search services call it."""


class WrongMediaType(InvalidInput):
    """A request body is neither of the types that its route takes (HTTP 415)."""

    code = "body.media_type"


def is_form(request: Request) -> bool:
    """Whether the body is a multipart form."""
    return request.headers.get("content-type", "").lower().startswith("multipart/form-data")


async def read_json(request: Request, model: type[M]) -> M:
    """The JSON body; an empty one is an empty object.

    Raises:
        RequestValidationError: Not JSON, or not of this shape.
        WrongMediaType: It is not called JSON. A page of somebody else can make a browser send any
            text, but not under this name without asking first.
    """
    body = await request.body()
    told = request.headers.get("content-type", "")
    if body and told.partition(";")[0].strip().lower() != "application/json":
        raise WrongMediaType(
            f"the content type is {told[:80]!r}.",
            where="request body",
            hint="Send JSON with the header Content-Type: application/json.",
        )
    return _parsed(body or b"{}", model)


@asynccontextmanager
async def open_form(request: Request, *, file: str) -> AsyncGenerator[FormData]:
    """The form, which holds nothing but the named file and `REQUEST_FIELD`.

    Raises:
        InvalidInput: Broken, or a field that is not known.
    """
    try:
        form = await request.form(max_files=1, max_fields=1)
    except HTTPException as error:
        raise InvalidInput(
            f"the form cannot be read: {error.detail}", where="request body", code="form.broken"
        ) from error
    try:
        unknown = sorted(set(form) - {REQUEST_FIELD, file})
        if unknown:
            raise InvalidInput(
                f"unknown fields {', '.join(unknown)}.",
                where="request body",
                hint=f"Expected {file} and {REQUEST_FIELD}.",
                code="form.unknown_field",
            )
        yield form
    finally:
        await form.close()


def file_of(form: FormData, name: str) -> UploadFile:
    """A file of a form.

    Raises:
        InvalidInput: It is missing, or is no file.
    """
    held = form.get(name)
    if not isinstance(held, UploadFile):
        raise InvalidInput(
            f"the file field {name!r} is missing.",
            where="request body",
            hint=f"Send it as multipart/form-data: curl -F {name}=@photo.jpg …",
            code="form.file_missing",
        )
    return held


def request_of(form: FormData, model: type[M]) -> M:
    """The JSON field of a form; a missing one is an empty object.

    Raises:
        RequestValidationError: Not JSON, or not of this shape.
    """
    held = form.get(REQUEST_FIELD)
    return _parsed(held if isinstance(held, str) and held else "{}", model)


def _parsed(body: str | bytes, model: type[M]) -> M:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        # Named after its cause here: elsewhere pydantic's error is a defect of ours.
        faults = [_explained(fault, model) for fault in error.errors(include_url=False)]
        raise RequestValidationError(faults) from error


def _explained(fault: ErrorDetails, model: type[BaseModel]) -> ErrorDetails:
    """An unknown name with the one that was meant, where that can be told, and the known ones."""
    if fault["type"] != "extra_forbidden" or len(fault["loc"]) != 1:
        return fault
    name, known = str(fault["loc"][0]), list(model.model_fields)
    near = [each for each in (_MEANT.get(name.lower(), ""),) if each in known]
    near = near or get_close_matches(name, known, n=1)
    meant = f" Did you mean {near[0]}?" if near else ""
    message = f"{name[:60]!r} is not permitted here.{meant} Known: {', '.join(known)}."
    return {**fault, "msg": message}


def body_docs(
    model: type[BaseModel], *, file: str, json_too: bool, examples: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The ``requestBody`` of a route that reads its body by hand.

    Args:
        model: Shape of the JSON.
        file: Name of the form's file field.
        json_too: Whether a plain JSON body is taken as well.
        examples: OpenAPI examples of the JSON, by name.
    """
    reference = {"$ref": f"#/components/schemas/{model.__name__}"}
    form = {
        "schema": {
            "type": "object",
            "properties": {
                file: {"type": "string", "format": "binary"},
                REQUEST_FIELD: {"type": "string", "description": f"{model.__name__} as JSON."},
            },
            "required": [file],
        },
        "encoding": {REQUEST_FIELD: {"contentType": "application/json"}},
    }
    content: dict[str, Any] = {"multipart/form-data": form}
    if json_too:
        content = {
            "application/json": {"schema": reference, "examples": examples or {}},
            **content,
        }
    return {"requestBody": {"required": True, "content": content}}
