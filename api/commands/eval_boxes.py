"""``lookalike eval detector|reldetect|main-product``: boxes in pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.commands.eval_options import (
    DEFAULT_DATA,
    CacheOption,
    CardOption,
    DataOption,
    NameOption,
    open_encoder,
)
from api.commands.terminal import HomeOption, JsonOption
from engine.errors import ModelUnavailable


def detector(
    data: DataOption = DEFAULT_DATA,
    composed: Annotated[
        int, typer.Option("--composed", min=0, help="Composed pictures of the test split.")
    ] = 200,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, help="Most street photos.")
    ] = None,
    rounds: Annotated[
        int, typer.Option("--rounds", min=1, help="How often the speed is measured.")
    ] = 3,
    write_card: CardOption = False,
    as_json: JsonOption = False,
) -> None:
    """Boxes on street photos (CCP, test split) and on composed pictures, and pictures a second.

    lookalike eval detector --data ../shared/data
    """
    from api.benchmarks.detect import measure_speed
    from api.evaluation.detected import (
        LEAST_BOXES,
        composed_pictures,
        measure_detector,
        street_pictures,
    )
    from api.figures import build_report, publish
    from detectors.registry import WEIGHTS, load_detector
    from detectors.taxonomy import default_taxonomy
    from models.onnx_session import OnnxTower

    taxonomy = default_taxonomy()
    street = street_pictures(data, taxonomy, limit=limit)
    made = composed_pictures(data, taxonomy, street, count=composed)
    every = load_detector(OnnxTower, least_score=0.01, most=100)
    figures = measure_detector(every, street, arm="yolo", condition="ccp-test")
    figures += measure_detector(every, made, arm="yolo", condition="composed")
    speed, speed_notes = measure_speed([each.image for each in street], rounds=rounds)
    report = build_report(
        "eval detector",
        [*figures, *speed],
        notes=(
            f"ccp-test: {len(street)} street photos of the test split; composed: {len(made)} "
            "pictures of packshots of the test split (cut out, turned, scaled, relit) laid over "
            "these photos, whose boxes are known. Street photos of the test split were in no "
            "training set.",
            f"map50, map50-95: mean of the classes with at least {LEAST_BOXES} test boxes; ap50: "
            "of one class, n boxes. COCO's 101 recalls; intervals over photos. As COCO does it, "
            "every box counts for each class, with its probability, from 0.01 on; served are boxes "
            "from 0.25 on, under their likeliest class.",
            *speed_notes,
        ),
    )
    card = WEIGHTS / "yolo.md" if write_card else None
    publish(report, as_json=as_json, card=card)


def reldetect(
    data: DataOption = DEFAULT_DATA,
    encoder: NameOption = "compact",
    simulated: Annotated[
        bool, typer.Option("--simulated", help="Boxes of a simulated detector, not the shipped.")
    ] = False,
    drawn: Annotated[
        int, typer.Option("--drawn", min=0, help="Drawn pictures for transfer; 0 for none.")
    ] = 120,
    cross_validate: Annotated[
        bool, typer.Option("--all-photos/--no-all-photos", help="Cross-validate on all photos.")
    ] = True,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, help="Most photos of a split.")
    ] = None,
    cache: CacheOption = None,
    write_card: CardOption = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Fine classes of boxes by how things lie, at several budgets of annotations (CCP, test split).

    lookalike eval reldetect --data ../shared/data
    """
    from api.figures import build_report, publish
    from detectors.knowledge import default_knowledge
    from detectors.registry import WEIGHTS
    from detectors.relations import load_relations
    from detectors.taxonomy import default_taxonomy

    try:
        from api.evaluation.reldetect import detections_of
        from api.evaluation.reldetect_conditions import NOTES, Trial, measure_conditions
        from models.training.imagenet import ImageNetEncoder
    except ImportError as error:
        raise ModelUnavailable(
            f"the package {error.name!r} is not installed",
            where="eval reldetect",
            hint="Install it with: pip install 'lookalike[models]'",
        ) from error

    towers = open_encoder(encoder, cache, home)
    figures, notes = measure_conditions(
        Trial(
            data=data,
            taxonomy=default_taxonomy(),
            definitions=default_knowledge(),
            network=load_relations(),
            encoders={"finetuned": towers, "finetuned-imagenet": ImageNetEncoder()},
            detect=detections_of(simulated=simulated),
            drawn=drawn,
            cross_validate=cross_validate,
            limit=limit,
        )
    )
    towers.save()
    whose = "Boxes are those of a simulated detector." if simulated else "The shipped detector's."
    report = build_report("eval reldetect", figures, notes=(whose, *NOTES, *notes))
    card = WEIGHTS / "relations.md" if write_card else None
    publish(report, as_json=as_json, card=card)


