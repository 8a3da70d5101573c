"""Reading request bodies: JSON, or a form with a file and a JSON field ``request``."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from engine.errors import InvalidInput

M = TypeVar("M", bound=BaseModel)
REQUEST_FIELD = "request"


def is_form(request: Request) -> bool:
    """Whether the body is a multipart form."""
    return request.headers.get("content-type", "").lower().startswith("multipart/form-data")


async def read_json(request: Request, model: type[M]) -> M:
    """The JSON body.

    Raises:
        ValidationError: Not JSON, or not of this shape.
    """
    return model.model_validate_json(await request.body() or b"{}")


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
        ValidationError: Not JSON, or not of this shape.
    """
    held = form.get(REQUEST_FIELD)
    return model.model_validate_json(held if isinstance(held, str) and held else "{}")


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
