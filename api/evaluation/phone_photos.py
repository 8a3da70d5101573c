"""Phone photos of garments against the KAGL catalogue: reading them, and every arm's figures."""

# pyarrow ships no types, so its every call would be "unknown" in strict mode.
# pyright: basic

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from api.evaluation.kagl_data import embed_catalogue, iter_pictures
from api.progress import counting
from engine.errors import InvalidInput, NotFound
from engine.evaluation.cache import CachingEncoder, CachingPredictor
from engine.evaluation.cross_domain import (
    PhotoGroup,
    colour_agreement,
    colour_histograms,
    commonest_type,
    rank_photos,
    score_chance,
    score_neighbours,
    score_predictions,
    vote,
)
from engine.evaluation.figures import Figure
from engine.evaluation.kagl import SPLIT, Row
from engine.images import decode_image
from engine.types import Facet, ImageRGB, Vectors
from models.label_words import canonical_label

__all__ = ["ALLOWED", "Photo", "measure_cross_domain", "photo_groups", "read_photos"]

CLOTHING = "clothing.parquet"
CONDITION, BROAD = "phone-photos", "phone-photos/pants-shoes"
HISTOGRAM = "colour-histogram"
_PHOTO_PX = 256
"""Shorter side at which photos are decoded."""

ALLOWED: Mapping[str, tuple[str, ...]] = {
    "T-Shirt": ("Tshirts",),
    "Longsleeve": ("Tshirts",),
    "Polo": ("Tshirts",),
    "Shirt": ("Shirts",),
    "Dress": ("Dresses",),
    "Shorts": ("Shorts",),
    "Outwear": ("Jackets",),
    "Skirt": ("Skirts",),
    "Undershirt": ("Innerwear Vests",),
    "Hoodie": ("Sweatshirts",),
    "Blazer": ("Blazers",),
    "Top": ("Tops",),
    "Blouse": ("Tops",),
    "Hat": ("Caps",),
}
"""Labels of the photos and the one type of KAGL that each means."""
ALLOWED_BROADLY: Mapping[str, tuple[str, ...]] = {
    "Pants": ("Trousers", "Jeans", "Track Pants", "Leggings", "Jeggings", "Capris", "Lounge Pants"),
    "Shoes": ("Casual Shoes", "Sports Shoes", "Formal Shoes", "Flats", "Heels", "Booties"),
}
"""Labels that KAGL splits into several types."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Photo:
    """A phone photo of one garment, uint8 (H, W, 3), with its label."""

    label: str
    image: ImageRGB


def read_photos(data: Path, *, limit: int | None = None) -> list[Photo]:
    """The photos of the test split whose labels mean something in KAGL.

    Args:
        data: Folder with ``clothing.parquet``.
        limit: Most photos, spread evenly over all of them.

    Raises:
        NotFound: The file is not there.
        InvalidInput: A column is missing, or no photo is left.
    """
    path = data / CLOTHING
    if not path.is_file():
        raise NotFound(
            f"there is no {CLOTHING} in {str(data)!r}",
            where="--data",
            hint="Point --data at the folder of the real data.",
        )
    columns = ["label", "split", "image"]
    missing = [name for name in columns if name not in pq.read_schema(path).names]
    if missing:
        raise InvalidInput(f"the columns {', '.join(missing)} are missing", where=str(path))
    held = pq.read_table(path, columns=columns, filters=[("split", "=", SPLIT)]).to_pydict()
    known = [
        (label, blob)
        for label, blob in zip(held["label"], held["image"], strict=True)
        if label in ALLOWED or label in ALLOWED_BROADLY
    ]
    if not known:
        raise InvalidInput(
            f"no photo of the split {SPLIT!r} has a label that KAGL knows",
            where=str(path),
            hint=f"Known labels: {', '.join((*ALLOWED, *ALLOWED_BROADLY))}.",
        )
    if limit is not None and limit < len(known):
        known = [known[place * len(known) // limit] for place in range(limit)]
    return [Photo(label=label, image=decode_image(blob, target_px=_PHOTO_PX))
            for label, blob in known]  # fmt: skip


def photo_groups(labels: Sequence[str]) -> list[PhotoGroup]:
    """All photos that mean one type, each of their labels alone, and the broad labels together."""
    chosen: dict[str, list[int]] = defaultdict(list)
    for row, label in enumerate(labels):
        if label in ALLOWED:
            chosen[CONDITION].append(row)
        else:
            chosen[BROAD].append(row)
    for row, label in enumerate(labels):
        if label in ALLOWED:
            chosen[f"{CONDITION}/{label}"].append(row)
    return [
        PhotoGroup(
            name=name,
            rows=tuple(rows),
            allowed=tuple(_allowed(labels[row]) for row in rows),
        )
        for name, rows in sorted(chosen.items(), key=lambda each: (each[0].count("/"), each[0]))
    ]


def measure_cross_domain(
    data: Path, rows: Sequence[Row], photos: Sequence[Photo], encoder: CachingEncoder, *, arm: str
) -> list[Figure]:
    """Figures of the encoder and of the baselines.

    Args:
        data: The set KAGL.
        rows: Its rows: the catalogue.
        photos: Of the shoppers.
        encoder: Remembers vectors.
        arm: Its name.
    """
    with counting("Embedding pictures", len(rows)) as advance:
        pictures = embed_catalogue(data, rows, encoder, on_progress=advance).pictures
    seen = encoder.embed_images([photo.image for photo in photos])
    encoder.save()
    histograms: list[Vectors] = []
    with counting("Counting colours", len(rows)) as advance:
        for images in iter_pictures(data):
            histograms.append(colour_histograms(images))
            advance(len(images))
    coloured = colour_histograms([photo.image for photo in photos])
    nearest = {
        arm: rank_photos(seen, pictures),
        HISTOGRAM: rank_photos(coloured, np.concatenate(histograms)),
    }
    types = [canonical_label(Facet.TYPE, row.type) for row in rows]
    guesses = {f"{name}-vote": vote(found, types) for name, found in nearest.items()}
    guesses["commonest"] = [commonest_type(types)] * len(photos)
    if isinstance(encoder, CachingPredictor):
        guesses = {arm: _first_guess(encoder, seen, Facet.TYPE), **guesses}
    figures: list[Figure] = []
    for group in photo_groups([photo.label for photo in photos]):
        whole = group.name in (CONDITION, BROAD)
        figures.extend(
            score_neighbours(group, found, types, arm=name)
            for name, found in nearest.items()
            if whole or name == arm
        )
        if whole:
            figures.append(score_chance(group, types))
        figures.extend(
            score_predictions(group, found, arm=name)
            for name, found in guesses.items()
            if whole or name == arm
        )
    if isinstance(encoder, CachingPredictor):
        figures += _colours(encoder, seen, nearest, rows)
    return figures


def _colours(
    encoder: CachingPredictor,
    seen: Vectors,
    nearest: Mapping[str, np.ndarray],
    rows: Sequence[Row],
) -> list[Figure]:
    colours = [canonical_label(Facet.COLOUR, row.colour) for row in rows]
    predicted = _first_guess(encoder, seen, Facet.COLOUR)
    return [
        colour_agreement(found, predicted, colours, arm=name, condition=CONDITION)
        for name, found in nearest.items()
    ]


def _first_guess(encoder: CachingPredictor, vectors: Vectors, facet: Facet) -> list[str]:
    labels = encoder.labels[facet]
    return [labels[place] for place in encoder.predict(vectors)[facet].argmax(axis=1)]


def _allowed(label: str) -> frozenset[str]:
    named = ALLOWED.get(label) or ALLOWED_BROADLY[label]
    return frozenset(canonical_label(Facet.TYPE, each) for each in named)
