"""``lookalike eval``: how good the answers are, on real data."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import Annotated

import typer

from api.commands import eval_boxes, eval_variants
from api.commands.eval_options import (
    DEFAULT_DATA,
    CacheOption,
    CardOption,
    DataOption,
    LimitOption,
    NameOption,
    open_encoder,
)
from api.commands.terminal import HomeOption, JsonOption

app = typer.Typer(help="Measure the quality of answers on real data.", no_args_is_help=True)


class Attributes(StrEnum):
    """What reads attributes from pictures where a feed says none."""

    TAGGER = "tagger"
    ENCODER = "encoder"
    NONE = "none"


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
    from api.evaluation.sharper import (
        SHARPER,
        count_sharper,
        measure_sharper,
        sharper_file,
    )
    from api.figures import build_report, card_of, publish
    from api.progress import counting
    from engine.evaluation.kagl import PUBLISHED, UNSEEN_LEAST, evaluate, kagl_tasks
    from models.hub.prompts import embed_labels
    from models.registry import is_hub_model

    card = card_of(encoder) if write_card else None
    path = kagl_file(data)
    rows = read_rows(path)
    tasks = kagl_tasks(rows, limit=limit)
    towers = open_encoder(encoder, cache, home)
    with counting("Embedding pictures", len(rows)) as advance:
        vectors = embed_catalogue(path, rows, towers, on_progress=advance)
    figures = evaluate(
        tasks,
        encoder=towers,
        pictures=vectors.pictures,
        titles=vectors.titles,
        arm=_arm(encoder),
    )
    sharper = sharper_file(data)
    subset: tuple[str, ...] = ()
    if sharper is not None:
        with counting("Embedding sharper pictures", count_sharper(sharper)) as advance:
            figures += measure_sharper(
                sharper, rows, vectors, towers, arm=_arm(encoder), on_progress=advance
            )
        subset = (
            f"subset: titles of the test split among the products of {SHARPER} alone, with the "
            "small pictures and with the sharper ones of the same products.",
        )
    captions: tuple[str, ...] = ()
    if is_hub_model(encoder):
        figures += evaluate(
            tasks,
            encoder=towers,
            pictures=vectors.pictures,
            titles=vectors.titles,
            arm=f"{encoder}+captions",
            embed_labels=partial(embed_labels, towers),
        )
        captions = ("+captions: a type or colour asked as the mean of a few captions of it.",)
    towers.save()
    report = build_report(
        "eval kagl",
        [*figures, *PUBLISHED],
        notes=(
            f"Corpus: all {len(rows):,} rows. Queries: the distinct titles of the test split "
            "(text-to-image); the types and colours that occur in it (fine-category, colour), "
            "documents 0.9 picture + 0.1 title. mrr within the first 100. Relevant: every product "
            "of the same title, type or colour.",
            "The corpus holds the train split, whose labels an encoder trained in-domain has seen "
            "and whose pictures its label names were fitted to: unseen-products searches the test "
            f"split alone, for the labels that have {UNSEEN_LEAST} products there.",
            "Published rows: zero-shot, 2,000 titles over all 44,434 products, full-resolution "
            "pictures. Ours: small pictures; an encoder trained on the train split is in-domain, "
            "and over a third of the test titles stand in other splits too, with pictures that "
            "count as right answers: unseen-title leaves those titles out.",
            *subset,
            *captions,
        ),
    )
    publish(report, as_json=as_json, card=card)


@app.command("compose")
def compose(
    data: DataOption = DEFAULT_DATA,
    encoder: NameOption = "compact",
    limit: LimitOption = None,
    attributes: Annotated[
        Attributes, typer.Option("--attributes", help="What reads them from pictures.")
    ] = Attributes.TAGGER,
    cache: CacheOption = None,
    write_card: CardOption = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """A product as reference and a change in words (KAGL, test split), in two worlds.

    lookalike eval compose --data ../shared/data --limit 500
    """
    from api.evaluation.composed import measure_compose
    from api.evaluation.kagl_data import kagl_file, read_rows
    from api.evaluation.worlds import PredictorOf
    from api.figures import build_report, card_of, publish
    from engine.evaluation.compose import LEAST_RELEVANT, draw_queries
    from engine.evaluation.compose_kinds import draw_kinds
    from engine.evaluation.figures import write_card as put_into_card
    from models.attributes import own_predictor, predictor_for
    from models.composer import composer_for

    readers: dict[Attributes, PredictorOf] = {
        Attributes.TAGGER: predictor_for,
        Attributes.ENCODER: own_predictor,
        Attributes.NONE: lambda _: None,
    }
    card = card_of(encoder) if write_card else None
    path = kagl_file(data)
    rows = read_rows(path)
    queries = draw_queries(rows, limit=limit)
    kinds = draw_kinds(rows, limit=limit)
    towers = open_encoder(encoder, cache, home)
    composer = composer_for(towers.encoder_id)
    figures = measure_compose(
        path,
        rows,
        queries,
        towers,
        kinds=kinds,
        composer=composer,
        predictor_of=readers[attributes],
    )
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
            "without words for colours, patterns and sleeves, no attribute. picture, words (the "
            "change's name) and sum are exact searches over the picture vectors, the same in both "
            "worlds. arithmetic: lookalike without the learned composer. filter-only: the "
            "picture's exact neighbours among what passes every understood edit as a filter.",
            "Other kinds of change, as world/kind: "
            + ", ".join(f"{kind} ({len(each):,} questions)" for kind, each in kinds.items())
            + ". type: gender and colour kept; pattern (from title words): type and gender kept; "
            "negation: not the reference's colour or pattern; comparative: darker or lighter by "
            "three classes of colours; two-changes: a colour and a type, pattern or gender. "
            f"At least {LEAST_RELEVANT} products are right answers to each. Titles name too few "
            "sleeves to ask for them.",
            "The learned composer was "
            + ("used." if composer is not None else "not there for this encoder: arithmetic."),
            f"Attributes are read from pictures by: {attributes} (tagger: the encoder's tagger, "
            "else the encoder itself).",
        ),
    )
    if write_card and composer is not None:
        put_into_card(card_of("composer"), report)
    publish(report, as_json=as_json, card=card)


@app.command("attributes")
def attributes(
    data: DataOption = DEFAULT_DATA,
    encoder: NameOption = "compact",
    cache: CacheOption = None,
    write_card: CardOption = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Types, colours, sleeves … read from pictures (KAGL and phone photos, test splits).

    lookalike eval attributes --data ../shared/data
    """
    from api.evaluation.attributes import measure_attributes
    from api.figures import build_report, card_of, publish
    from engine.query.lexicon import default_lexicon
    from models.attributes import own_predictor, tagger_for

    towers = open_encoder(encoder, cache, home)
    tagger, heads = tagger_for(towers.encoder_id), own_predictor(towers)
    arms = {
        "tagger": tagger,
        "tagger-raw": tagger.raw() if tagger is not None else None,
        "heads": heads,
    }
    figures = measure_attributes(
        data,
        towers,
        {name: arm for name, arm in arms.items() if arm is not None},
        lexicon=default_lexicon(),
    )
    report = build_report(
        "eval attributes",
        figures,
        notes=(
            "Pictures of the test split. type, colour, gender, occasion, season: the feed's "
            "columns; pattern: from titles, one that names none counts as plain; material: where "
            "the title names it, and jeans are denim; sleeve, neck: judged by eye on a random "
            "sample of the garments that have them, and where the title names them. phone: photos "
            "of single garments (clothing, test split), by their labels.",
            "heads: the encoder's own linear heads. tagger-raw: the tagger without temperatures "
            "and thresholds, so it says something of everything. accuracy: share of the pictures "
            "with a known value whose value is the likeliest; not saying anything is not right. "
            "map: mean average precision over the values of five pictures or more. ece: expected "
            "calibration error of what is said, 15 bins. precision: of what is said, of things "
            "that have no such attribute too. coverage: share of the pictures with a value of "
            "which something is said.",
        ),
    )
    publish(report, as_json=as_json, card=card_of("tagger") if write_card else None)


