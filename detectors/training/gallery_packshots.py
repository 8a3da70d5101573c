"""Another shop, for the test across domains: packshots, composed scenes, clothes on models.

Its products are never trained on. Things that can be cut out are laid over street photos, so that
every box is known and what lies beside the product changes from picture to picture. Clothes are
worn in their packshots, beside other clothes; there the product is the one box that the detector
finds of the class that the catalogue names, and packshots with another number are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from detectors.galleries import ProductRef, View, ViewKind, views_of
from detectors.taxonomy import Taxonomy
from detectors.training.cutouts import CutOut, cut_out
from detectors.training.dataset import boxes_of
from detectors.training.files import training_file
from detectors.training.gallery_cases import GalleryDomain
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
from detectors.training.gallery_seen import BoxSource, Sight
from detectors.training.scenes import Boxes, lay_thing
from detectors.training.street import read_street
from engine.images import decode_image
from engine.types import ImageRGB

__all__ = ["composed_domain", "worn_domain"]

_SEED = 23
_LONGER_PX = 400
_MOST_BESIDE = 2
"""Other things laid into a scene before the product."""
_TRIES = 8
_LEAST_SCORE = 0.4
_PRODUCT, _OTHER = "product", "other"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Packshot:
    """A product's picture, uint8 (H, W, 3), its title and its type."""

    product_id: str
    title: str
    kind: str
    image: ImageRGB


def _read_packshots(data: Path, *, split: str) -> Iterator[_Packshot]:
    """The sharper packshots of KAGL.

    Raises:
        NotFound: ``kagl_224.parquet`` or ``kagl.parquet`` is not in `data`.
    """
    sharp, names = (training_file(data, name) for name in ("kagl_224.parquet", "kagl.parquet"))
    table = pq.read_table(names, columns=["id", "title", "articleType"])
    told = {row["id"]: row for row in table.to_pylist()}
    for row in pq.read_table(sharp).to_pylist():
        if row["split"] == split and row["id"] in told:
            of = told[row["id"]]
            yield _Packshot(
                product_id=f"kagl-{row['id']}",
                title=of["title"] or "",
                kind=of["articleType"] or "",
                image=decode_image(row["image"]),
            )


def composed_domain(
    data: Path, taxonomy: Taxonomy, sight: Sight, *, split: str = "test", most: int = 150
) -> GalleryDomain:
    """Things cut out of packshots, on white and in street scenes.

    Args:
        data: Folder of the real data.
        taxonomy: Of the detector.
        sight: What looks at the pictures.
        split: Of the packshots and of the street photos beneath them.
        most: Products.

    Raises:
        NotFound: A file is not in `data`.
    """
    things: dict[ProductRef, CutOut] = {}
    titles: dict[ProductRef, str] = {}
    for shot in _read_packshots(data, split=split):
        place = taxonomy.place("kagl", shot.kind)
        alpha = None if place is None else cut_out(shot.image)
        if place is None or alpha is None or len(things) == most:
            continue
        product = ProductRef(photo=shot.product_id, label=_PRODUCT, place=place)
        things[product] = CutOut(place=place, rgb=shot.image, alpha=alpha)
        titles[product] = shot.title

    def render_all() -> Iterator[tuple[View, LabelledPicture]]:
        photos = [each for each in read_street(data, taxonomy) if each.split == split]
        street = [(decode_image(each.image), boxes_of(each)) for each in photos]
        scenes = _Scenes(street, list(things.values()), taxonomy.classes)
        for product, thing in things.items():
            for view in views_of(product):
                picture = scenes.render(thing, view)
                if picture is not None:
                    yield view, resized(picture, longer_px=_LONGER_PX)

    return GalleryDomain(
        products=tuple(things),
        views=sight.views(f"composed-{split}", render_all, detail=f"{_SEED}|{len(things)}"),
        title_of=lambda product, _: titles[product],
    )


class _Scenes:
    """Renders things: on white, or over a street photo that the view decides."""

    def __init__(
        self,
        street: Sequence[tuple[ImageRGB, Boxes]],
        things: Sequence[CutOut],
        classes: Sequence[str],
    ) -> None:
        self._street, self._classes = street, classes
        self._things = [_trimmed(each) for each in things]

    def render(self, thing: CutOut, view: View) -> LabelledPicture | None:
        rng = chance_of(view, _SEED)
        if view.kind in (ViewKind.CUTOUT, ViewKind.DETAIL):
            made = _alone(_trimmed(thing), rng, is_detail=view.kind is ViewKind.DETAIL)
        else:
            # Its crop shows the same scene as the whole picture of that variant.
            whole = View(photo=view.photo, label="", kind=ViewKind.WHOLE, variant=view.variant)
            made = self._scene(_trimmed(thing), chance_of(whole, _SEED))
            if made is not None and view.kind is ViewKind.CROP:
                own = around([each for each in made.truths if each.label == _PRODUCT])
                made = window(made, crop_window(made, own, rng))
        if made is None or view.variant == 0:
            return made
        return mirrored(relit(made, rng))

    def _scene(self, thing: CutOut, rng: np.random.Generator) -> LabelledPicture | None:
        image, seen = self._street[int(rng.integers(len(self._street)))]
        for _ in range(int(rng.integers(_MOST_BESIDE + 1))):
            other = self._things[int(rng.integers(len(self._things)))]
            image, seen, _ = lay_thing(image, seen, other, self._classes, rng)
        for _ in range(_TRIES):
            laid, boxes, own = lay_thing(image, seen, thing, self._classes, rng)
            if own is not None:
                truths = [Truth(label=_OTHER, place=p, box_xyxy_px=b) for p, b in boxes[:-1]]
                truths.append(Truth(label=_PRODUCT, place=thing.place, box_xyxy_px=own))
                return LabelledPicture(rgb=laid, truths=tuple(truths))
        return None


