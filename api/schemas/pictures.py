"""Uploaded query pictures."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from api.schemas.base import WireResponse, with_examples

UPLOAD_EXAMPLE: dict[str, Any] = {
    "picture": "upload:0b6f4c1e8d2a4f7d9a3e5c7b1f2d4e6a",
    "url": "/v1/pictures/upload:0b6f4c1e8d2a4f7d9a3e5c7b1f2d4e6a",
    "width_px": 1200,
    "height_px": 1600,
    "expires_at": "2026-11-23T14:10:00Z",
}


class UploadAnswer(WireResponse):
    """A query picture that was taken in."""

    model_config = with_examples(UPLOAD_EXAMPLE)

    picture: str = Field(description="Goes into `picture` of a search.")
    url: str
    width_px: int
    height_px: int
    expires_at: str = Field(description="When the picture is deleted, ISO 8601, UTC.")