@app.command("cross-domain")
def cross_domain(
    data: DataOption = DEFAULT_DATA,
    encoder: NameOption = "compact",
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, help="Most photos; the corpus is whole.")
    ] = None,
    cache: CacheOption = None,
    write_card: CardOption = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Phone photos of garments find products of their type (clothing against KAGL, test split).

    lookalike eval cross-domain --data ../shared/data
    """
    from api.evaluation.kagl_data import kagl_file, read_rows
    from api.evaluation.phone_photos import measure_cross_domain, read_photos
    from api.figures import build_report, card_of, publish

    card = card_of(encoder) if write_card else None
    path = kagl_file(data)
    photos = read_photos(data, limit=limit)
    rows = read_rows(path)
    towers = open_encoder(encoder, cache, home)
    figures = measure_cross_domain(path, rows, photos, towers, arm=_arm(encoder))
    report = build_report(
        "eval cross-domain",
        figures,
        notes=(
            f"{len(photos):,} phone photos of the test split of clothing.parquet, whole and "
            f"undetected, against the pictures of all {len(rows):,} products. phone-photos: labels "
            "that mean one type of KAGL (three of them T-shirts: most photos), then each label "
            "alone; pants-shoes: labels that KAGL splits, any of the parts is right. Bodysuits "
            "have no place in KAGL and are left out.",
            "precision@10: share of the ten nearest that are of the type. type-accuracy: of the "
            "encoder's own prediction; -vote: of the commonest type among the ten nearest; "
            "commonest: always the catalogue's commonest type. chance: products drawn blindly.",
            "Colours of the photos are not labelled. colour-agreement: share of the ten nearest "
            "whose colour in the catalogue is the one that the encoder predicts for the photo, "
            "for its own neighbours and for those of the histogram; it says nothing of either "
            "being right.",
            "compact was trained on the train split of these photos too.",
        ),
    )
    publish(report, as_json=as_json, card=card)


@app.command("paraphrases")
def paraphrases(
    data: DataOption = DEFAULT_DATA,
    encoder: NameOption = "compact",
    limit: LimitOption = 1000,
    service: Annotated[
        bool, typer.Option("--service/--no-service", help="Ask the whole search service as well.")
    ] = True,
    cache: CacheOption = None,
    write_card: CardOption = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Titles asked in other words, orders and spellings (KAGL, test split).

    lookalike eval paraphrases --data ../shared/data --limit 300
    """
    from api.evaluation.kagl_data import kagl_file, read_rows
    from api.evaluation.paraphrased import SERVICE, measure_paraphrases
    from api.figures import build_report, card_of, publish
    from engine.evaluation.paraphrases import draw_paraphrases

    card = card_of(encoder) if write_card else None
    path = kagl_file(data)
    rows = read_rows(path)
    questions = draw_paraphrases(rows, limit=limit)
    towers = open_encoder(encoder, cache, home)
    figures = measure_paraphrases(path, rows, questions, towers, arm=_arm(encoder), service=service)
    towers.save()
    asked = sum(len(each.ways) for each in questions)
    report = build_report(
        "eval paraphrases",
        figures,
        notes=(
            f"{len(questions):,} titles of the test split with a type and a colour, asked in "
            f"{asked:,} ways of all {len(rows):,} products. {encoder}: the text's vector against "
            f"the pictures; {SERVICE}: the search service over a feed with every attribute, whose "
            "products have these titles.",
            "recall@10: products of the same title. precision@10: products of the same type and "
            "colour, over the most there could be. A way is asked of the titles that it changes; "
            "-change: its mean difference to as-written over the same titles. swing: a title's "
            "best way less its worst.",
        ),
    )
    publish(report, as_json=as_json, card=card)


app.command("detector")(eval_boxes.detector)
app.command("reldetect")(eval_boxes.reldetect)
app.command("main-product")(eval_boxes.main_product)
app.command("packshots")(eval_boxes.packshots)
app.command("variant-mask")(eval_variants.variant_mask)
app.command("recolour")(eval_variants.recolour)
app.command("sketches")(eval_variants.sketches)


def _arm(encoder: str) -> str:
    from models.registry import short_name

    return short_name(encoder)
