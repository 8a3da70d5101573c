"""The OpenAPI document: what FastAPI knows, and the bodies that routes read by hand."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.errors import PROBLEM_TYPE
from api.schemas.detections import DetectionsRequest
from api.schemas.ingestions import IngestionRequest
from api.schemas.problems import ProblemOut
from api.schemas.search import SearchRequest
from api.schemas.variants import VariantsRequest

_BY_HAND: tuple[type[BaseModel], ...] = (
    SearchRequest,
    DetectionsRequest,
    IngestionRequest,
    VariantsRequest,
    ProblemOut,
)
_METHODS = ("get", "post", "put", "patch", "delete")


def build_openapi(app: FastAPI) -> dict[str, Any]:
    """The document, made once and kept by the application."""
    if app.openapi_schema:
        return app.openapi_schema
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    _, definitions = models_json_schema(
        [(model, "validation") for model in _BY_HAND], ref_template="#/components/schemas/{model}"
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(definitions["$defs"])
    # Errors are problem documents; FastAPI's own shape for them is never sent.
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    reference = {"$ref": f"#/components/schemas/{ProblemOut.__name__}"}
    for path, operations in document["paths"].items():
        for method in set(operations) & set(_METHODS):
            responses = operations[method]["responses"]
            responses.pop("422", None)
            if path.startswith("/v1/"):
                responses["default"] = {
                    "description": "A problem document.",
                    "content": {PROBLEM_TYPE: {"schema": reference}},
                }
    app.openapi_schema = document
    return document
