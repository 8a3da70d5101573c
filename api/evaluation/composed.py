"""Composed retrieval measured through the real service, beside its baselines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from api.evaluation.colourless import attribute_remover
from api.evaluation.kagl_data import embed_catalogue, write_feed
from api.evaluation.worlds import PredictorOf, World, ask, filter_only, open_world
from api.progress import counting
from engine.evaluation.cache import CachingEncoder
from engine.evaluation.compose import ComposeQuery, baselines, score
from engine.evaluation.compose_kinds import PATTERN_STEMS
from engine.evaluation.figures import Figure
from engine.evaluation.kagl import Row
from engine.ports import Composer
from engine.query.lexicon import default_lexicon
from ingestion.pipeline import Progress
from models.attributes import predictor_for

__all__ = ["WORLDS", "measure_compose", "write_feeds"]

KNOWN, PICTURES_ONLY = "known", "pictures-only"
WORLDS = (KNOWN, PICTURES_ONLY)
_COLOUR = "colour"


def measure_compose(
    data: Path,
    rows: Sequence[Row],
    queries: Sequence[ComposeQuery],
    encoder: CachingEncoder,
    *,
    kinds: Mapping[str, Sequence[ComposeQuery]] | None = None,
    composer: Composer | None = None,
    predictor_of: PredictorOf = predictor_for,
) -> list[Figure]:
    """Figures of every arm in both worlds.

    Args:
        data: The set KAGL.
        rows: Its rows.
        queries: Over these rows, about the colour; their condition is the world's name alone.
        encoder: Remembers vectors, so that the worlds share them.
        kinds: Questions about other changes; their condition is ``world/kind``.
        composer: Of the arm ``lookalike``; without one that arm is the arithmetic too.
        predictor_of: Gives what reads attributes from the encoder's vectors.
    """
    asked = {_COLOUR: queries, **(kinds or {})}
    with counting("Embedding pictures", len(rows)) as advance:
        vectors = embed_catalogue(data, rows, encoder, on_progress=advance)
    encoder.save()
    plain = {
        kind: baselines(each, encoder=encoder, pictures=vectors.pictures)
        for kind, each in asked.items()
    }
    figures: list[Figure] = []
    with TemporaryDirectory(prefix="lookalike-feeds-") as folder:
        for world, feed in write_feeds(data, rows, Path(folder)).items():
            with (
                counting(f"Ingesting {world}", len(rows)) as advance,
                open_world(
                    feed,
                    encoder=encoder,
                    lexicon=default_lexicon(),
                    composer=composer,
                    predictor_of=predictor_of,
                    on_progress=_rows_done(advance),
                ) as opened,
            ):
                encoder.save()
                for kind, each in asked.items():
                    condition = world if kind == _COLOUR else f"{world}/{kind}"
                    found = _service_arms(opened, each, rows, condition)
                    for arm, rankings in {**found, **plain[kind]}.items():
                        figures += score(each, rankings, rows, arm=arm, condition=condition)
    encoder.save()
    return figures


def _service_arms(
    world: World, queries: Sequence[ComposeQuery], rows: Sequence[Row], condition: str
) -> dict[str, list[NDArray[np.int64]]]:
    with counting(f"Asking {condition}", 3 * len(queries)) as done:
        return {
            "lookalike": ask(world.search, queries, rows, on_progress=done),
            "arithmetic": ask(world.arithmetic, queries, rows, on_progress=done),
            "filter-only": filter_only(world, queries, rows, on_progress=done),
        }


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
        title_of=attribute_remover(
            default_lexicon(), {row.colour for row in rows}, stems=PATTERN_STEMS
        ),
    )
    return {KNOWN: known, PICTURES_ONLY: pictures_only}
