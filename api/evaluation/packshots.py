"""Finding the product in packshots: what it does to search, and wrong types that it tells of."""

# pyright: basic
# (pyarrow ships no types)

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from api.evaluation.kagl_data import kagl_file
from api.evaluation.sharper import SHARPER
from api.evaluation.worlds import World, open_world
from engine.catalogue.vectors import ContentKind, gallery_keys
from engine.errors import NotFound
from engine.evaluation.figures import Figure, measured
from engine.evaluation.intervals import bootstrap
from engine.ports import DualEncoder
from engine.query.lexicon import Lexicon
from engine.types import Facet, Product, Provenance, Vectors
from engine.views import CROP_WEIGHT

__all__ = ["measure_packshots"]

_SEED = 17
_DEPTH = 10
_READ = (Facet.TYPE, Facet.COLOUR, Facet.GENDER)
_TYPE, _CATEGORY = "articleType", "masterCategory"


def measure_packshots(
    data: Path, encoder: DualEncoder, *, lexicon: Lexicon, split: str = "test"
) -> list[Figure]:
    """Ingest the sharper pictures of a split three times: as they are, and with wrong rows.

    Args:
        data: Folder of the real data.
        encoder: No cached one.
        lexicon: Canonical values.
        split: Whose products.

    Returns:
        Arms of the first: ``whole`` pictures, the ``crop`` of the product, and the ``view`` of
        both that ingestion stores. Of the others, how many rows are told of.

    Raises:
        NotFound: The data are not in the folder.
    """
    table = _products(data, split)
    figures: list[Figure] = []
    with TemporaryDirectory(prefix="lookalike-packshots-") as folder:
        feeds = {
            "as-it-is": table,
            "wrong-type": _wrong(table, _TYPE),
            "wrong-picture": _wrong(table, "image"),
        }
        for condition, held in feeds.items():
            feed = Path(folder) / f"{condition}.parquet"
            pq.write_table(held, feed)
            with open_world(feed, encoder=encoder, lexicon=lexicon, detect=True) as world:
                products = list(world.catalogue.iter_products())
                if condition == "as-it-is":
                    figures += _found(world, products, encoder)
                doubted = world.report.warnings.get("row.type_doubtful", 0)
                rows = np.zeros(len(products))
                rows[:doubted] = 1
                figures.append(
                    measured(bootstrap(rows), metric="doubted", arm="view", condition=condition)
                )
    return figures


def _products(data: Path, split: str) -> pa.Table:
    sharper = data / SHARPER
    if not sharper.is_file():
        raise NotFound(f"there is no {SHARPER} in {str(data)!r}", where="--data")
    table = pq.read_table(kagl_file(data)).drop_columns(["image"])
    table = table.filter(pc.field("split") == split).drop_columns(["split"])
    pictures = pq.read_table(sharper, columns=["id", "image"])
    return table.join(pictures, "id", join_type="inner").sort_by("id").combine_chunks()


def _wrong(table: pa.Table, column: str) -> pa.Table:
    """Every row gets this column of a row of another category."""
    rng = np.random.default_rng(_SEED)
    categories = np.array(table[_CATEGORY].to_pylist())
    cells = table[column].to_pylist()
    drawn = [
        cells[int(rng.choice(np.flatnonzero(categories != category)))] for category in categories
    ]
    place = table.schema.get_field_index(column)
    return table.set_column(place, column, pa.array(drawn, table.schema.field(column).type))


def _found(world: World, products: Sequence[Product], encoder: DualEncoder) -> list[Figure]:
    fingerprint = encoder.encoder_id.fingerprint
    hashes = [each.pictures[0] for each in products]
    keys = [gallery_keys(each)[0] for each in products]
    wholes = world.catalogue.embeddings(hashes, fingerprint=fingerprint, kind=ContentKind.PICTURE)
    views = world.catalogue.embeddings(keys, fingerprint=fingerprint, kind=ContentKind.VIEW)
    whole = np.stack([wholes[each] for each in hashes])
    view = np.stack([views.get(key, wholes[each]) for key, each in zip(keys, hashes, strict=True)])
    arms = {"whole": whole, "crop": _crops(whole, view), "view": view}
    titles = encoder.embed_texts([each.title for each in products])
    figures = [
        measured(
            bootstrap([float(any(each.box for each in one.views)) for one in products]),
            metric="located",
            arm="view",
            condition="as-it-is",
        )
    ]
    for arm, pictures in arms.items():
        scores = titles @ pictures.T
        ranks = (scores > np.diag(scores)[:, None]).sum(axis=1)
        figures.append(
            measured(
                bootstrap((ranks < _DEPTH).astype(float)),
                metric=f"recall@{_DEPTH}",
                arm=arm,
                condition="title",
            )
        )
        figures += _read(world, products, pictures, arm)
    return figures


def _crops(whole: Vectors, view: Vectors) -> Vectors:
    """The vectors of the boxes alone, out of ``view = unit(whole + weight * crop)``.

    With n the length of that sum: n view = whole + weight crop, and crop has unit length, so n
    solves n² - 2 n (view · whole) + 1 - weight² = 0.
    """
    along = np.sum(whole * view, axis=1, keepdims=True)
    length = along + np.sqrt(along**2 - 1 + CROP_WEIGHT**2)
    crops = (length * view - whole) / CROP_WEIGHT
    same = np.all(whole == view, axis=1, keepdims=True)
    return np.asarray(np.where(same, whole, crops), np.float32)


def _read(world: World, products: Sequence[Product], pictures: Vectors, arm: str) -> list[Figure]:
    if world.predictor is None:
        return []
    shares = world.predictor.predict(pictures)
    figures: list[Figure] = []
    for facet in _READ:
        labels = world.predictor.labels[facet]
        said = [_said(each, facet) for each in products]
        rows = [row for row, value in enumerate(said) if value in labels]
        truth = np.array([labels.index(said[row]) for row in rows])
        right: NDArray[np.bool_] = shares[facet][rows].argmax(axis=1) == truth
        figures.append(
            measured(
                bootstrap(right.astype(float)), metric="accuracy", arm=arm, condition=facet.value
            )
        )
    return figures


def _said(product: Product, facet: Facet) -> str:
    """What the feed says of a facet; empty where it says nothing."""
    return next(
        (
            each.value
            for each in product.attributes
            if each.name is facet and each.provenance is Provenance.FEED
        ),
        "",
    )
