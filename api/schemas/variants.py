"""Variants: what is to be drawn, and how that goes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from api.schemas.base import WireRequest, WireResponse, with_examples
from api.schemas.search import DegradationOut, EditOut
from engine.rendering import MAX_SEED

MOST_VARIANTS = 8
MAX_MODIFICATION = 2_000

VARIANTS_EXAMPLE: dict[str, Any] = {
    "product_id": "P0001",
    "modification": "but red, no sleeves",
    "count": 4,
}
_ID = "5f0d3c1b9a8e7d6c5b4a39281706f5e4"


class VariantsRequest(WireRequest):
    """A garment and what should be different."""

    model_config = with_examples(
        VARIANTS_EXAMPLE,
        {
            "picture": "upload:0b6f4c1e8d2a4f7d9a3e5c7b1f2d4e6a",
            "box": [0.34, 0.37, 0.66, 0.92],
            "modification": "with stripes",
        },
    )

    product_id: str = Field(default="", max_length=255, description="A product of the catalogue.")
    picture: str = Field(
        default="",
        max_length=80,
        description="Or a picture: an id from POST /v1/pictures (`upload:…`), the hash of a picture"
        " of the catalogue, or a variant (`variant:<id>/<number>`).",
    )
    box: list[Annotated[float, Field(ge=0, le=1)]] = Field(
        default=[],
        max_length=4,
        description="Where the garment is in the picture: left, top, right, bottom as fractions,"
        " 0 to 1, such as POST /v1/detections gives. Empty: it is looked for.",
    )
    modification: str = Field(
        min_length=1,
        max_length=MAX_MODIFICATION,
        description="What should be different: `but red, no sleeves`.",
    )
    drop: list[Annotated[str, Field(max_length=255)]] = Field(
        default=[], max_length=64, description="Ids of understood edits to leave out."
    )
    count: int = Field(default=4, ge=1, le=MOST_VARIANTS, description="How many pictures.")
    seed: int = Field(
        default=0,
        ge=0,
        le=MAX_SEED,
        description="Of the first picture; the next ones have the next seeds. The same seed draws"
        " the same picture.",
    )
    engine: str = Field(
        default="", max_length=60, description="Who draws; empty for the first that is available."
    )


class EngineOut(WireResponse):
    """Who draws."""

    name: str
    revision: str


class VariantReferenceOut(WireResponse):
    """The garment as it is."""

    product_id: str = Field(description="Empty for a picture.")
    title: str
    image_url: str


class SourceOut(WireResponse):
    """A product that helped to draw."""

    product_id: str
    title: str
    image_url: str
    similarity: float = Field(description="Of its caption with what was asked for.")


class VariantOut(WireResponse):
    """One picture."""

    number: int = Field(description="From 1; `variant:<id>/<number>` searches with it.")
    seed: int
    image_url: str
    width_px: int
    height_px: int
    sketch: bool = Field(description="Shows what is meant; not the very garment.")
    sources: list[SourceOut] = Field(description="Products that helped, nearest first.")
    notes: list[str]


JOB_EXAMPLE: dict[str, Any] = {
    "id": _ID,
    "status": "running",
    "position": 0,
    "done": 1,
    "count": 4,
    "engine": {"name": "small", "revision": "1"},
    "seed": 0,
    "modification": "but red, under 40",
    "edits": [
        {
            "id": "colour:set:red",
            "attribute": "colour",
            "operation": "set",
            "value": "red",
            "label": "colour: red",
            "text": "red",
            "start": 4,
            "end": 7,
            "hard": False,
        }
    ],
    "unseen": [{"part": "price:at_most:4000", "message": "'under 40': a price cannot be seen."}],
    "before": {"type": "dress", "colour": "blue"},
    "after": {"type": "dress", "colour": "red"},
    "reference": {
        "product_id": "P0001",
        "title": "Blue wrap dress",
        "image_url": "/v1/pictures/9f2c7d0a…",
    },
    "variants": [
        {
            "number": 1,
            "seed": 0,
            "image_url": f"/v1/variants/{_ID}/pictures/1",
            "width_px": 900,
            "height_px": 1200,
            "sketch": False,
            "sources": [],
            "notes": [],
        }
    ],
    "cached": False,
    "submitted_at": "2026-11-22T14:10:00Z",
    "started_at": "2026-11-22T14:10:00Z",
    "finished_at": "",
    "expires_at": "",
    "error_code": "",
    "error": "",
}


class VariantsOut(WireResponse):
    """A job that draws variants."""

    model_config = with_examples(JOB_EXAMPLE)

    id: str
    status: Literal["queued", "running", "done", "failed", "cancelled"]
    position: int = Field(description="In the queue, from 1; 0 when it does not wait.")
    done: int = Field(description="Pictures that are there.")
    count: int
    engine: EngineOut
    seed: int
    modification: str
    edits: list[EditOut] = Field(description="All that were understood, as in a search.")
    unseen: list[DegradationOut] = Field(
        description="What the pictures do not show; `part` is the id of an edit, or `words`."
    )
    before: dict[str, str] = Field(description="Facet → value of the garment as it is.")
    after: dict[str, str] = Field(description="The same of the pictures.")
    reference: VariantReferenceOut
    variants: list[VariantOut]
    cached: bool = Field(description="Nothing had to be drawn.")
    submitted_at: str
    started_at: str
    finished_at: str
    expires_at: str = Field(description="When the pictures are deleted; empty until it is done.")
    error_code: str
    error: str
