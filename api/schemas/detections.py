"""What is in pictures."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from api.schemas.base import WireRequest, WireResponse, with_examples
from engine.types import Facet

MOST_PICTURES = 8
PictureName = Annotated[str, Field(min_length=1, max_length=80)]
Fraction = Annotated[float, Field(ge=0, le=1)]

DETECTIONS_EXAMPLE: dict[str, Any] = {
    "pictures": ["upload:0b6f4c1e8d2a4f7d9a3e5c7b1f2d4e6a"],
    "title": "Floral wrap skirt",
}


ANSWER_EXAMPLE: dict[str, Any] = {
    "pictures": [
        {
            "boxes": [
                {
                    "box": [0.336, 0.366, 0.661, 0.916],
                    "label": "bottom",
                    "score": 0.912,
                    "classes": {"bottom": 0.912, "dress": 0.031},
                    "names": [{"name": "skirt", "probability": 0.71}],
                    "attributes": [{"facet": "colour", "value": "yellow", "confidence": 0.97}],
                    "main": 0.93,
                }
            ],
            "main": 0,
        }
    ]
}


class DetectionsRequest(WireRequest):
    """Pictures to look at: a photo, or the gallery of one product."""

    model_config = with_examples(DETECTIONS_EXAMPLE, {"like": "P0001"})

    pictures: list[PictureName] = Field(
        default=[],
        max_length=MOST_PICTURES,
        description="Ids from POST /v1/pictures (`upload:…`) or hashes of catalogue pictures; one"
        " that is named twice is looked at once.",
    )
    like: str = Field(
        default="", max_length=255, description="Id of a product, for its whole gallery and title."
    )
    title: str = Field(
        default="",
        max_length=512,
        description="Of the product; helps to tell which box it is.",
    )


class NameOut(WireResponse):
    """A fine name."""

    name: str
    probability: float


class SeenAttributeOut(WireResponse):
    """An attribute read from a box."""

    facet: Facet
    value: str
    confidence: float


class SeenBoxOut(WireResponse):
    """One garment or accessory in a picture."""

    box: list[float] = Field(
        description="Left, top, right, bottom as fractions of the picture, 0 to 1; goes into `box`"
        " of a search."
    )
    label: str = Field(description="Coarse class, such as `bottom`.")
    score: float = Field(description="How probable that class is.")
    classes: dict[str, float] = Field(
        description="Every coarse class with a probability of at least 0.01."
    )
    names: list[NameOut] = Field(description="Fine names, the likeliest first.")
    attributes: list[SeenAttributeOut]
    main: float | None = Field(
        description="How probable it is that this is the product; null where nobody decides that."
    )


class SeenPictureOut(WireResponse):
    """The boxes of one picture, the surest first."""

    boxes: list[SeenBoxOut]
    main: int | None = Field(
        description="Which of the boxes shows the product; null where that is unsure."
    )


class DetectionsAnswer(WireResponse):
    """One entry a picture, in the order of the request."""

    model_config = with_examples(ANSWER_EXAMPLE)

    pictures: list[SeenPictureOut]
