"""What the tagger that ships learns: for each facet its values and a code for each picture.

Pictures of the catalogue have their columns, titles and judgements (`models.training.tags`). Phone
photos of single garments add sleeves and necks, because their labels say so: a long-sleeved top is
not a t-shirt there. A facet that not everything can have gets a class "none of these": things of
other types, and things that are said to have another value. What could have one and is not said to
is unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.query.lexicon import Lexicon
from engine.types import Facet
from models.label_words import canonical_label
from models.training.pairs import ATTRIBUTES, Pairs
from models.training.patterns import pattern_labels
from models.training.tags import COLUMN_FACETS, Tags, can_have, read_tags

__all__ = ["OPTIONAL", "UNKNOWN", "FacetLabels", "label_catalogue", "label_photos"]

UNKNOWN = -1
_LEAST_TOLD, _SHARE_TOLD = 20, 0.02
"""Titles of a type that name a material, and their share, without which nothing is said of the
type's materials: the seven t-shirts of 5,000 that are called cotton tell nothing of the others."""

OPTIONAL: Mapping[Facet, tuple[str, ...]] = {
    Facet.SLEEVE: ("sleeveless", "short sleeves", "three-quarter sleeves", "long sleeves"),
    Facet.NECK: ("round neck", "v-neck", "collared", "hooded", "high neck"),
    Facet.MATERIAL: ("leather", "faux leather", "canvas", "denim", "cotton", "silk"),
}
"""Facets that a product may lack → the values that enough pictures are known to have.

Lengths are not: of 134 dresses and skirts that were looked at 112 are mini and 8 maxi."""

_COLUMNS = {**COLUMN_FACETS, Facet.SEASON: "season"}
_PHOTO_TAGS: Mapping[str, Tags] = {
    "t-shirt": {Facet.SLEEVE: ("short sleeves",)},
    "polo": {Facet.SLEEVE: ("short sleeves",), Facet.NECK: ("collared",)},
    "long sleeve t-shirt": {Facet.SLEEVE: ("long sleeves",)},
    "undershirt": {Facet.SLEEVE: ("sleeveless",)},
    "shirt": {Facet.NECK: ("collared",)},
    "hoodie": {Facet.SLEEVE: ("long sleeves",), Facet.NECK: ("hooded",)},
    "blazer": {Facet.SLEEVE: ("long sleeves",)},
}
_PHOTO_WITHOUT = frozenset(("pants", "shoes", "shorts", "skirt", "hat"))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FacetLabels:
    """One facet of N pictures.

    Attributes:
        values: Canonical, as the network's outputs.
        codes: (N,) places among the outputs, `UNKNOWN` where nothing is known. Where there is a
            "none" it is 0, and the values follow.
        has_none: Whether there is.
    """

    values: tuple[str, ...]
    codes: NDArray[np.int64]
    has_none: bool

    @property
    def outputs(self) -> int:
        """How many outputs of the network are its own."""
        return len(self.values) + self.has_none


def label_catalogue(pairs: Pairs, lexicon: Lexicon) -> dict[Facet, FacetLabels]:
    """Labels of the catalogue, the values of columns being those of the train split."""
    tags = read_tags(pairs, lexicon, judged=True)
    train = pairs.rows("train")
    found: dict[Facet, FacetLabels] = {}
    for facet, attribute in _COLUMNS.items():
        column = ATTRIBUTES.index(attribute)
        held = [canonical_label(facet, labels[column]) for labels in pairs.labels]
        values = tuple(sorted({held[row] for row in train} - {""}))
        found[facet] = FacetLabels(values=values, codes=_codes(held, values), has_none=False)
    patterns, codes = pattern_labels(pairs.titles)
    found[Facet.PATTERN] = FacetLabels(
        values=patterns, codes=np.array(codes, np.int64), has_none=False
    )
    kinds = [each.get(Facet.TYPE, ("",))[0] for each in tags]
    silent = _silent([kinds[row] for row in train], [tags[row] for row in train])
    for facet, values in OPTIONAL.items():
        lacks = [
            bool(kind)
            and (not can_have(facet, kind, lexicon) or (facet is Facet.MATERIAL and kind in silent))
            for kind in kinds
        ]
        found[facet] = _optional(facet, values, tags, lacks)
    return found


def _silent(kinds: Sequence[str], tags: Sequence[Tags]) -> frozenset[str]:
    """Types whose titles hardly ever name a material."""
    told = Counter(kind for kind, each in zip(kinds, tags, strict=True) if Facet.MATERIAL in each)
    return frozenset(
        kind
        for kind, count in Counter(kinds).items()
        if told[kind] < max(_LEAST_TOLD, _SHARE_TOLD * count)
    )


def label_photos(titles: Sequence[str]) -> dict[Facet, FacetLabels]:
    """Sleeves and necks of phone photos, from what `models.training.pairs` calls them."""
    tags = [_PHOTO_TAGS.get(title, {}) for title in titles]
    lacks = [title in _PHOTO_WITHOUT for title in titles]
    return {
        facet: _optional(facet, OPTIONAL[facet], tags, lacks)
        for facet in (Facet.SLEEVE, Facet.NECK)
    }


def _optional(
    facet: Facet, values: tuple[str, ...], tags: Sequence[Tags], lacks: Sequence[bool]
) -> FacetLabels:
    place = {value: 1 + number for number, value in enumerate(values)}
    codes = np.full(len(tags), UNKNOWN, np.int64)
    for row, (each, without) in enumerate(zip(tags, lacks, strict=True)):
        known = [place[value] for value in each.get(facet, ()) if value in place]
        if len(known) == 1:
            codes[row] = known[0]
        elif facet in each:
            codes[row] = UNKNOWN if known else 0  # two of them, or another one
        elif without:
            codes[row] = 0
    return FacetLabels(values=values, codes=codes, has_none=True)


def _codes(held: Sequence[str], values: Sequence[str]) -> NDArray[np.int64]:
    place = {value: number for number, value in enumerate(values)}
    return np.array([place.get(each, UNKNOWN) for each in held], np.int64)
