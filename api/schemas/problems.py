"""Errors as problem documents, RFC 9457."""

from __future__ import annotations

from pydantic import Field

from api.schemas.base import WireResponse, with_examples


class ProblemDetail(WireResponse):
    """One fault of a request body."""

    pointer: str = Field(description="JSON pointer of the field.")
    code: str
    detail: str


class ProblemOut(WireResponse):
    """What went wrong, for people and for machines."""

    model_config = with_examples(
        {
            "type": "urn:lookalike:problem:filter.unknown_key",
            "title": "Invalid input",
            "status": 422,
            "detail": "filter, character 1: unknown key 'colr'. Did you mean colour?",
            "code": "filter.unknown_key",
            "request_id": "5f1c9e0b7c5f4a10",
            "errors": [],
        }
    )

    type: str
    title: str
    status: int
    detail: str
    code: str = Field(description="Stable name for machines.")
    request_id: str
    errors: list[ProblemDetail]
