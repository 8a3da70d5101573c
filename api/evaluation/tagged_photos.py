"""Street photos of which is known what is worn, and not where: new ones for every arm."""

# pyright: basic
# (pyarrow ships no types)

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from detectors.taxonomy import Taxonomy
from detectors.training.files import training_file
from detectors.training.fine_photos import FinePicture
from engine.images import decode_image

__all__ = ["TaggedPhoto", "read_tagged", "tagged_pictures"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggedPhoto:
    """One photo, encoded, and what is worn in it, in the words of Clothing Co-Parsing."""

    image: bytes
    tags: frozenset[str]


def read_tagged(data: Path) -> list[TaggedPhoto]:
    """The photos of ``ccp.parquet`` that have tags and no mask, of all splits.

    Nothing is trained on photos without a mask.

    Raises:
        NotFound: There is no ``ccp.parquet`` in `data`.
    """
    rows = pq.read_table(training_file(data, "ccp.parquet"), columns=["image", "tags", "boxes"])
    return [
        TaggedPhoto(image=row["image"], tags=frozenset(row["tags"]))
        for row in rows.to_pylist()
        if row["tags"] and not row["boxes"]
    ]


def tagged_pictures(photos: Sequence[TaggedPhoto], taxonomy: Taxonomy) -> Iterator[FinePicture]:
    """Decoded one by one; the box of every tag that has a coarse class is the whole picture."""
    for photo in photos:
        image = decode_image(photo.image)
        places = {tag: taxonomy.place("ccp", tag) for tag in sorted(photo.tags)}
        known = {tag: place for tag, place in places.items() if place is not None}
        whole = (0.0, 0.0, float(image.shape[1]), float(image.shape[0]))
        yield FinePicture(
            image=image,
            boxes=(whole,) * len(known),
            labels=tuple(known),
            places=tuple(known.values()),
        )
