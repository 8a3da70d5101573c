"""Pictures with their titles and labels: the three sources that the compact encoder learns from."""

from __future__ import annotations

import importlib
import io
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image

from engine.errors import NotFound

__all__ = [
    "ATTRIBUTES",
    "CLOTHING_TYPES",
    "Pairs",
    "encode_labels",
    "load_clothing",
    "load_drawn",
    "load_kagl",
    "normalise_title",
    "with_categories",
]

_log = logging.getLogger(__name__)

ATTRIBUTES = ("type", "colour", "gender", "usage", "season", "category", "subcategory")
"""Label columns, in the order of `Pairs.labels`."""
_KAGL_COLUMNS = (
    "articleType",
    "baseColour",
    "gender",
    "usage",
    "season",
    "masterCategory",
    "subCategory",
)
UNKNOWN = ""

CLOTHING_TYPES = {
    "T-Shirt": "Tshirts",
    "Longsleeve": "Tshirts",
    "Polo": "Tshirts",
    "Shirt": "Shirts",
    "Dress": "Dresses",
    "Shorts": "Shorts",
    "Outwear": "Jackets",
    "Skirt": "Skirts",
    "Undershirt": "Innerwear Vests",
    "Hoodie": "Sweatshirts",
    "Blazer": "Blazers",
    "Top": "Tops",
    "Blouse": "Tops",
    "Hat": "Caps",
}
"""Labels of the clothing data set that KAGL has a type for."""
_CLOTHING_GROUPS = {"Pants": ("Apparel", "Bottomwear"), "Shoes": ("Footwear", "Shoes")}
"""Labels that span several types: category and subcategory. Bodysuits have no place at all."""

DRAWN_TYPES = {
    "t-shirt": "Tshirts",
    "shirt": "Shirts",
    "blouse": "Tops",
    "sweater": "Sweaters",
    "hoodie": "Sweatshirts",
    "jacket": "Jackets",
    "coat": "Jackets",
    "dress": "Dresses",
    "skirt": "Skirts",
    "jeans": "Jeans",
    "trousers": "Trousers",
    "shorts": "Shorts",
    "leggings": "Leggings",
    "sneakers": "Casual Shoes",
    "heels": "Heels",
    "sandals": "Sandals",
    "handbag": "Handbags",
    "backpack": "Backpacks",
    "cap": "Caps",
}
"""Types of drawn garments that KAGL has a type for."""
_DRAWN_SIZE_WH = (192, 256)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pairs:
    """Rows of one source.

    Attributes:
        name: Of the source; names its cache files.
        ids: Product ids, N.
        titles: N titles.
        labels: N tuples in the order of `ATTRIBUTES`, empty where unknown.
        splits: N of ``train``, ``val``, ``test``.
        pictures: N encoded pictures, as a catalogue would hold them.
        sharper: Row → a sharper picture of the same product.
    """

    name: str
    ids: list[str]
    titles: list[str]
    labels: list[tuple[str, ...]]
    splits: list[str]
    pictures: list[bytes]
    sharper: dict[int, bytes]

    def rows(self, split: str) -> NDArray[np.int64]:
        """Row numbers of a split."""
        return np.flatnonzero(np.asarray(self.splits) == split)


def normalise_title(title: str) -> str:
    """Lower case, single spaces: titles that agree afterwards are one text."""
    return " ".join(title.lower().split())


def load_kagl(data: Path) -> Pairs:
    """Catalogue products with titles and labels.

    Raises:
        NotFound: ``kagl.parquet`` is not in the folder.
    """
    path = data / "kagl.parquet"
    if not path.exists():
        raise NotFound(
            "the training data are not there",
            where=str(path),
            hint="Point --data at the folder that holds kagl.parquet.",
        )
    table = pq.read_table(path).to_pydict()
    sharp_path = data / "kagl_224.parquet"
    sharper: dict[int, bytes] = {}
    if sharp_path.exists():
        row_of = {each: row for row, each in enumerate(table["id"])}
        sharp = pq.read_table(sharp_path, columns=["id", "image"]).to_pydict()
        for product, image in zip(sharp["id"], sharp["image"], strict=True):
            if product in row_of:
                sharper[row_of[product]] = image
    columns = [table[name] for name in _KAGL_COLUMNS]
    return Pairs(
        name="kagl",
        ids=table["id"],
        titles=[normalise_title(title or "") for title in table["title"]],
        labels=[
            tuple(value or UNKNOWN for value in values) for values in zip(*columns, strict=True)
        ],
        splits=table["split"],
        pictures=table["image"],
        sharper=sharper,
    )