def main_product(
    data: DataOption = DEFAULT_DATA,
    weights: Annotated[
        Path | None,
        typer.Option(
            "--weights", help="Folder of `train gallery`, else the shipped.", metavar="DIR"
        ),
    ] = None,
    cache: CacheOption = None,
    write_card: CardOption = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Which boxes of a product's pictures show it, with and without a title, in several shops.

    lookalike eval main-product --data ../shared/data
    """
    from api.figures import build_report, publish
    from api.progress import counting
    from api.settings import load_settings
    from detectors.gallery_graph import LEAST_SCORE, MOST_BOXES
    from detectors.registry import WEIGHTS, load_detector
    from detectors.taxonomy import default_taxonomy
    from models.onnx_session import OnnxTower

    try:
        from api.evaluation.crop_retrieval import measure_crop_retrieval
        from api.evaluation.main_product import (
            GALLERIES_EACH,
            measure_main_product,
            open_arms,
            open_shops,
        )
        from detectors.training.gallery_seen import Sight
    except ImportError as error:
        raise ModelUnavailable(
            f"the package {error.name!r} is not installed",
            where="eval main-product",
            hint="Install it with: pip install 'lookalike[models]'",
        ) from error

    card = WEIGHTS / "gallery.md" if write_card else None
    finder = load_detector(OnnxTower, least_score=LEAST_SCORE, most=MOST_BOXES)
    towers = open_encoder("compact", cache, home)
    arms = open_arms(weights or WEIGHTS / "gallery")
    with counting("Looking at pictures", None) as advance:
        sight = Sight(
            boxes_of=lambda pictures: finder.detect([each.rgb for each in pictures]),
            revision=finder.weights,
            encoder=towers,
            folder=(cache or load_settings(home=home).home / "evaluation") / "galleries",
            with_known=True,
            on_progress=advance,
        )
        shops = open_shops(data, default_taxonomy(), sight)
    figures = measure_main_product(shops, arms, towers)
    figures += measure_crop_retrieval(shops, arms, towers)
    report = build_report(
        "eval main-product",
        figures,
        notes=(
            f"Boxes of the detector, vectors of the encoder. same: {GALLERIES_EACH} galleries of "
            f"each of {len(shops.street.products)} products in the street photos of the test split "
            "(CCP; training saw its train split). unseen: packshots of KAGL, "
            f"{len(shops.composed.products)} things laid over street photos (unseen-composed) and "
            f"{len(shops.worn.products)} clothes on models (unseen-worn, where the product is the "
            "one box of the class that the catalogue names). unseen-drawn: "
            f"{len(shops.drawn.products)} products of the drawn shop.",
            "A box shows the product if it overlaps one of its visible parts, or all of them "
            "together, by half. ap: over all boxes of a gallery, then the mean; galleries none of "
            "whose boxes shows the product are left out (oracle-recall: share of visible parts "
            "that some box shows). top1: of the pictures in which a box shows it. ap-lead: paired. "
            "Intervals resample photos.",
            "title, no-title, wrong-title: every gallery under each. contested: another box of the "
            "product's class lies beside one that shows it. gcn-same, gcn-cross: edges within, "
            "across pictures alone. context: the mean of all boxes in place of learned edges.",
            "p >= 0.5: the best box of each picture, where the graph says at least that of it, in "
            "all galleries. sure-precision: of these boxes that show the product; sure-confidence: "
            "what was said of them, on average; sure-share: of the galleries with one.",
            "retrieval: each picture asks for the other pictures of its product, among all of one "
            "gallery a product with its pictures of other products. whole: whole pictures on both "
            "sides; gcn-crop: the box that the graph is sure of; gcn-view: its vector twice and "
            "the whole picture's once, as ingestion stores it; largest-crop: the largest; "
            "true-crop: the largest known part of the product; else the whole picture. Pictures of "
            "the query's kind, its near copies, are left out. All pictures of a product are of one "
            "photo, which is easier than a shop is.",
        ),
    )
    publish(report, as_json=as_json, card=card)


def packshots(
    data: DataOption = DEFAULT_DATA,
    write_card: CardOption = False,
    as_json: JsonOption = False,
) -> None:
    """What finding the product does to packshots (KAGL, test split), and wrong rows it tells of.

    lookalike eval packshots --data ../shared/data
    """
    from api.evaluation.packshots import measure_packshots
    from api.figures import build_report, publish
    from detectors.registry import WEIGHTS
    from engine.query.lexicon import default_lexicon
    from models.registry import load_encoder

    figures = measure_packshots(data, load_encoder("compact"), lexicon=default_lexicon())
    report = build_report(
        "eval packshots",
        figures,
        notes=(
            "Products of the test split with their pictures of 168 by 224 pixels, ingested. title: "
            "each title looks for its picture among them. type, colour, gender: as the tagger "
            "reads them, against the feed. whole: whole pictures; crop: the box of the product "
            "alone; view: what ingestion stores, the box twice and the whole picture once.",
            "doubted: rows of which ingestion says that the picture shows another type: false "
            "alarms as it is; found where every row has the type (wrong-type; its title still says "
            "the right one) or the picture (wrong-picture) of a product of another category.",
        ),
    )
    publish(report, as_json=as_json, card=WEIGHTS / "gallery.md" if write_card else None)
