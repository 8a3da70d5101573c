"""How much of the encoder's own speed the pipeline keeps."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from api.benchmarks.rounds import rate_figures, ratio_figure, seconds_in_turn
from api.evaluation.kagl_data import iter_pictures, read_rows, write_feed
from api.evaluation.worlds import open_world
from engine.evaluation.figures import Figure
from engine.ports import DualEncoder
from engine.query.lexicon import default_lexicon

__all__ = ["measure_ingest"]

_BATCH = 256


def measure_ingest(data: Path, encoder: DualEncoder, *, count: int, rounds: int) -> list[Figure]:
    """Rows a second through the whole pipeline, beside the towers alone on the same products.

    The towers get decoded pictures and titles in batches; the pipeline reads the feed, decodes,
    embeds, writes catalogue and index of a fresh store and flushes.

    Args:
        data: The set KAGL.
        encoder: No cached one.
        count: Rows from its start.
        rounds: How often both run, in turn.
    """
    pictures = [image for batch in iter_pictures(data, most=count) for image in batch]
    titles = [row.title for row in read_rows(data)[:count]]
    pipeline: list[float] = []

    def towers_alone() -> None:
        for start in range(0, len(pictures), _BATCH):
            encoder.embed_images(pictures[start : start + _BATCH])
            encoder.embed_texts(titles[start : start + _BATCH])

    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="lookalike-feeds-"))
        feed = Path(folder) / "feed.parquet"
        write_feed(data, feed, most=count)
        towers_alone()
        encoder_s: list[float] = []
        for _ in range(rounds):
            alone = seconds_in_turn({"encoder": towers_alone}, rounds=1, warm_up=False)
            encoder_s.extend(alone["encoder"])
            # Kept until the end: a file system is slow to make files where it just deleted some.
            world = stack.enter_context(
                open_world(feed, encoder=encoder, lexicon=default_lexicon())
            )
            pipeline.append(world.report.seconds)
    seconds = {"pipeline": np.array(pipeline), "encoder": np.array(encoder_s)}
    return [
        *rate_figures(seconds, items=len(pictures), condition="rows"),
        ratio_figure(seconds, arm="pipeline", anchor="encoder", condition="rows"),
    ]
