"""How a generated picture is known again: by what is written in it, or else by its pixels.

Whoever draws writes `MARKER` into the XMP. Where that was stripped, the hash of the pixels
still tells, as long as nobody has compressed the picture anew.
"""

from __future__ import annotations

import hashlib

import numpy as np

from engine.errors import DecodeError
from engine.images import decode_image
from engine.types import ImageRGB

__all__ = [
    "HASHED_PX",
    "MARKER",
    "NAMESPACE",
    "is_generated",
    "pixel_hash",
    "pixel_hash_of",
    "refusal",
]

NAMESPACE = "urn:lookalike:provenance:1"
"""Of our own properties in XMP."""
MARKER = b"lookalike:generated"
"""Name of the property in every packet; no other program writes it."""
HASHED_PX = 448
"""Shorter side to which pictures are reduced before they are hashed, as ingestion reads them
(`ingestion.options.IngestOptions.target_px`)."""


def refusal() -> DecodeError:
    """What is said of a generated picture that comes as a product's."""
    return DecodeError(
        "Lookalike drew this picture; it shows no product that can be bought.",
        hint="Send a photo of the product.",
        code="image.generated",
    )


def is_generated(data: bytes) -> bool:
    """Whether an encoded picture says that Lookalike drew it."""
    return MARKER in data and NAMESPACE.encode() in data


def pixel_hash(image: ImageRGB) -> bytes:
    """SHA-256 of a picture's size and pixels.

    Args:
        image: uint8 (H, W, 3), decoded with ``target_px`` of `HASHED_PX`.
    """
    digest = hashlib.sha256(repr(image.shape).encode())
    digest.update(np.ascontiguousarray(image).data)
    return digest.digest()


def pixel_hash_of(data: bytes) -> tuple[bytes, tuple[int, int]]:
    """The hash that ingestion will see of an encoded picture, and the (width, height) hashed.

    Raises:
        DecodeError: Not a picture within the limits.
    """
    image = decode_image(data, target_px=HASHED_PX)
    return pixel_hash(image), (image.shape[1], image.shape[0])
