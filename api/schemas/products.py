"""Products as the API shows them."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from api.schemas.base import WireResponse, with_examples

PRODUCT_EXAMPLE: dict[str, Any] = {
    "id": "P0001",
    "title": "Norvik Women Red Wrap Dress",
    "description": "A wrap dress with short sleeves.",
    "brand": "Norvik",
    "link": "https://shop.example/p/P0001",
    "group_id": "G0001",
    "availability": "in_stock",
    "price": {"minor": 3999, "currency": "EUR", "text": "39.99"},
    "attributes": [
        {"name": "colour", "value": "red", "provenance": "feed", "confidence": 1.0},
        {"name": "sleeve", "value": "short sleeve", "provenance": "model", "confidence": 0.83},
    ],
    "pictures": ["/v1/pictures/9f2c7d0a9f2c7d0a9f2c7d0a9f2c7d0a9f2c7d0a9f2c7d0a9f2c7d0a9f2c7d0a"],
    "views": [
        {
            "box": [0.21, 0.12, 0.8, 0.88],
            "confidence": 0.94,
            "label": "dress",
            "name": "dress",
            "name_confidence": 0.91,
        }
    ],
}


class Price(WireResponse):
    """An amount of money."""

    minor: int = Field(description="In minor units, such as cents.")
    currency: str = Field(description="ISO 4217; empty when the feed names none.")
    text: str = Field(description="In major units, with two decimals.")


class AttributeOut(WireResponse):
    """An attribute and where it comes from."""

    name: str
    value: str
    provenance: str = Field(description="feed, title, model or person.")
    confidence: float


class ViewOut(WireResponse):
    """What of a picture stands for the product."""

    box: list[float] | None = Field(
        description="x0, y0, x1, y1 as parts of width and height; null: no box surely shows the "
        "product, so the whole picture counts."
    )
    confidence: float = Field(description="How probable it is that the likeliest box shows it.")
    label: str = Field(description="Coarse class of the box; empty without one.")
    name: str = Field(description="Its fine class; empty where none can be told.")
    name_confidence: float = Field(description="How probable that one is, the label being right.")


class ProductOut(WireResponse):
    """A product of the catalogue."""

    model_config = with_examples(PRODUCT_EXAMPLE)

    id: str
    title: str
    description: str
    brand: str
    link: str = Field(description="http(s) address in the shop, or empty.")
    group_id: str
    availability: str
    price: Price | None
    attributes: list[AttributeOut]
    pictures: list[str] = Field(description="Paths of the gallery's pictures; main picture first.")
    views: list[ViewOut] = Field(
        description="One a picture, in their order; none where nobody looked for the product."
    )
