"""Composed retrieval measured through the real service, beside its baselines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from api.evaluation.colourless import colour_remover
from api.evaluation.kagl_data import embed_catalogue, write_feed
from api.evaluation.worlds import ask, open_world
from api.progress import counting
from engine.evaluation.cache import CachingEncoder
from engine.evaluation.compose import ComposeQuery, baselines, score
from engine.evaluation.figures import Figure
from engine.evaluation.kagl import Row
from engine.query.lexicon import default_lexicon
from ingestion.pipeline import Progress

__all__ = ["WORLDS", "measure_compose", "write_feeds"]

KNOWN, PICTURES_ONLY = "known", "pictures-only"
WORLDS = (KNOWN, PICTURES_ONLY)


def measure_compose(
    data: Path, rows: Sequence[Row], queries: Sequence[ComposeQuery], encoder: CachingEncoder
) -> list[Figure]:
    """Figures of every arm in both worlds.

    Args:
        data: The set KAGL.
        rows: Its rows.
        queries: Over these rows.
        encoder: Remembers vectors, so that the worlds share them.
    """
    with counting("Embedding pictures", len(rows)) as advance:
        vectors = embed_catalogue(data, rows, encoder, on_progress=advance)
    encoder.save()
    plain = baselines(queries, encoder=encoder, pictures=vectors.pictures)
    figures: list[Figure] = []
    with TemporaryDirectory(prefix="lookalike-feeds-") as folder:
        for world, feed in write_feeds(data, rows, Path(folder)).items():
            with (
                counting(f"Ingesting {world}", len(rows)) as advance,
                open_world(
                    feed,
                    encoder=encoder,
                    lexicon=default_lexicon(),
                    on_progress=_rows_done(advance),
                ) as opened,
            ):
                encoder.save()
                with counting(f"Asking {world}", len(queries)) as asked:
                    found = ask(opened.search, queries, rows, on_progress=asked)
            for arm, rankings in {"lookalike": found, **plain}.items():
                figures.extend(score(queries, rankings, rows, arm=arm, condition=world))
    encoder.save()
    return figures


def _rows_done(advance: Callable[[int], None]) -> Callable[[Progress], None]:
    done = 0

    def tell(progress: Progress) -> None:
        nonlocal done
        advance(progress.rows - done)
        done = progress.rows

    return tell


def write_feeds(data: Path, rows: Sequence[Row], folder: Path) -> Mapping[str, Path]:
    """Write the feed of each world into a folder: world → file."""
    known, pictures_only = folder / "known.parquet", folder / "pictures-only.parquet"
    write_feed(data, known)
    write_feed(
        data,
        pictures_only,
        columns=("id", "title", "image"),
        title_of=colour_remover(default_lexicon(), {row.colour for row in rows}),
    )
    return {KNOWN: known, PICTURES_ONLY: pictures_only}
