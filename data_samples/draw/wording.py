"""Titles and descriptions in the manner of a real shop."""

from __future__ import annotations

import numpy as np

from data_samples.draw.assortment import FACTS
from data_samples.draw.spec import ProductSpec

_PATTERN_WORDS = {"plain": "", "striped": "Striped", "checked": "Checked", "polka dot": "Polka Dot",
                  "floral": "Floral", "graphic print": "Graphic Print"}  # fmt: skip
_SHARE_WITHOUT_COLOUR = 0.06
_OPENINGS = (
    "An everyday favourite", "Made to be worn for years", "A calm piece for busy days",
    "Cut with care", "Easy to wear and easy to pair", "New in this season",
)  # fmt: skip
_CARE = {
    "leather": "Wipe with a soft cloth.", "suede": "Brush gently, keep dry.",
    "wool": "Hand wash cold, dry flat.", "satin": "Gentle wash at 30 degrees.",
    "denim": "Wash inside out at 30 degrees.",
}  # fmt: skip


def shape_words(spec: ProductSpec) -> tuple[str, ...]:
    """Title words that the product's shape earns."""
    return spec.shape().words


def title(spec: ProductSpec) -> str:
    """Brand, gender, colour, pattern, shape and noun; a few titles leave the colour out."""
    rng = np.random.default_rng([spec.cloth_seed, 1])
    words = list(shape_words(spec))
    noun = FACTS[spec.product_type].noun
    material = spec.material.word.title() if rng.random() < 0.3 else ""
    if material in ("Denim", "Wool", "Cotton Fleece") and (
        noun == "Jeans" or "Wool Blend" in words
    ):
        material = ""
    if "Blazer" in words:
        noun = "Blazer Jacket"
        words.remove("Blazer")
    colour = "" if rng.random() < _SHARE_WITHOUT_COLOUR else spec.colour.title()
    parts = [
        spec.brand,
        spec.gender.title(),
        colour,
        _PATTERN_WORDS[spec.pattern],
        *words,
        material,
        noun,
    ]
    return " ".join(dict.fromkeys(part for part in parts if part))


def description(spec: ProductSpec) -> str:
    """Two or three plain sentences that agree with the attributes."""
    rng = np.random.default_rng([spec.cloth_seed, 2])
    noun = FACTS[spec.product_type].noun.lower()
    shape = " ".join(shape_words(spec)).lower()
    pattern = "" if spec.pattern == "plain" else f" with a {spec.pattern} pattern"
    if spec.pattern == "graphic print":
        pattern = " with a graphic print"
    opening = _OPENINGS[int(rng.integers(len(_OPENINGS)))]
    care = _CARE.get(spec.material.word, "Machine wash at 40 degrees.")
    for_whom = {"women": "for women", "men": "for men", "unisex": "for everyone"}[spec.gender]
    words = " ".join(word for word in (spec.colour, shape, noun) if word)
    return f"{opening}: {words} {for_whom} in {spec.material.word}{pattern}. {care}"
