"""``lookalike bench``: how fast, always beside an anchor measured in the same run."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands import bench_variants
from api.commands.bench_load import variants_load
from api.commands.eval_options import DEFAULT_DATA, CardOption, DataOption, NameOption
from api.commands.terminal import EncoderOption, HomeOption, JsonOption, open_container

if TYPE_CHECKING:
    from engine.ports import DualEncoder

app = typer.Typer(help="Measure speed beside an anchor.", no_args_is_help=True)

app.command("variants-load")(variants_load)
RoundsOption = Annotated[int, typer.Option("--rounds", min=1, help="How often each way runs.")]


@app.command("search")
def search(
    feed: Annotated[
        Path | None,
        typer.Option(
            "--feed", help="Fill a temporary store from it. Default: the store in the home."
        ),
    ] = None,
    mapping: Annotated[
        str, typer.Option("--mapping", help="Of the feed: auto, google, kagl or a file.")
    ] = "auto",
    queries: Annotated[int, typer.Option("--queries", min=1, help="Of each kind.")] = 200,
    encoder: EncoderOption = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Text, picture and composed searches in this process, and the index against exact search.

    lookalike bench search --feed data_samples/catalogue.csv
    """
    import numpy as np

    from api.benchmarks.recall import copy_index, measure_recall
    from api.benchmarks.search import (
        WARM_UP,
        latency_figures,
        measure_latency,
        sample_products,
    )
    from api.evaluation.worlds import open_world
    from api.figures import build_report, publish

    with ExitStack() as stack:
        container = stack.enter_context(open_container(home=home, encoder=encoder))
        source = container
        if feed is not None:
            source = stack.enter_context(
                open_world(
                    feed, encoder=container.encoder, lexicon=container.lexicon, mapping=mapping
                )
            )
        products = sample_products(source.catalogue, queries + WARM_UP)
        figures = latency_figures(measure_latency(source.search, source.blobs, products))
        held = copy_index(source.index)
        titles = container.encoder.embed_texts([each.title for each in products[:queries]])
        pictures = held.vectors[np.linspace(0, len(held.vectors) - 1, len(titles)).astype(int)]
        figures += measure_recall(source.index, held, np.concatenate([titles, pictures]))
        fingerprint = container.encoder.encoder_id.fingerprint
    report = build_report(
        "bench search",
        figures,
        notes=(
            f"{len(held.point_ids):,} points, encoder {fingerprint}, 24 hits a page. Queries of "
            "each kind: titles, pictures of the catalogue, and a product “but in” a colour; before "
            f"them {WARM_UP} of each kind about other products, untimed.",
            "recall@10: of the index against exact search over the same points; half of the query "
            "vectors are titles, half pictures; filters on type, colour, brand or category that "
            "about this share of the points pass.",
        ),
    )
    publish(report, as_json=as_json)


@app.command("encode")
def encode(
    encoder: NameOption = "compact",
    teacher: Annotated[
        Path | None,
        typer.Option("--teacher", help="Weights of another compact encoder.", metavar="FOLDER"),
    ] = None,
    int8: Annotated[
        bool, typer.Option("--int8/--no-int8", help="The image towers in int8 as well.")
    ] = True,
    count: Annotated[int, typer.Option("--count", min=1, help="Pictures and texts a round.")] = 64,
    rounds: RoundsOption = 5,
    write_card: CardOption = False,
    as_json: JsonOption = False,
) -> None:
    """Pictures and texts a second, beside ViT-B-32 with random weights where torch is installed.

    lookalike bench encode --teacher runs/teacher/teacher
    """
    from api.benchmarks.encode import (
        ANCHOR,
        compact_arms,
        int8_arms,
        load_anchor,
        macs_figures,
        measure_encode,
    )
    from api.figures import build_report, card_of, publish
    from engine.errors import ModelUnavailable
    from models.compact import CompactEncoder
    from models.registry import load_encoder

    card = card_of(encoder) if write_card else None
    folders = compact_arms(encoder, teacher)
    arms: dict[str, DualEncoder] = {encoder: load_encoder(encoder)}
    arms |= {arm: CompactEncoder(folder) for arm, folder in folders.items() if arm != encoder}
    notes = [
        f"{count} different pictures of 60 by 80 pixels and {count} titles a round, preprocessing "
        "included, on the CPU; the arms take turns. single: one picture or title a call.",
        "multiply-adds: of one picture and of one title, the weights' precision aside; the anchor "
        "always reads 77 tokens.",
    ]
    anchor = load_anchor()
    if anchor is None:
        notes.append(f"No anchor {ANCHOR}: it needs torch (pip install 'lookalike[models]').")
    else:
        arms[ANCHOR] = anchor
    with TemporaryDirectory(prefix="lookalike-int8-") as scratch:
        if int8 and folders:
            found = int8_arms(folders, Path(scratch))
            arms.update(found)
            if not found:
                notes.append("No int8: it needs onnx (pip install 'lookalike[models]').")
        figures = measure_encode(
            arms, anchor=None if anchor is None else ANCHOR, count=count, rounds=rounds
        )
    try:
        figures += macs_figures(folders, anchor)
    except ModelUnavailable as error:
        notes.append(f"No multiply-adds: {error}")
    publish(build_report("bench encode", figures, notes=notes), as_json=as_json, card=card)


@app.command("ingest")
def ingest(
    data: DataOption = DEFAULT_DATA,
    encoder: NameOption = "compact",
    count: Annotated[int, typer.Option("--count", min=1, help="Rows of the feed.")] = 2000,
    rounds: RoundsOption = 3,
    as_json: JsonOption = False,
) -> None:
    """Rows a second through the whole pipeline, beside the encoder alone on the same products."""
    from api.benchmarks.ingest import measure_ingest
    from api.evaluation.kagl_data import kagl_file
    from api.figures import build_report, publish
    from models.registry import load_encoder

    figures = measure_ingest(kagl_file(data), load_encoder(encoder), count=count, rounds=rounds)
    report = build_report(
        "bench ingest",
        figures,
        notes=(
            f"{count:,} rows of KAGL into an empty embedded store (catalogue, index, blobs); "
            "encoder: both towers alone on the decoded pictures and titles.",
        ),
    )
    publish(report, as_json=as_json)


@app.command("galleries")
def galleries(
    data: DataOption = DEFAULT_DATA,
    encoder: NameOption = "compact",
    count: Annotated[int, typer.Option("--count", min=1, help="Products of the feed.")] = 2000,
    as_json: JsonOption = False,
) -> None:
    """Products with one to four street photos each through all of ingestion, stage by stage.

    lookalike bench galleries --data ../shared/data
    """
    from api.benchmarks.shop_photos import write_gallery_feed
    from api.benchmarks.stages import measure_stages
    from api.figures import build_report, publish
    from models.registry import load_encoder

    with TemporaryDirectory(prefix="lookalike-galleries-") as folder:
        feed, products = write_gallery_feed(data, Path(folder), count=count)
        figures = measure_stages(feed, load_encoder(encoder))
    report = build_report(
        "bench galleries",
        figures,
        notes=(
            f"{products:,} products of the street photos, with 1 to 4 pictures each, into an empty "
            "embedded store: decoded, searched for boxes, the product found, embedded, tagged, "
            "written to catalogue and index.",
            "busy: share of the run during which the thread of detector and encoder had work. "
            "share: of the seconds that all stages were at work; they overlap, so these are more "
            "than the run's. times: how often a stage saw each different picture (encode: picture "
            "or box; encode texts: title); 1 is once.",
        ),
    )
    publish(report, as_json=as_json)


app.command("variants")(bench_variants.variants)
