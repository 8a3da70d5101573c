"""On-model pictures of the drawn shop, with boxes and types: a domain that no training has seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import numpy as np

from data_samples.draw.gallery import draw_picture
from data_samples.draw.spec import iter_specs
from detectors.taxonomy import Taxonomy
from detectors.training.fine_photos import FinePicture

__all__ = ["drawn_people"]

_FINE_NAMES: Mapping[str, str] = MappingProxyType({"trousers": "pants", "handbag": "bag"})
"""Types of the drawn shop that Clothing Co-Parsing calls otherwise."""
_SEED = 90_210
"""Neither the shop's own seed nor those of the detector's training."""
_SIZE_WH = (300, 400)


def drawn_people(count: int, taxonomy: Taxonomy) -> Iterable[FinePicture]:
    """So many on-model pictures, one a product, drawn one by one."""
    specs = iter_specs(_SEED)
    for number in range(count):
        spec = next(specs)
        picture = draw_picture(spec, "worn", _SIZE_WH, np.random.default_rng((_SEED, number)))
        known = [
            (garment, place)
            for garment in picture.garments
            if (place := taxonomy.place("drawn", garment.label)) is not None
        ]
        yield FinePicture(
            image=picture.rgb,
            boxes=tuple(
                (float(x0), float(y0), float(x1), float(y1))
                for x0, y0, x1, y1 in (garment.box_xyxy_px for garment, _ in known)
            ),
            labels=tuple(_FINE_NAMES.get(each.label, each.label) for each, _ in known),
            places=tuple(place for _, place in known),
        )
