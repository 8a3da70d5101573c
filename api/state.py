"""What the routes share, and how they reach it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from fastapi import Request

from api.container import Container
from api.limits import Gate
from api.metrics import Metrics
from api.query_picture import decode_query
from api.renditions import Renditions
from engine.errors import InvalidInput
from engine.ids import PictureHash
from engine.types import ImageRGB

_PICTURE_HASH = re.compile(r"[0-9a-f]{64}")
_VARIANT = re.compile(r"variant:(?P<job>[0-9a-f]{32})/(?P<number>[1-9][0-9]?)")


@dataclass(slots=True, kw_only=True)
class AppState:
    """The application's parts.

    Attributes:
        searches: Gate of searches.
        looks: Gate of detection.
        pictures: Gate of decoding, encoding and reading pictures.
        variants: Gate of asking for variants; they are drawn elsewhere.
        ready: Set once the index is reconciled and the encoder has answered.
        closing: Set when the application is asked to stop.
    """

    container: Container
    metrics: Metrics
    searches: Gate
    pictures: Gate
    looks: Gate
    variants: Gate
    renditions: Renditions
    ready: bool = False
    closing: bool = False
    parts: dict[str, str] = field(default_factory=dict[str, str])

    def reference_picture(self, picture: str) -> ImageRGB:
        """Pixels of an uploaded picture, of one of the catalogue, or of a variant without its mark.

        Raises:
            InvalidInput: Neither an upload's id nor a picture's hash nor a variant's name.
            NotFound: No such picture.
        """
        return decode_query(self.picture_bytes(picture))

    def picture_bytes(self, picture: str) -> bytes:
        """Encoded form of what `reference_picture` decodes."""
        if picture.startswith("upload:"):
            return self.container.uploads.get(picture)
        variant = _VARIANT.fullmatch(picture)
        if variant:
            return self.container.variants.drawn(variant["job"], int(variant["number"]))
        if not _PICTURE_HASH.fullmatch(picture):
            raise InvalidInput(
                f"{picture[:80]!r} names no picture.",
                where="picture",
                hint="Send an id from POST /v1/pictures, the hash of a catalogue picture, or"
                " variant:<id>/<number>.",
                code="picture.id",
            )
        return self.container.blobs.get(PictureHash(picture))


def state_of(request: Request) -> AppState:
    """The application's parts, from a request."""
    state = request.app.state.parts
    assert isinstance(state, AppState)
    return state
