"""A whole installation in a temporary folder, with an encoder that costs nothing and counts."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from engine.blobs import BlobFolder
from engine.catalogue.store import CatalogueStore, open_catalogue
from engine.catalogue.vectors import normalised
from engine.ids import ProductId, point_id
from engine.index.memory import MemoryIndex
from engine.look import LookService
from engine.ports import AttributePredictor, VectorIndex
from engine.types import EncoderId, ImageRGB, Outcome, Vectors
from ingestion.options import IngestMode, IngestOptions
from ingestion.pipeline import ingest
from ingestion.report import IngestionReport

COLUMNS = ("id", "title", "image_link", "additional_image_link", "price", "availability")
DIMS = 16


class CountingEncoder:
    """Pictures by their mean colour, texts by their hash; counts what it embeds."""

    def __init__(self, name: str = "counting") -> None:
        self.encoder_id = EncoderId(name=name, revision="1", preprocess="none", dims=DIMS)
        self.pictures = 0
        self.texts = 0

    def embed_images(self, images: Sequence[ImageRGB]) -> Vectors:
        self.pictures += len(images)
        rows = np.ones((len(images), DIMS), np.float32)
        for row, image in zip(rows, images, strict=True):
            row[:3] += image.reshape(-1, 3).mean(0) / 16
        return normalised(rows)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        self.texts += len(texts)
        digests = [hashlib.blake2b(text.encode(), digest_size=DIMS).digest() for text in texts]
        codes = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, DIMS)
        return normalised(codes.astype(np.float32) + 1)


class Shop:
    """A feed's folder and everything that it is ingested into."""

    def __init__(self, folder: Path, *, index: VectorIndex | None = None) -> None:
        self.folder = folder
        self.feed_folder = folder / "feed"
        self.feed_folder.mkdir(parents=True, exist_ok=True)
        self.catalogue: CatalogueStore = open_catalogue(str(folder / "catalogue.sqlite"))
        self.index: VectorIndex = index or MemoryIndex(DIMS)
        self.blobs = BlobFolder(folder / "blobs")
        self.encoder = CountingEncoder()
        self.look: LookService | None = None
        self.predictor: AttributePredictor | None = None
        self.outcomes: list[Outcome] = []

    def picture(self, name: str, colour: tuple[int, int, int] = (200, 30, 30)) -> str:
        """Write a small picture into the feed's folder; returns its name."""
        (self.feed_folder / name).write_bytes(picture_bytes(colour))
        return name

    def feed(self, rows: Sequence[Mapping[str, str]], name: str = "feed.csv") -> Path:
        """Write a CSV feed."""
        path = self.feed_folder / name
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS, restval="")
            writer.writeheader()
            writer.writerows(rows)
        return path

    def raw_feed(self, data: bytes, name: str = "feed.csv") -> Path:
        """Write a feed as bytes."""
        path = self.feed_folder / name
        path.write_bytes(data)
        return path

    def products(self, count: int, *, start: int = 0) -> list[dict[str, str]]:
        """Good rows, with their pictures written."""
        rows: list[dict[str, str]] = []
        for place in range(start, start + count):
            name = self.picture(f"{place}.png", (place % 256, (place * 7) % 256, 90))
            rows.append(
                {"id": f"P{place}", "title": f"Red dress {place}", "image_link": name,
                 "price": "19.90 EUR"}
            )  # fmt: skip
        return rows

    def ingest(
        self,
        feed: Path,
        *,
        mode: str = "upsert",
        should_stop: Callable[[], bool] | None = None,
        **options: Any,
    ) -> IngestionReport:
        """Ingest a feed; `outcomes` holds those of this run."""
        self.outcomes = []
        return ingest(
            feed,
            options=IngestOptions(mode=IngestMode(mode), **options),
            catalogue=self.catalogue,
            index=self.index,
            blobs=self.blobs,
            encoder=self.encoder,
            predictor=self.predictor,
            look=self.look,
            on_outcome=self.outcomes.append,
            should_stop=should_stop,
        )

    def ids(self) -> set[str]:
        """Products of the catalogue."""
        return set(self.catalogue.stamps())

    def outcome_of(self, row: int) -> Outcome:
        """The one outcome of a row."""
        (found,) = [each for each in self.outcomes if each.row == row]
        return found

    def state(self) -> dict[str, tuple[object, ...]]:
        """All that ingestion leaves behind, to be compared."""
        vectors = {
            point.point_id: point
            for point in self.index.retrieve(
                [each for each, _ in self.index.point_ids()], with_vectors=True
            )
        }
        held: dict[str, tuple[object, ...]] = {}
        for product_id, stamp in self.catalogue.stamps().items():
            product = self.catalogue.get(product_id)
            point = vectors.pop(point_id(product.tenant, ProductId(product_id)))
            numbers = tuple(
                (name.value, np.round(vector, 5).tobytes())
                for name, vector in sorted(point.vectors.items())
            )
            held[product_id] = (product, stamp, repr(sorted(point.payload.items())), numbers)
        assert not vectors, "points without a product"
        return held


def picture_bytes(colour: tuple[int, int, int], size_wh: tuple[int, int] = (12, 16)) -> bytes:
    """A plain PNG."""
    buffer = io.BytesIO()
    Image.new("RGB", size_wh, colour).save(buffer, "PNG")
    return buffer.getvalue()
