"""Pictures that are searched with: decoded no larger than the encoder can make use of."""

from __future__ import annotations

from collections.abc import Sequence

from engine.errors import InvalidInput
from engine.images import decode_image
from engine.look import crop
from engine.types import ImageRGB

__all__ = ["QUERY_PX", "check_box", "decode_query", "part_of"]

QUERY_PX = 448
"""Shorter side; the same as `ingestion.options.IngestOptions.target_px`, so that a picture of the
catalogue as a query is decoded into the very pixels that were embedded."""


def decode_query(data: bytes) -> ImageRGB:
    """Decode a reference picture.

    Raises:
        DecodeError: Not a picture within the limits.
    """
    return decode_image(data, target_px=QUERY_PX)


def part_of(image: ImageRGB, box: Sequence[float]) -> ImageRGB:
    """The part that is meant: left, top, right, bottom as fractions; all of it without a box.

    Raises:
        InvalidInput: The box has not four sides, or no area.
    """
    check_box(box)
    if not box:
        return image
    high, wide = image.shape[:2]
    left, top, right, bottom = box
    return crop(image, (left * wide, top * high, right * wide, bottom * high))


def check_box(box: Sequence[float]) -> None:
    """See that a part of a picture is one; no box is fine.

    Raises:
        InvalidInput: The box has not four sides, or no area.
    """
    if not box:
        return
    if len(box) != 4 or not (box[0] < box[2] and box[1] < box[3]):
        raise InvalidInput(
            f"{list(box)} is no box.",
            where="box",
            hint="Give four fractions of the picture: left, top, right, bottom, with left < right "
            "and top < bottom.",
        )
