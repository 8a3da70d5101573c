"""Search requests and answers."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from api.schemas.base import WireRequest, WireResponse, with_examples
from api.schemas.products import PRODUCT_EXAMPLE, AttributeOut, ProductOut
from engine.types import Facet

MAX_TEXT = 512
MAX_PRODUCTS = 32
MAX_FACETS = 20
ProductIdText = Annotated[str, Field(min_length=1, max_length=255)]
FilterText = Annotated[str, Field(max_length=4_000)]

SEARCH_EXAMPLE: dict[str, Any] = {
    "like": "P0001",
    "modify": "but red, no sleeves, under 40",
    "filter": 'type = "dress" and price <= 60',
    "facets": ["colour", "type", "brand"],
    "limit": 24,
}


class WeightsIn(WireRequest):
    """How much each part of a composed query counts."""

    picture: float = Field(default=1.0, ge=0, le=10)
    words: float = Field(default=1.0, ge=0, le=10)
    edits: float = Field(default=1.0, ge=0, le=10)
    negatives: float = Field(default=0.5, ge=0, le=10)


class SearchRequest(WireRequest):
    """What is looked for: words, a picture or a product, and what should be different."""

    model_config = with_examples(SEARCH_EXAMPLE, {"q": "red summer dress", "limit": 12})

    q: str = Field(default="", max_length=MAX_TEXT, description="What is looked for, in words.")
    picture: str = Field(
        default="",
        max_length=80,
        description="Reference picture: an id from POST /v1/pictures (`upload:…`), the hash of"
        " a picture of the catalogue, or a variant (`variant:<id>/<number>`).",
    )
    box: list[Annotated[float, Field(ge=0, le=1)]] = Field(
        default=[],
        max_length=4,
        description="Part of the reference picture that is meant: left, top, right, bottom as"
        " fractions, 0 to 1, such as POST /v1/detections gives. Empty for the whole picture.",
    )
    shows: str = Field(
        default="",
        max_length=40,
        description="What the picture or its box shows, as `label` of POST /v1/detections says it:"
        " only products of such types are found,"
        " unless `modify` asks for another. Needs `picture`.",
    )
    like: str = Field(default="", max_length=255, description="Id of a product as reference.")
    modify: str = Field(
        default="",
        max_length=MAX_TEXT,
        description="What should be different from the reference: `but red, no sleeves`.",
    )
    drop: list[Annotated[str, Field(max_length=255)]] = Field(
        default=[], max_length=64, description="Ids of understood edits to leave out."
    )
    positives: list[ProductIdText] = Field(
        default=[], max_length=MAX_PRODUCTS, description="Further products to be near to."
    )
    negatives: list[ProductIdText] = Field(
        default=[], max_length=MAX_PRODUCTS, description="Products to stay away from."
    )
    weights: WeightsIn = WeightsIn()
    filter: FilterText = Field(
        default="", description="Hard filter: `colour in [red, pink] and price <= 40`."
    )
    facets: list[Facet] = Field(
        default=[], max_length=MAX_FACETS, description="Facets whose values are counted."
    )
    limit: int = Field(default=24, ge=1, le=100, description="Hits a page.")
    cursor: str = Field(
        default="", max_length=2_000, description="`next_cursor` of the page before."
    )
    group_variants: bool = Field(
        default=True, description="One hit for all the variants of one design."
    )


class ReasonOut(WireResponse):
    """Why a hit is where it is."""

    text: str
    met: bool = Field(description="False for an asked change that the hit does not have.")
    predicted: bool = Field(description="The value was read from the picture.")


class HitOut(WireResponse):
    """One product of an answer."""

    product: ProductOut
    score: float = Field(description="Orders the hits of this answer; means nothing across.")
    rank: int
    reasons: list[ReasonOut]
    variants: list[str] = Field(description="Ids of the other variants of the design.")


class EditOut(WireResponse):
    """One change that was understood."""

    id: str = Field(description="Goes into `drop` to leave the edit out.")
    attribute: str
    operation: str
    value: str
    label: str = Field(description="In words, for a chip: `colour: red`.")
    text: str = Field(description="The words it was read from.")
    start: int
    end: int
    hard: bool = Field(description="Products that do not fulfil it are left out.")


class ParseOut(WireResponse):
    """What was understood of the words."""

    text: str
    edits: list[EditOut]
    free_text: str
    dropped: list[str]


class FacetCountOut(WireResponse):
    """How many products have a value."""

    value: str
    count: int


class DegradationOut(WireResponse):
    """Something that was relaxed or left out of the answer."""

    part: str
    message: str


ANSWER_EXAMPLE: dict[str, Any] = {
    "hits": [
        {
            "product": PRODUCT_EXAMPLE,
            "score": 0.82,
            "rank": 1,
            "reasons": [{"text": "red, as asked", "met": True, "predicted": False}],
            "variants": ["P0002"],
        }
    ],
    "parse": {
        "text": "but red",
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
        "free_text": "",
        "dropped": [],
    },
    "reference": [{"name": "colour", "value": "blue", "provenance": "feed", "confidence": 1.0}],
    "facets": {"colour": [{"value": "red", "count": 12}]},
    "degraded": [],
    "timing_ms": {"understand": 0.6, "encode": 6.1, "retrieve": 1.4, "rank": 0.9, "hydrate": 0.5},
    "next_cursor": "",
    "encoder": "compact@1f0c/7a/256",
}


class SearchAnswer(WireResponse):
    """The answer to a search."""

    model_config = with_examples(ANSWER_EXAMPLE)

    hits: list[HitOut]
    parse: ParseOut
    reference: list[AttributeOut] = Field(description="Attributes of the reference.")
    facets: dict[str, list[FacetCountOut]]
    degraded: list[DegradationOut]
    timing_ms: dict[str, float] = Field(description="Stage of the search → milliseconds.")
    next_cursor: str = Field(
        description="For the next page; empty on the last one, and after 1,000 hits. Hits may "
        "repeat or be missing where the catalogue changed between two pages."
    )
    encoder: str


class FacetsAnswer(WireResponse):
    """Counts of facet values."""

    model_config = with_examples({"facets": {"colour": [{"value": "red", "count": 12}]}})

    facets: dict[str, list[FacetCountOut]]
