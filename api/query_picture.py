"""Pictures that are searched with: decoded no larger than the encoder can make use of."""

from __future__ import annotations

from engine.images import decode_image
from engine.types import ImageRGB

__all__ = ["QUERY_PX", "decode_query"]

QUERY_PX = 448
"""Shorter side; the same as `ingestion.options.IngestOptions.target_px`, so that a picture of the
catalogue as a query is decoded into the very pixels that were embedded."""


def decode_query(data: bytes) -> ImageRGB:
    """Decode a reference picture.

    Raises:
        DecodeError: Not a picture within the limits.
    """
    return decode_image(data, target_px=QUERY_PX)
