"""The shop of the street photos: its products, seen whole, closer, cut out, in detail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from detectors.galleries import ProductRef, View, ViewKind, views_of
from detectors.gallery_titles import write_title
from detectors.taxonomy import Taxonomy
from detectors.training.gallery_cases import GalleryDomain
from detectors.training.gallery_colours import colour_name
from detectors.training.gallery_pictures import (
    LabelledPicture,
    Truth,
    around,
    chance_of,
    crop_window,
    detail_window,
    laid_on_white,
    mirrored,
    relit,
    resized,
    whole_window,
    window,
)
from detectors.training.gallery_seen import SeenView, Sight
from detectors.training.street import StreetPhoto, read_street
from detectors.training.street_masks import STREET_LABELS, read_mask
from engine.images import decode_image
from engine.types import BoxPx

__all__ = ["StreetScene", "open_scene", "render", "street_domain", "street_products"]

_SEED = 11
_SHARD = 50
"""Photos whose views lie in one file: a run that was stopped goes on from the last."""
_LEAST_SHARE = 0.003
"""Of the photo that a product's mask covers: smaller things are seldom sold by such photos."""
_LEAST_PART_SHARE = 0.0004
_LONGER_PX = 400


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StreetScene:
    """A decoded photo: its picture with every part of every thing, and the mask (H, W)."""

    photo: str
    picture: LabelledPicture
    mask: NDArray[np.uint8]


def street_products(photo: StreetPhoto) -> list[ProductRef]:
    """What of a photo is large enough to be sold."""
    covered: dict[tuple[str, int], int] = {}
    for box in photo.boxes:
        key = (box.label, box.place)
        covered[key] = covered.get(key, 0) + box.area_px
    least = _LEAST_SHARE * photo.width_px * photo.height_px
    return [
        ProductRef(photo=photo.photo_id, label=label, place=place)
        for (label, place), area in sorted(covered.items())
        if area >= least
    ]


def open_scene(photo: StreetPhoto) -> StreetScene:
    """Decode a photo and its mask; parts of a few pixels are left out."""
    least = _LEAST_PART_SHARE * photo.width_px * photo.height_px
    truths = [
        Truth(label=box.label, place=box.place, box_xyxy_px=box.box_xyxy_px)
        for box in photo.boxes
        if box.area_px >= least
    ]
    picture = LabelledPicture(rgb=decode_image(photo.image), truths=tuple(truths))
    return StreetScene(photo=photo.photo_id, picture=picture, mask=read_mask(photo.mask))


def render(scene: StreetScene, view: View, *, seed: int) -> LabelledPicture | None:
    """Render one view; ``None`` where the thing is too small or too thin for it.

    Variant 0 is as photographed; any other is mirrored, framed anew and in other light.
    """
    rng = chance_of(view, seed)
    if view.kind is ViewKind.WHOLE:
        made = scene.picture
        if view.variant > 0:
            made = window(made, whole_window(made, rng))
    else:
        parts = [each for each in scene.picture.truths if each.label == view.label]
        if not parts:
            return None
        made = _closer(scene, view, around(parts), rng)
    if made is None:
        return None
    if view.variant > 0:
        made = mirrored(relit(made, rng))
    return resized(made, longer_px=_LONGER_PX)


def _closer(
    scene: StreetScene, view: View, box: BoxPx, rng: np.random.Generator
) -> LabelledPicture | None:
    if view.kind is ViewKind.CROP:
        return window(scene.picture, crop_window(scene.picture, box, rng))
    if view.kind is ViewKind.CUTOUT:
        return _cutout(scene, view.label, box, rng)
    part = detail_window(scene.mask == STREET_LABELS.index(view.label), box, rng)
    return None if part is None else _seen_in(scene, view.label, part)


def _cutout(
    scene: StreetScene, label: str, box: BoxPx, rng: np.random.Generator
) -> LabelledPicture:
    x0, y0, x1, y1 = (round(each) for each in box)
    shown = (scene.mask[y0:y1, x0:x1] == STREET_LABELS.index(label)).astype(np.uint8) * 255
    soft = Image.fromarray(shown).filter(ImageFilter.GaussianBlur(0.8))
    alpha = np.asarray(soft, np.float32) / np.float32(255)
    part = window(_only(scene.picture, label), box)
    return laid_on_white(part, alpha, rng)


def _seen_in(scene: StreetScene, label: str, box: BoxPx) -> LabelledPicture:
    """A window in which the product's own box is what its mask still shows there."""
    x0, y0, x1, y1 = map(int, box)
    shown = scene.mask[y0:y1, x0:x1] == STREET_LABELS.index(label)
    rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    place = next(each.place for each in scene.picture.truths if each.label == label)
    own = Truth(
        label=label,
        place=place,
        box_xyxy_px=(
            float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)
        ),
    )  # fmt: skip
    others = window(_without(scene.picture, label), box)
    return LabelledPicture(rgb=others.rgb, truths=(own, *others.truths))


def _only(picture: LabelledPicture, label: str) -> LabelledPicture:
    kept = tuple(each for each in picture.truths if each.label == label)
    return LabelledPicture(rgb=picture.rgb, truths=kept)


def _without(picture: LabelledPicture, label: str) -> LabelledPicture:
    kept = tuple(each for each in picture.truths if each.label != label)
    return LabelledPicture(rgb=picture.rgb, truths=kept)


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

    return GalleryDomain(products=everything, views=views, title_of=title_of)


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
            shown = scene.mask == STREET_LABELS.index(product.label)
            found[product] = colour_name(scene.picture.rgb[shown])
    return found
