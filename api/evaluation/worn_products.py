"""Catalogue pictures of bottoms as they are worn: another shop's photos, with a type and no box."""

# pyright: basic
# (pyarrow ships no types)

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pyarrow.parquet as pq

from detectors.taxonomy import Taxonomy
from detectors.training.cutouts import cut_out
from detectors.training.fine_photos import FinePicture
from engine.images import decode_image

__all__ = ["worn_bottoms"]

_FINE_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "Jeans": "jeans", "Trousers": "pants", "Track Pants": "pants", "Leggings": "leggings",
        "Shorts": "shorts", "Skirts": "skirt",
    }
)  # fmt: skip
"""Types of KAGL → labels of Clothing Co-Parsing, of the class that relations tell most of."""


def worn_bottoms(data: Path, taxonomy: Taxonomy) -> Iterator[FinePicture]:
    """Bottoms among the sharper pictures of KAGL that somebody wears; none without the files.

    All splits: neither relations nor heads have learned anything from them. A thing that stands
    free on white is worn by nobody and left out. The one box is the whole picture.
    """
    sharp, names = data / "kagl_224.parquet", data / "kagl.parquet"
    if not (sharp.is_file() and names.is_file()):
        return
    table = pq.read_table(names, columns=["id", "articleType"])
    types = dict(zip(table["id"].to_pylist(), table["articleType"].to_pylist(), strict=True))
    for row in pq.read_table(sharp).to_pylist():
        label = _FINE_TYPES.get(types.get(row["id"], ""))
        if label is None:
            continue
        image = decode_image(row["image"])
        place = taxonomy.place("ccp", label)
        if place is None or cut_out(image) is not None:
            continue
        yield FinePicture(
            image=image,
            boxes=((0.0, 0.0, float(image.shape[1]), float(image.shape[0])),),
            labels=(label,),
            places=(place,),
        )
