"""Labels of the training data as the engine's vocabulary spells them.

A test holds every value against `engine/query/vocabulary`.
"""

from __future__ import annotations

from engine.types import Facet

__all__ = ["canonical_label"]

_SPELLED: dict[Facet, dict[str, str]] = {
    Facet.TYPE: {
        "Baby Dolls": "babydoll",
        "Backpacks": "backpack",
        "Basketballs": "basketball",
        "Belts": "belt",
        "Blazers": "blazer",
        "Body Wash and Scrub": "body wash",
        "Camisoles": "camisole",
        "Caps": "cap",
        "Clutches": "clutch",
        "Compact": "compact powder",
        "Cushion Covers": "cushion cover",
        "Dresses": "dress",
        "Face Moisturisers": "face moisturiser",
        "Face Scrub and Exfoliator": "face scrub",
        "Face Serum and Gel": "face serum",
        "Face Wash and Cleanser": "face wash",
        "Footballs": "football",
        "Foundation and Primer": "foundation",
        "Free Gifts": "free gift",
        "Handbags": "handbag",
        "Highlighter and Blush": "blush",
        "Innerwear Vests": "innerwear vest",
        "Jackets": "jacket",
        "Kajal and Eyeliner": "eyeliner",
        "Kurta Sets": "kurta set",
        "Kurtas": "kurta",
        "Kurtis": "kurti",
        "Lounge Tshirts": "lounge t-shirt",
        "Mask and Peel": "face mask",
        "Mens Grooming Kit": "grooming kit",
        "Mufflers": "muffler",
        "Necklace and Chains": "necklace",
        "Nehru Jackets": "nehru jacket",
        "Night suits": "night suit",
        "Perfume and Body Mist": "perfume",
        "Rompers": "romper",
        "Rucksacks": "rucksack",
        "Sarees": "saree",
        "Scarves": "scarf",
        "Shirts": "shirt",
        "Skirts": "skirt",
        "Stoles": "stole",
        "Sweaters": "sweater",
        "Sweatshirts": "sweatshirt",
        "Ties": "tie",
        "Ties and Cufflinks": "tie and cufflinks",
        "Tops": "top",
        "Tracksuits": "tracksuit",
        "Trunk": "trunks",
        "Tshirts": "t-shirt",
        "Tunics": "tunic",
        "Umbrellas": "umbrella",
        "Wallets": "wallet",
        "Watches": "watch",
        "Wristbands": "wristband",
    },
    Facet.COLOUR: {"Multi": "multicolour"},
    Facet.SEASON: {"Fall": "autumn"},
}


def canonical_label(facet: Facet, label: str) -> str:
    """A label of the training data in the vocabulary's words: ``Tshirts`` → ``t-shirt``."""
    return _SPELLED.get(facet, {}).get(label, label.lower())
