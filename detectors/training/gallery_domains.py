"""The shops of the gallery benchmark: street photos, another shop's packshots, the drawn shop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detectors.galleries import ProductRef, View, views_of
from detectors.gallery_titles import write_title
from detectors.taxonomy import Taxonomy
from detectors.training.gallery_cases import GalleryDomain
from detectors.training.gallery_colours import colour_name
from detectors.training.gallery_pictures import LabelledPicture
from detectors.training.gallery_seen import BoxSource, SeenView, load_seen, see
from detectors.training.gallery_street import colour_pixels, open_scene, render, street_products
from detectors.training.street import StreetPhoto, read_street
from engine.ports import ImageEncoder

__all__ = ["RENDERING", "Sight", "street_domain"]

RENDERING = 2
"""Raise it when renderings change, so that kept ones are not used."""
_SEED = 11
_SHARD = 50
"""Photos whose views lie in one file: a run that was stopped goes on from the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What looks at the pictures.

    Attributes:
        boxes_of: Finds boxes.
        revision: Of what finds them.
        encoder: Of boxes and pictures.
        folder: Keeps what was seen.
        on_progress: Told how many pictures more are done.
    """

    boxes_of: BoxSource
    revision: str
    encoder: ImageEncoder
    folder: Path
    on_progress: Callable[[int], None] | None = None

    def views(
        self,
        name: str,
        render_all: Callable[[], Iterator[tuple[View, LabelledPicture]]],
        *,
        detail: str = "",
        shake_seed: int | None = None,
    ) -> dict[View, SeenView]:
        """The views of one shop and split: kept ones, or rendered and seen now."""
        key = f"{RENDERING}|{detail}|{self.revision}|{self.encoder.encoder_id.fingerprint}"
        return load_seen(
            self.folder / name,
            f"{key}|{shake_seed}",
            lambda: see(
                render_all(),
                self.boxes_of,
                self.encoder,
                shake_seed=shake_seed,
                on_progress=self.on_progress,
            ),
        )


def street_domain(
    data: Path, taxonomy: Taxonomy, split: str, sight: Sight, *, most_photos: int | None = None
) -> GalleryDomain:
    """Products in the street photos of one split.

    Boxes of train photos are moved a little: the detector learned from these photos.

    Args:
        data: Folder with ``ccp.parquet``.
        taxonomy: Of the detector.
        split: ``train``, ``val`` or ``test``.
        sight: What looks at the pictures.
        most_photos: For a quick run.

    Raises:
        NotFound: The photos are not there.
    """
    photos = [each for each in read_street(data, taxonomy) if each.split == split][:most_photos]
    products = {each.photo_id: street_products(each) for each in photos}

    def render_all(shard: Sequence[StreetPhoto]) -> Iterator[tuple[View, LabelledPicture]]:
        for photo in shard:
            scene = open_scene(photo)
            for view in _street_views(products[photo.photo_id]):
                picture = render(scene, view, seed=_SEED)
                if picture is not None:
                    yield view, picture

    views: dict[View, SeenView] = {}
    for start in range(0, len(photos), _SHARD):
        shard = photos[start : start + _SHARD]
        views |= sight.views(
            f"street-{split}-{start:04d}",
            lambda shard=shard: render_all(shard),
            detail=f"{_SEED}|{len(shard)}",
            shake_seed=_SEED if split == "train" else None,
        )
    everything = tuple(each for found in products.values() for each in found)
    colours = _colours(photos, products)

    def title_of(product: ProductRef, rng: np.random.Generator) -> str:
        return write_title(product.label, colours[product], rng)

    return GalleryDomain(name="street", products=everything, views=views, title_of=title_of)


def _street_views(products: Sequence[ProductRef]) -> list[View]:
    """Of all products of a photo, the whole photo once."""
    return list(dict.fromkeys(view for product in products for view in views_of(product)))


def _colours(
    photos: Sequence[StreetPhoto], products: Mapping[str, Sequence[ProductRef]]
) -> dict[ProductRef, str]:
    found: dict[ProductRef, str] = {}
    for photo in photos:
        scene = open_scene(photo)
        for product in products[photo.photo_id]:
            found[product] = colour_name(colour_pixels(scene, product.label))
    return found
