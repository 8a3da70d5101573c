"""What stands for the kinds of things that the small generator has not learned.

What it has no code of it draws as a ghost, whatever the words are. Sneakers come out when it is
asked for casual shoes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

__all__ = ["NEAR", "SAME", "known_type"]

SAME: Mapping[str, str] = {
    "bag": "handbag",
    "beanie": "cap",
    "blazer": "jacket",
    "blouse": "top",
    "bodysuit": "top",
    "bomber jacket": "jacket",
    "cardigan": "sweater",
    "cargo trousers": "trousers",
    "chinos": "trousers",
    "coat": "jacket",
    "crop top": "top",
    "denim jacket": "jacket",
    "glasses": "sunglasses",
    "halter top": "top",
    "hat": "cap",
    "hoodie": "sweatshirt",
    "knitwear": "sweater",
    "leather jacket": "jacket",
    "loafers": "casual shoes",
    "lounge t-shirt": "t-shirt",
    "nehru jacket": "jacket",
    "parka": "jacket",
    "polo shirt": "t-shirt",
    "puffer jacket": "jacket",
    "pumps": "heels",
    "rain jacket": "jacket",
    "rain trousers": "trousers",
    "rucksack": "backpack",
    "shoes": "casual shoes",
    "slippers": "flip flops",
    "sneakers": "casual shoes",
    "tank top": "top",
    "tights": "stockings",
    "trench coat": "jacket",
    "tube top": "top",
    "wedges": "heels",
}
"""Canonical type → one that looks alike at 96×72 pixels: whoever asks for the first may see it."""
NEAR: Mapping[str, str] = {
    "booties": "casual shoes",
    "boots": "casual shoes",
    "cape": "jacket",
    "clogs": "sandals",
    "culottes": "capris",
    "gilet": "jacket",
    "shrug": "sweater",
    "vest": "top",
    "waistcoat": "top",
}
"""The same for a garment of which something else is asked: better than a ghost, and no more."""


def known_type(product_type: str, known: Collection[str], *, asked: bool) -> str:
    """The type itself, or the one that stands for it; empty where none does.

    Args:
        product_type: Canonical.
        known: Those that the generator has codes of.
        asked: It is what somebody wants to see, so only what looks alike will do.
    """
    if product_type in known:
        return product_type
    other = SAME.get(product_type, "" if asked else NEAR.get(product_type, ""))
    return other if other in known else ""
