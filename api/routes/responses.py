"""Responses that are serialised once.

FastAPI would validate a returned model against `response_model` again; a finished response skips
that, and the schema in the documentation stays.
"""

from __future__ import annotations

from fastapi import Response
from pydantic import BaseModel


def json_response(
    model: BaseModel, *, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """A wire model as JSON."""
    return Response(
        model.model_dump_json(),
        status_code=status,
        media_type="application/json",
        headers=headers,
    )