def load_clothing(data: Path) -> Pairs | None:
    """Phone photos of single garments, label only; ``None`` when the file is absent."""
    path = data / "clothing.parquet"
    if not path.exists():
        return None
    table = pq.read_table(path, columns=["id", "label", "image", "split"]).to_pydict()
    blank = (UNKNOWN,) * (ATTRIBUTES.index("category") - 1)
    nothing = (UNKNOWN, UNKNOWN)
    words = {"Outwear": "jacket outerwear", "Longsleeve": "long sleeve t-shirt", "Body": "bodysuit"}
    return Pairs(
        name="clothing",
        ids=[str(each) for each in table["id"]],
        titles=[str(words.get(label, label)).lower() for label in table["label"]],
        labels=[
            (CLOTHING_TYPES.get(label, UNKNOWN), *blank, *_CLOTHING_GROUPS.get(label, nothing))
            for label in table["label"]
        ],
        splits=table["split"],
        pictures=table["image"],
        sharper={},
    )


def load_drawn(count: int, seed: int, folder: Path) -> Pairs | None:
    """Garments drawn by `data_samples.draw`; ``None`` when that program is not installed.

    Args:
        count: How many.
        seed: Of the drawing program.
        folder: Keeps the pictures from run to run; drawing takes about 0.06 s each.
    """
    path = folder / f"drawn-{seed}-{count}.parquet"
    if not path.exists():
        try:
            render = importlib.import_module("data_samples.draw").render_training_set
        except ModuleNotFoundError:
            _log.warning("data_samples is not installed: training goes without drawn pictures")
            return None
        rows: list[dict[str, str | bytes]] = []
        for sample in render(count, seed, _DRAWN_SIZE_WH):
            buffer = io.BytesIO()
            Image.fromarray(sample.rgb).save(buffer, "PNG")
            spec = sample.attributes
            rows.append(
                {
                    "title": sample.title,
                    "type": spec.product_type,
                    "colour": spec.colour,
                    "gender": spec.gender,
                    "image": buffer.getvalue(),
                }
            )
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows), path)
    table = pq.read_table(path).to_pydict()
    blank = (UNKNOWN,) * (len(ATTRIBUTES) - 3)
    return Pairs(
        name=f"drawn-{seed}-{count}",
        ids=[str(row) for row in range(len(table["title"]))],
        titles=[normalise_title(str(title)) for title in table["title"]],
        labels=[
            (DRAWN_TYPES.get(kind, UNKNOWN), str(colour).title(), str(gender).title(), *blank)
            for kind, colour, gender in zip(
                table["type"], table["colour"], table["gender"], strict=True
            )
        ],
        splits=["train"] * len(table["title"]),
        pictures=table["image"],
        sharper={},
    )


def with_categories(pairs: Pairs, catalogue: Pairs) -> Pairs:
    """Fill unknown categories in from what the catalogue's train rows say of a type."""
    type_at, last = ATTRIBUTES.index("type"), ATTRIBUTES.index("category")
    counts: dict[str, Counter[tuple[str, ...]]] = {}
    for row in catalogue.rows("train"):
        labels = catalogue.labels[row]
        counts.setdefault(labels[type_at], Counter())[labels[last:]] += 1
    usual = {kind: counter.most_common(1)[0][0] for kind, counter in counts.items() if kind}
    labels = [
        (*each[:last], *usual.get(each[type_at], each[last:])) if not any(each[last:]) else each
        for each in pairs.labels
    ]
    return replace(pairs, labels=labels)


def encode_labels(
    labels: Sequence[tuple[str, ...]], names: dict[str, tuple[str, ...]]
) -> NDArray[np.int64]:
    """Label words to codes: (N, A) int64, -1 where unknown."""
    index = [{value: code for code, value in enumerate(names[each])} for each in ATTRIBUTES]
    return np.array(
        [[codes.get(value, -1) for codes, value in zip(index, row, strict=True)] for row in labels],
        dtype=np.int64,
    ).reshape(len(labels), len(ATTRIBUTES))
