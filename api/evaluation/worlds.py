"""A world: a catalogue fed through the real pipeline into a temporary embedded store.

Composed queries are asked in two of them: `known`, where the feed carries every attribute, and
`pictures-only`, where it has pictures and titles without colours, patterns and sleeves and the
engine must see for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from api.look import build_look
from engine.blobs import BlobFolder
from engine.catalogue.store import CatalogueStore, open_catalogue
from engine.composition import compose
from engine.errors import NotFound
from engine.evaluation.compose import DEPTH, ComposeQuery
from engine.evaluation.kagl import Row
from engine.filters import Filter, In, both
from engine.ids import DEFAULT_TENANT, ProductId, point_id
from engine.index.open import open_index
from engine.payload import PRODUCT_ID
from engine.ports import AttributePredictor, Composer, DualEncoder, VectorIndex
from engine.query.lexicon import Lexicon
from engine.query.parse import parse_modification
from engine.reference import from_product
from engine.search import SearchService
from engine.types import SearchQuery, VectorName, VectorQuery, Weights
from ingestion.pipeline import IngestionReport, IngestOptions, Progress, ingest
from models.attributes import predictor_for

__all__ = ["PredictorOf", "World", "ask", "filter_only", "open_world"]

PredictorOf = Callable[[DualEncoder], AttributePredictor | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A filled store and the search service over it.

    Attributes:
        arithmetic: The same service without the learned composer.
    """

    index: VectorIndex
    catalogue: CatalogueStore
    blobs: BlobFolder
    search: SearchService
    arithmetic: SearchService
    predictor: AttributePredictor | None
    lexicon: Lexicon
    report: IngestionReport


@contextmanager
def open_world(
    feed: Path,
    *,
    encoder: DualEncoder,
    lexicon: Lexicon,
    mapping: str = "kagl",
    composer: Composer | None = None,
    predictor_of: PredictorOf = predictor_for,
    detect: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
) -> Generator[World]:
    """Ingest a feed into a store that lasts as long as the context.

    Args:
        feed: As ``lookalike ingest`` takes it.
        encoder: Makes the vectors.
        lexicon: Canonical values.
        mapping: Of the feed's columns.
        composer: Of the world's search, not of its arithmetic.
        predictor_of: Gives what reads attributes from the encoder's vectors, or ``None``.
        detect: Find the products in their pictures.
        on_progress: See `ingest`.
    """
    predictor = predictor_of(encoder)
    look = build_look(encoder, predictor=predictor, lexicon=lexicon) if detect else None
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
            look=look,
            lexicon=lexicon,
            on_progress=on_progress,
        )
        search, arithmetic = (
            SearchService(
                index=index,
                catalogue=catalogue,
                encoder=encoder,
                predictor=predictor,
                lexicon=lexicon,
                composer=each,
            )
            for each in (composer, None)
        )
        yield World(
            index=index,
            catalogue=catalogue,
            blobs=blobs,
            search=search,
            arithmetic=arithmetic,
            predictor=predictor,
            lexicon=lexicon,
            report=report,
        )


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


def filter_only(
    world: World,
    queries: Sequence[ComposeQuery],
    rows: Sequence[Row],
    *,
    on_progress: Callable[[int], None] | None = None,
) -> list[NDArray[np.int64]]:
    """The baseline that keeps the picture as it is: its neighbours among what the words allow.

    Every edit that the engine understands is a hard filter over what it knows or predicted of the
    products; the reference's vector is searched, exactly and unchanged.

    Returns:
        As `ask`.
    """
    numbers = {row.product_id: number for number, row in enumerate(rows)}
    rankings: list[NDArray[np.int64]] = []
    for query in queries:
        own = ProductId(rows[query.reference].product_id)
        point = point_id(DEFAULT_TENANT, own)
        held = world.index.retrieve([point], with_vectors=True)
        vector = held[0].vectors.get(VectorName.PICTURE) if held else None
        if vector is None:
            rankings.append(np.zeros(0, np.int64))
            if on_progress is not None:
                on_progress(1)
            continue
        condition = _understood(world, own, vector, query.modification)
        asked = VectorQuery(vector=vector, condition=condition, limit=DEPTH + 1, exact=True)
        found = [each for each in world.index.search(asked) if each.point_id != point][:DEPTH]
        rankings.append(
            np.array([numbers[str(each.payload[PRODUCT_ID])] for each in found], np.int64)
        )
        if on_progress is not None:
            on_progress(1)
    return rankings


def _understood(
    world: World, product_id: ProductId, vector: NDArray[np.float32], words: str
) -> Filter | None:
    product = world.catalogue.get(product_id, DEFAULT_TENANT)
    target = compose(
        parse_modification(words, lexicon=world.lexicon),
        reference=from_product(product, vector, world.predictor),
        lexicon=world.lexicon,
        weights=Weights(),
    )
    wished = [
        In(wish.facet.value, tuple(sorted(wish.credits)))
        for wish in target.wishes
        if wish.edit is not None
    ]
    return both(target.hard, *wished)
