"""What is known of a product's attributes: by the feed's columns, by its title, by looking at it.

A column says one value of its facet for every product. A title names what the shop finds worth a
word, so a value that it does not name is unknown and not absent. Titles say almost nothing of
sleeves, necks and lengths (a few dozen of 35,000): some hundred products were judged by eye from
their pictures, drawn at random from the garments that have sleeves (`judged_tags.json`, ids alone).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from engine.query.lexicon import Lexicon
from engine.types import Facet
from models.label_words import canonical_label
from models.training.pairs import ATTRIBUTES, Pairs

__all__ = [
    "COLUMN_FACETS",
    "TITLE_FACETS",
    "Tags",
    "can_have",
    "frequent_tags",
    "judged_tags",
    "read_tags",
    "tags_of_title",
]

Tags = Mapping[Facet, tuple[str, ...]]
"""Facet → canonical values; a facet that is missing is unknown."""

COLUMN_FACETS: Mapping[Facet, str] = {
    Facet.TYPE: "type",
    Facet.COLOUR: "colour",
    Facet.GENDER: "gender",
    Facet.OCCASION: "usage",
}
"""Facet → attribute of `models.training.pairs`; the season is when a shop sold it, not its look."""
TITLE_FACETS = (Facet.PATTERN, Facet.SLEEVE, Facet.NECK, Facet.LENGTH, Facet.MATERIAL)

_UPPER = frozenset(("tops", "outerwear", "dresses", "nightwear", "sets"))
_NO_UPPER = frozenset(("saree", "lounge pants", "lounge shorts", "dungarees"))
_UPPER_TOO = frozenset(("innerwear vest", "camisole"))
_HEMMED = frozenset(("dress", "skirt", "kurta", "kurti", "tunic", "nightdress", "coat"))
_NO_CLOTH = frozenset(("beauty", "other", "jewellery"))
_NO_CLOTH_TOO = frozenset(("watch", "sunglasses", "glasses", "umbrella", "key chain"))
_TOO_BROAD = frozenset(("patterned",))
_ENTAILED: Mapping[str, Tags] = {"jeans": {Facet.MATERIAL: ("denim",)}}
_POLO = re.compile(r"\bpolo\s+(?:neck|t-?\s?shirts?|tees?)\b", re.I)
_JUDGED = Path(__file__).parent / "judged_tags.json"


def can_have(facet: Facet, product_type: str, lexicon: Lexicon) -> bool:
    """Things of a type can have a value of the facet: shoes have no sleeves.

    Args:
        facet: Any.
        product_type: Canonical.
        lexicon: Knows the types' categories.
    """
    category = lexicon.category(product_type)
    if facet in (Facet.SLEEVE, Facet.NECK):
        upper = category in _UPPER or product_type in _UPPER_TOO
        return upper and product_type not in _NO_UPPER
    if facet is Facet.LENGTH:
        return product_type in _HEMMED
    if facet is Facet.MATERIAL:
        return category not in _NO_CLOTH and product_type not in _NO_CLOTH_TOO
    return True


def tags_of_title(title: str, product_type: str, lexicon: Lexicon) -> Tags:
    """What a title says of `TITLE_FACETS`, broader values included ("graphic" is "printed").

    Words that mean something else in this catalogue are left out: a "polo neck" t-shirt has a
    collar, "Palm Tree" and "Denim Co." are brands, a jersey is a shirt, shoes have laces.
    """
    lowered = title.casefold()
    found: dict[Facet, dict[str, None]] = {}
    for mention in lexicon.mentions(title):
        facet, value = mention.facet, mention.value
        if facet not in TITLE_FACETS or not can_have(facet, product_type, lexicon):
            continue
        if _means_something_else(value, lowered, product_type, lexicon):
            continue
        named = (value, *lexicon.broader(facet, value))
        found.setdefault(facet, {}).update(dict.fromkeys(v for v in named if v not in _TOO_BROAD))
    if product_type == "t-shirt" and _POLO.search(title):
        found[Facet.NECK] = {"collared": None}
    return {facet: tuple(values) for facet, values in found.items() if values}


def _means_something_else(value: str, title: str, product_type: str, lexicon: Lexicon) -> bool:
    return (
        value == "jersey"
        or (value == "tropical" and "palm tree" in title)
        or (value == "denim" and "denim co" in title)
        or (value == "lace" and lexicon.category(product_type) == "footwear")
    )


def read_tags(pairs: Pairs, lexicon: Lexicon, *, judged: bool = False) -> list[Tags]:
    """What is known of each row.

    Args:
        pairs: Rows of the catalogue.
        lexicon: Of titles.
        judged: Judgements by eye too, and what follows from a type (jeans are denim). Where there
            is a judgement it counts more than the title.
    """
    by_eye = judged_tags() if judged else {}
    found: list[Tags] = []
    for product, title, labels in zip(pairs.ids, pairs.titles, pairs.labels, strict=True):
        columns = {
            facet: (canonical_label(facet, labels[ATTRIBUTES.index(attribute)]),)
            for facet, attribute in COLUMN_FACETS.items()
            if labels[ATTRIBUTES.index(attribute)]
        }
        kind = columns.get(Facet.TYPE, ("",))[0]
        named = tags_of_title(title, kind, lexicon)
        entailed = _ENTAILED.get(kind, {}) if judged else {}
        found.append({**columns, **entailed, **named, **by_eye.get(str(product), {})})
    return found


def judged_tags() -> dict[str, dict[Facet, tuple[str, ...]]]:
    """Product id → what was judged by eye of its picture."""
    held = json.loads(_JUDGED.read_text(encoding="utf-8"))
    found: dict[str, dict[Facet, tuple[str, ...]]] = {}
    for facet, values in held.items():
        for value, products in values.items():
            for product in products:
                found.setdefault(str(product), {})[Facet(facet)] = (value,)
    return found


def frequent_tags(
    tags: Sequence[Tags], rows: Collection[int], *, least: int
) -> tuple[tuple[Facet, str], ...]:
    """Facets with their values that at least so many of the rows have, facet by facet.

    Within a facet the values stand in alphabetical order.
    """
    counts = Counter(
        (facet, value)
        for row in rows
        for facet, values in tags[int(row)].items()
        for value in values
    )
    order = (*COLUMN_FACETS, *TITLE_FACETS)
    kept = [each for each, count in counts.items() if count >= least]
    return tuple(sorted(kept, key=lambda each: (order.index(each[0]), each[1])))