def _trimmed(thing: CutOut) -> CutOut:
    rows = np.flatnonzero(thing.alpha.max(axis=1) > 0.5)
    columns = np.flatnonzero(thing.alpha.max(axis=0) > 0.5)
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return CutOut(place=thing.place, rgb=thing.rgb[part], alpha=thing.alpha[part])


def _alone(thing: CutOut, rng: np.random.Generator, *, is_detail: bool) -> LabelledPicture | None:
    high, wide = thing.alpha.shape
    own = Truth(label=_PRODUCT, place=thing.place, box_xyxy_px=(0.0, 0.0, float(wide), float(high)))
    picture = LabelledPicture(rgb=thing.rgb, truths=(own,))
    if not is_detail:
        return laid_on_white(picture, thing.alpha, rng)
    part = detail_window(thing.alpha > 0.5, own.box_xyxy_px, rng)
    if part is None:
        return None
    x0, y0, x1, y1 = map(int, part)
    whole = (0.0, 0.0, float(x1 - x0), float(y1 - y0))
    return LabelledPicture(
        rgb=thing.rgb[y0:y1, x0:x1],
        truths=(Truth(label=_PRODUCT, place=thing.place, box_xyxy_px=whole),),
    )


def worn_domain(
    data: Path, taxonomy: Taxonomy, sight: Sight, *, split: str = "test", most: int = 150
) -> GalleryDomain:
    """Clothes on models, beside other clothes, each in several framings of its one packshot.

    Args:
        data: Folder of the real data.
        taxonomy: Of the detector.
        sight: What looks at the pictures, and finds the box of the product in the packshot.
        split: Of the packshots.
        most: Products looked at; those without exactly one box of their class are left out.

    Raises:
        NotFound: A file is not in `data`.
    """
    shots = [
        (shot, place)
        for shot in _read_packshots(data, split=split)
        if (place := taxonomy.place("kagl-worn", shot.kind)) is not None
    ][:most]
    titles = {shot.product_id: shot.title for shot, _ in shots}

    def render_all() -> Iterator[tuple[View, LabelledPicture]]:
        for shot, place in shots:
            picture = _told_by_detector(shot, place, sight.boxes_of)
            if picture is None:
                continue
            product = ProductRef(photo=shot.product_id, label=_PRODUCT, place=place)
            for view in views_of(product):
                made = _worn_view(picture, view)
                if made is not None:
                    yield view, resized(made, longer_px=_LONGER_PX)

    views = sight.views(f"worn-{split}", render_all, detail=f"{_SEED}|{len(shots)}")
    shown = {each.photo for each in views}
    return GalleryDomain(
        products=tuple(
            ProductRef(photo=shot.product_id, label=_PRODUCT, place=place)
            for shot, place in shots
            if shot.product_id in shown
        ),
        views=views,
        title_of=lambda product, _: titles[product.photo],
    )


def _told_by_detector(shot: _Packshot, place: int, boxes_of: BoxSource) -> LabelledPicture | None:
    (found,) = boxes_of([LabelledPicture(rgb=shot.image, truths=())])
    own = [each for each in found if each.place == place]
    if len(own) != 1 or own[0].score < _LEAST_SCORE:
        return None
    truths = [
        Truth(
            label=_PRODUCT if each is own[0] else _OTHER,
            place=each.place,
            box_xyxy_px=each.box_xyxy_px,
        )
        for each in found
    ]
    return LabelledPicture(rgb=shot.image, truths=tuple(truths))


def _worn_view(picture: LabelledPicture, view: View) -> LabelledPicture | None:
    rng = chance_of(view, _SEED)
    own = around([each for each in picture.truths if each.label == _PRODUCT])
    if view.kind is ViewKind.CUTOUT:
        return None  # nobody drew its outline
    if view.kind is ViewKind.WHOLE:
        part = None if view.variant == 0 else whole_window(picture, rng)
    elif view.kind is ViewKind.CROP:
        part = crop_window(picture, own, rng)
    else:
        filled = np.ones(picture.rgb.shape[:2], np.bool_)
        part = detail_window(filled, own, rng)
        if part is None:
            return None
        x0, y0, x1, y1 = part
        place = next(each.place for each in picture.truths if each.label == _PRODUCT)
        whole = Truth(label=_PRODUCT, place=place, box_xyxy_px=(0.0, 0.0, x1 - x0, y1 - y0))
        shown = LabelledPicture(rgb=window(picture, part).rgb, truths=(whole,))
        return mirrored(relit(shown, rng)) if view.variant else shown
    made = picture if part is None else window(picture, part)
    return mirrored(relit(made, rng)) if view.variant else made
