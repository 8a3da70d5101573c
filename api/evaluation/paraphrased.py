"""Paraphrased titles put to the encoder alone and to the whole search service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from api.evaluation.kagl_data import embed_catalogue
from api.evaluation.worlds import open_world
from api.progress import counting
from engine.evaluation.cache import CachingEncoder
from engine.evaluation.figures import Figure
from engine.evaluation.kagl import Row
from engine.evaluation.metrics import top_ranked
from engine.evaluation.paraphrases import DEPTH, ParaphraseQuestion, score_paraphrases
from engine.query.lexicon import default_lexicon
from engine.search import SearchService
from engine.types import SearchQuery
from ingestion.pipeline import Progress

__all__ = ["SERVICE", "measure_paraphrases"]

SERVICE = "lookalike"


def measure_paraphrases(
    data: Path,
    rows: Sequence[Row],
    questions: Sequence[ParaphraseQuestion],
    encoder: CachingEncoder,
    *,
    arm: str,
    service: bool,
) -> list[Figure]:
    """Figures of every way.

    Args:
        data: The set KAGL.
        rows: Its rows: the catalogue.
        questions: Over these rows.
        encoder: Remembers vectors.
        arm: Its name: the text's vector against every picture's.
        service: Measure the arm `SERVICE` as well: the search of a catalogue whose feed carries
            every attribute, titles and words and all.
    """
    with counting("Embedding pictures", len(rows)) as advance:
        pictures = embed_catalogue(data, rows, encoder, on_progress=advance).pictures

    def nearest(texts: Sequence[str]) -> list[NDArray[np.int64]]:
        return list(top_ranked(encoder.embed_texts(texts), pictures, depth=DEPTH))

    figures = score_paraphrases(questions, nearest, arm=arm)
    encoder.save()
    if service:
        with (
            counting("Ingesting", len(rows)) as advance,
            open_world(
                data, encoder=encoder, lexicon=default_lexicon(), on_progress=_rows_done(advance)
            ) as opened,
        ):
            encoder.save()
            figures += score_paraphrases(
                questions, lambda texts: _search(opened.search, texts, rows), arm=SERVICE
            )
    return figures


def _rows_done(advance: Callable[[int], None]) -> Callable[[Progress], None]:
    done = 0

    def tell(progress: Progress) -> None:
        nonlocal done
        advance(progress.rows - done)
        done = progress.rows

    return tell


def _search(
    search: SearchService, texts: Sequence[str], rows: Sequence[Row]
) -> list[NDArray[np.int64]]:
    numbers = {row.product_id: number for number, row in enumerate(rows)}
    rankings: list[NDArray[np.int64]] = []
    with counting("Asking", len(texts)) as asked:
        for text in texts:
            hits = search.search(SearchQuery(text=text, limit=DEPTH, group_variants=False)).hits
            rankings.append(np.array([numbers[hit.product.product_id] for hit in hits], np.int64))
            asked(1)
    return rankings
