"""A feed of products with galleries of one to four pictures, made of real street photos."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image

from detectors.galleries import ProductRef, View, ViewKind, views_of
from detectors.gallery_titles import write_title
from detectors.taxonomy import default_taxonomy
from detectors.training.gallery_street import StreetScene, open_scene, render, street_products
from detectors.training.street import read_street

__all__ = ["write_gallery_feed"]

_SEED = 13
_MOST_PICTURES = 4
_QUALITY = 90


def write_gallery_feed(data: Path, folder: Path, *, count: int) -> tuple[Path, int]:
    """Write ``feed.csv`` and its pictures.

    A product is one thing of one photo; its gallery is drawn from the photo, a crop, the cut-out
    on white, a detail, and other renderings of these. Products of one photo share the whole photo.

    Args:
        data: Folder of the real data.
        folder: Gets the feed and its pictures as JPEG.
        count: Products, as far as there are that many.

    Returns:
        The feed, and how many products it has.

    Raises:
        NotFound: The street photos are not in `data`.
    """
    rng = np.random.default_rng(_SEED)
    rows: list[dict[str, str]] = []
    for photo in read_street(data, default_taxonomy()):
        if len(rows) >= count:
            break
        scene = open_scene(photo)
        for product in street_products(photo)[: count - len(rows)]:
            names = _pictures(scene, product, folder, rng)
            if names:
                rows.append(
                    {
                        "id": f"{product.photo}-{product.label}",
                        "title": write_title(product.label, "", rng),
                        "image_link": names[0],
                        "additional_image_link": ",".join(names[1:]),
                    }
                )
    feed = folder / "feed.csv"
    with feed.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["id", "title", "image_link", "additional_image_link"])
        writer.writeheader()
        writer.writerows(rows)
    return feed, len(rows)


def _pictures(
    scene: StreetScene, product: ProductRef, folder: Path, rng: np.random.Generator
) -> list[str]:
    views = views_of(product)
    wanted = int(rng.integers(1, _MOST_PICTURES + 1))
    whole = [each for each in views if each.kind is ViewKind.WHOLE][:1]
    rest = [each for each in views if each not in whole]
    places: list[int] = rng.permutation(len(rest)).tolist()
    order = [*whole, *(rest[place] for place in places)]
    names: list[str] = []
    for view in order:
        if len(names) == wanted:
            break
        name = _written(scene, view, folder)
        if name:
            names.append(name)
    return names


def _written(scene: StreetScene, view: View, folder: Path) -> str:
    name = f"{view.photo}-{view.label or 'all'}-{view.kind.value}-{view.variant}.jpg"
    if not (folder / name).exists():
        made = render(scene, view, seed=_SEED)
        if made is None:
            return ""
        Image.fromarray(np.ascontiguousarray(made.rgb)).save(folder / name, quality=_QUALITY)
    return name
