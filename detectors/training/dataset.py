"""The pictures and boxes that the detector learns from, in the folder that ultralytics reads."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

from data_samples.draw.gallery import draw_product
from data_samples.draw.spec import iter_specs
from detectors.taxonomy import Taxonomy
from detectors.training.cutouts import read_cutouts
from detectors.training.scenes import Boxes, compose_scene
from detectors.training.street import StreetPhoto, read_street
from engine.images import decode_image
from engine.types import ImageRGB

__all__ = ["DatasetConfig", "write_dataset"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetConfig:
    """What is written.

    Attributes:
        data: Folder with ``ccp.parquet`` and, where there, ``kagl_224``.
        scenes: Composed pictures.
        drawn: Products of the drawn shop (not those that it sells), one to four pictures each.
        longer_side_px: Of the pictures as written.
    """

    data: Path
    scenes: int = 1500
    drawn: int = 150
    longer_side_px: int = 480
    seed: int = 7


def write_dataset(folder: Path, config: DatasetConfig, taxonomy: Taxonomy) -> Path:
    """Write the set, unless it is there, and return its ``data.yaml``.

    Raises:
        NotFound: The street photos are not in `config.data`.
    """
    description = folder / "data.yaml"
    if description.exists():
        return description
    shutil.rmtree(folder, ignore_errors=True)  # what a killed run left
    photos = read_street(config.data, taxonomy)
    for split in ("train", "val"):
        chosen = [each for each in photos if each.split == split]
        for name, image, boxes in _pictures(chosen, split, config, taxonomy):
            _write(folder, split, name, image, boxes, config.longer_side_px)
    held = {
        "path": str(folder.resolve()),
        "train": "images/train",
        "val": "images/val",
        "names": dict(enumerate(taxonomy.classes)),
    }
    description.write_text(yaml.safe_dump(held), encoding="utf-8")
    return description


def _pictures(
    photos: list[StreetPhoto], split: str, config: DatasetConfig, taxonomy: Taxonomy
) -> Iterator[tuple[str, ImageRGB, Boxes]]:
    decoded = [(decode_image(each.image), boxes_of(each)) for each in photos]
    for photo, (image, boxes) in zip(photos, decoded, strict=True):
        yield f"ccp-{photo.photo_id}", image, boxes
    if split != "train":
        return
    things = list(read_cutouts(config.data, taxonomy, split=split))
    rng = np.random.default_rng((config.seed, 1))
    for number in range(config.scenes if things else 0):
        image, boxes = decoded[int(rng.integers(len(decoded)))]
        if rng.random() < 0.5:
            image, boxes = _mirrored(image, boxes)
        yield f"scene-{number}", *compose_scene(image, boxes, things, taxonomy.classes, rng)
    yield from _drawn(config, taxonomy)


def _drawn(config: DatasetConfig, taxonomy: Taxonomy) -> Iterator[tuple[str, ImageRGB, Boxes]]:
    specs = iter_specs(config.seed + 1000)
    for number in range(config.drawn):
        gallery = draw_product(next(specs), config.seed + 1000 + number)
        for place, picture in enumerate(gallery.pictures):
            boxes: Boxes = []
            for garment in picture.garments:
                known = taxonomy.place("drawn", garment.label)
                if known is not None:
                    x0, y0, x1, y1 = garment.box_xyxy_px
                    boxes.append((known, (float(x0), float(y0), float(x1), float(y1))))
            yield f"drawn-{number}-{place}", picture.rgb, boxes


def boxes_of(photo: StreetPhoto) -> Boxes:
    """Class and box of every visible part that is large enough."""
    return [(each.place, each.box_xyxy_px) for each in photo.large_boxes]


def _mirrored(image: ImageRGB, boxes: Boxes) -> tuple[ImageRGB, Boxes]:
    wide = image.shape[1]
    turned = [(place, (wide - x1, y0, wide - x0, y1)) for place, (x0, y0, x1, y1) in boxes]
    return np.ascontiguousarray(image[:, ::-1]), turned


def _write(
    folder: Path, split: str, name: str, image: ImageRGB, boxes: Boxes, longer_side_px: int
) -> None:
    high, wide = image.shape[:2]
    lines = [
        f"{place} {(x0 + x1) / 2 / wide:.6f} {(y0 + y1) / 2 / high:.6f} "
        f"{(x1 - x0) / wide:.6f} {(y1 - y0) / high:.6f}"
        for place, (x0, y0, x1, y1) in boxes
    ]
    picture = Image.fromarray(image)
    picture.thumbnail((longer_side_px, longer_side_px), Image.Resampling.LANCZOS)
    for kind in ("images", "labels"):
        (folder / kind / split).mkdir(parents=True, exist_ok=True)
    picture.save(folder / "images" / split / f"{name}.jpg", quality=92)
    text = "\n".join(lines) + "\n" if lines else ""
    (folder / "labels" / split / f"{name}.txt").write_text(text, encoding="utf-8")
