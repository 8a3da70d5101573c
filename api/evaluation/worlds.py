"""A world: a catalogue fed through the real pipeline into a temporary embedded store.

Composed queries are asked in two of them: `known`, where the feed carries every attribute, and
`pictures-only`, where it has pictures and titles without colours and the engine must see for
itself.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import numpy as np
from numpy.typing import NDArray

from engine.blobs import BlobFolder
from engine.catalogue.store import CatalogueStore, open_catalogue
from engine.errors import NotFound
from engine.evaluation.compose import DEPTH, ComposeQuery
from engine.evaluation.kagl import Row
from engine.ids import ProductId
from engine.index.open import open_index
from engine.ports import AttributePredictor, DualEncoder, VectorIndex
from engine.query.lexicon import Lexicon
from engine.search import SearchService
from engine.types import SearchQuery
from ingestion.pipeline import IngestionReport, IngestOptions, Progress, ingest

__all__ = ["World", "ask", "open_world"]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A filled store and the search service over it."""

    index: VectorIndex
    catalogue: CatalogueStore
    blobs: BlobFolder
    search: SearchService
    report: IngestionReport


@contextmanager
def open_world(
    feed: Path,
    *,
    encoder: DualEncoder,
    lexicon: Lexicon,
    mapping: str = "kagl",
    on_progress: Callable[[Progress], None] | None = None,
) -> Generator[World]:
    """Ingest a feed into a store that lasts as long as the context."""
    predictor = cast("AttributePredictor", encoder) if hasattr(encoder, "predict") else None
    with ExitStack() as stack:
        home = Path(stack.enter_context(TemporaryDirectory(prefix="lookalike-world-")))
        catalogue = open_catalogue(f"sqlite:///{home / 'catalogue.sqlite'}")
        stack.callback(catalogue.close)
        index = open_index(str(home / "index"), encoder.encoder_id)
        stack.callback(index.close)
        blobs = BlobFolder(home / "blobs")
        report = ingest(
            feed,
            options=IngestOptions(mapping=mapping),
            catalogue=catalogue,
            index=index,
            blobs=blobs,
            encoder=encoder,
            predictor=predictor,
            lexicon=lexicon,
            on_progress=on_progress,
        )
        search = SearchService(
            index=index, catalogue=catalogue, encoder=encoder, predictor=predictor, lexicon=lexicon
        )
        yield World(index=index, catalogue=catalogue, blobs=blobs, search=search, report=report)


def ask(
    search: SearchService,
    queries: Sequence[ComposeQuery],
    rows: Sequence[Row],
    *,
    on_progress: Callable[[int], None] | None = None,
) -> list[NDArray[np.int64]]:
    """Put each question to the service: the reference's id and the shopper's words, nothing else.

    A reference that the feed's ingestion rejected finds nothing.

    Returns:
        Row numbers of the hits of each question, best first.
    """
    numbers = {row.product_id: number for number, row in enumerate(rows)}
    rankings: list[NDArray[np.int64]] = []
    for query in queries:
        request = SearchQuery(
            like=ProductId(rows[query.reference].product_id),
            modification=query.modification,
            limit=DEPTH,
            group_variants=False,
        )
        try:
            hits = search.search(request).hits
        except NotFound:
            hits = ()
        rankings.append(np.array([numbers[hit.product.product_id] for hit in hits], np.int64))
        if on_progress is not None:
            on_progress(1)
    return rankings
