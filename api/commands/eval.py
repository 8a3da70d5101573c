"""``lookalike eval``: how good the answers are, on real data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.terminal import HomeOption, JsonOption

if TYPE_CHECKING:
    from engine.evaluation.cache import CachingEncoder

app = typer.Typer(help="Measure the quality of answers on real data.", no_args_is_help=True)

DataOption = Annotated[Path, typer.Option("--data", help="Folder of the real data.", metavar="DIR")]
NameOption = Annotated[
    str,
    typer.Option(
        "--encoder", help="compact, toy or open_clip:<model>/<pretrained>.", metavar="NAME"
    ),
]
LimitOption = Annotated[
    int | None,
    typer.Option("--limit", "-n", min=1, help="Most queries; the corpus is always whole."),
]
CacheOption = Annotated[
    Path | None,
    typer.Option(
        "--cache", help="Where vectors are kept. Default: evaluation in the home.", metavar="DIR"
    ),
]
CardOption = Annotated[
    bool, typer.Option("--write-card", help="Put the table into the model's card.")
]
DEFAULT_DATA = Path("../shared/data")


@app.command("kagl")
def kagl(
    data: DataOption = DEFAULT_DATA,
    encoder: NameOption = "compact",
    limit: LimitOption = None,
    cache: CacheOption = None,
    write_card: CardOption = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Titles find pictures; words of types and colours find products (KAGL, test split).

    lookalike eval kagl --data ../shared/data --encoder compact
    """
    from api.evaluation.kagl_data import embed_catalogue, kagl_file, read_rows
    from api.figures import build_report, card_of, publish
    from api.progress import counting
    from engine.evaluation.kagl import PUBLISHED, evaluate, kagl_tasks

    card = card_of(encoder) if write_card else None
    path = kagl_file(data)
    rows = read_rows(path)
    tasks = kagl_tasks(rows, limit=limit)
    towers = _encoder(encoder, cache, home)
    with counting("Embedding pictures", len(rows)) as advance:
        vectors = embed_catalogue(path, rows, towers, on_progress=advance)
    figures = evaluate(
        tasks, encoder=towers, pictures=vectors.pictures, titles=vectors.titles, arm=encoder
    )
    towers.save()
    report = build_report(
        "eval kagl",
        [*figures, *PUBLISHED],
        notes=(
            f"Corpus: all {len(rows):,} rows. Queries: the distinct titles of the test split "
            "(text-to-image); the types and colours that occur in it (fine-category, colour), "
            "documents 0.9 picture + 0.1 title. mrr within the first 100. Relevant: every product "
            "of the same title, type or colour.",
            "Published rows: zero-shot, 2,000 titles over all 44,434 products, full-resolution "
            "pictures. Ours: small pictures; an encoder trained on the train split is in-domain, "
            "and over a third of the test titles stand in other splits too, with pictures that "
            "count as right answers: unseen-title leaves those titles out.",
        ),
    )
    publish(report, as_json=as_json, card=card)


@app.command("compose")
def compose(
    data: DataOption = DEFAULT_DATA,
    encoder: NameOption = "compact",
    limit: LimitOption = None,
    cache: CacheOption = None,
    write_card: CardOption = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """A product as reference, "but in another colour" (KAGL, test split), in two worlds.

    lookalike eval compose --data ../shared/data --limit 500
    """
    from api.evaluation.composed import measure_compose
    from api.evaluation.kagl_data import kagl_file, read_rows
    from api.figures import build_report, card_of, publish
    from engine.evaluation.compose import LEAST_RELEVANT, draw_queries

    card = card_of(encoder) if write_card else None
    path = kagl_file(data)
    rows = read_rows(path)
    queries = draw_queries(rows, limit=limit)
    towers = _encoder(encoder, cache, home)
    figures = measure_compose(path, rows, queries, towers)
    report = build_report(
        "eval compose",
        figures,
        notes=(
            f"{len(queries):,} questions: a product of the test split, “but in c2” for up to two "
            f"colours c2 of which its type and gender have at least {LEAST_RELEVANT} products. "
            f"Relevant: products of that type, gender and c2 among all {len(rows):,}, the "
            "reference left out.",
            "precision@10: hits over min(10, relevant). type-kept, colour-hit: share of the first "
            "ten. known: the feed carries every attribute; pictures-only: pictures and titles "
            "without colour words, no attribute. picture, words (the colour's name) and sum are "
            "exact searches over the picture vectors, the same in both worlds.",
        ),
    )
    publish(report, as_json=as_json, card=card)


def _encoder(name: str, cache: Path | None, home: Path | None) -> CachingEncoder:
    from api.settings import load_settings
    from engine.evaluation.cache import caching
    from models.registry import load_encoder

    folder = cache or load_settings(home=home).home / "evaluation"
    return caching(load_encoder(name), folder)
