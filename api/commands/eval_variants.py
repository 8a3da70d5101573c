"""``lookalike eval variant-mask|recolour``: garments found to the pixel, and in other colours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.eval_options import DEFAULT_DATA, CardOption, DataOption
from api.commands.terminal import EncoderOption, HomeOption, JsonOption, open_container
from engine.errors import ModelUnavailable

if TYPE_CHECKING:
    from engine.evaluation.figures import Figure
    from models.variants.mask import GarmentMasks

SplitOption = Annotated[str, typer.Option("--split", help="test, or val to choose by.")]
_TIMED = 8
_THINGS = 300
_YARDSTICK = 2000
"""Most products whose own colours are told, to know what the tagger can do."""


def variant_mask(
    data: DataOption = DEFAULT_DATA,
    split: SplitOption = "test",
    weights: Annotated[
        Path | None, typer.Option("--weights", help="Else the shipped.", metavar="DIR")
    ] = None,
    write_card: CardOption = False,
    as_json: JsonOption = False,
) -> None:
    """Masks of garments against known pixels: worn (CCP), and packshots on grounds of any shade.

    lookalike eval variant-mask --data ../shared/data
    """
    from api.figures import WEIGHTS as CARDS
    from api.figures import build_report, publish
    from models.variants.mask import WEIGHTS, load_masks

    masks = load_masks(weights or WEIGHTS)
    report = build_report(
        "eval variant-mask",
        _mask_figures(data, split, masks),
        notes=(
            f"iou: intersection over union of the mask at a half with the known pixels, {split} "
            "split; worn: parts of garments of at least 0.3% of a street photo (CCP), whose masks "
            "follow superpixels; worn-detected: the same, in the box and under the class that "
            f"the detector gives; packshot: up to {_THINGS} things cut out of KAGL and laid on "
            f"plain grounds from white to dark; drawn: {_THINGS} packshots of other products of "
            "the drawn shop that training saw, with soft shadows, white on white among them. "
            "Intervals resample photos.",
            "box: all of it. plain: what is not a plain ground. mixture: colours inside against "
            "colours around, no network. network: the network alone. +guided: the guided filter "
            "after it. +mixture: colours told apart from what the network says. shipped: what "
            "recolouring uses.",
            f"ms_p50: one garment of a street photo enlarged to 1,000 px, {_TIMED} photos, the "
            "best of three.",
        ),
    )
    publish(report, as_json=as_json, card=CARDS / "variant-mask.md" if write_card else None)


def _mask_figures(data: Path, split: str, masks: GarmentMasks) -> list[Figure]:
    from itertools import islice

    try:
        from api.evaluation.drawn_garments import drawn_packshots
        from api.evaluation.garment_masks import packshots, worn_garments
    except ImportError as error:
        raise ModelUnavailable(
            f"the package {error.name!r} is not installed",
            where="eval variant-mask",
            hint="Install it with: pip install 'lookalike[models]'",
        ) from error
    from api.evaluation.variant_masks import ARMS, measure_masks, measure_time
    from detectors.registry import load_detector
    from detectors.taxonomy import default_taxonomy
    from models.onnx_session import OnnxTower

    taxonomy = default_taxonomy()
    worn = list(worn_garments(data, taxonomy, split=split))
    figures = measure_masks(masks, worn, condition="worn")
    figures += measure_masks(
        masks,
        worn,
        condition="worn-detected",
        arms={"shipped": ARMS["shipped"]},
        detector=load_detector(OnnxTower),
    )
    things = islice(packshots(data, taxonomy, split=split), _THINGS)
    figures += measure_masks(masks, things, condition="packshot", largest=2)
    drawn = drawn_packshots(taxonomy, split=split, count=_THINGS)
    figures += measure_masks(masks, drawn, condition="drawn", largest=3)
    return figures + measure_time(masks, worn[:: max(1, len(worn) // _TIMED)][:_TIMED])


def recolour(
    data: DataOption = DEFAULT_DATA,
    split: SplitOption = "test",
    each: Annotated[
        int, typer.Option("--each", min=1, help="Packshots, and as many phone photos.")
    ] = 150,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", help="Draw variants there.", metavar="PNG")
    ] = None,
    write_card: CardOption = False,
    as_json: JsonOption = False,
    encoder: EncoderOption = None,
    home: HomeOption = None,
) -> None:
    """Products in the 12 main colours: what the tagger calls them, and what stayed as it was.

    lookalike eval recolour --data ../shared/data
    """
    from api.evaluation.recoloured import measure_recolouring, read_products, real_colours
    from api.evaluation.variant_sheet import VariantSheet
    from api.figures import WEIGHTS as CARDS
    from api.figures import build_report, publish
    from detectors.taxonomy import default_taxonomy
    from models.variants.mask import load_masks

    with open_container(home=home, encoder=encoder) as container:
        look, predictor = container.look, container.predictor
        if look is None or predictor is None:
            raise ModelUnavailable(
                "it needs a detector and a predictor of attributes",
                where="eval recolour",
                hint="Leave LOOKALIKE_DETECTOR and LOOKALIKE_ENCODER at their defaults.",
            )
        lexicon = container.lexicon
        products = read_products(data, default_taxonomy(), lexicon, split=split, each=each)
        drawn = VariantSheet(every=max(1, len(products) // 10))
        figures = measure_recolouring(
            products,
            look=look,
            masks=load_masks(),
            encoder=container.encoder,
            predictor=predictor,
            lexicon=lexicon,
            on_product=drawn.add if sheet else None,
        )
        plenty = read_products(data, default_taxonomy(), lexicon, split=split, each=_YARDSTICK)
        figures += real_colours(plenty, container.encoder, predictor, lexicon)
    if sheet is not None:
        drawn.draw().save(sheet)
    report = build_report(
        "eval recolour",
        figures,
        notes=(
            f"{len(products)} products of the {split} split, packshots (KAGL, 168 by 224 px) and "
            "phone photos (clothing), drawn by a hash of their ids, in each of the 12 main colours "
            "but their own. Boxes, main product and mask as served; nothing is left out.",
            "colour-accuracy: the tagger's likeliest colour is of the family asked for; of the "
            "product's box, of the box with the product laid alone on white, as in the packshots "
            "that the tagger knows, or of the whole picture. unchanged: the same of all packshots "
            "of the split as they are, against the feed: the tagger's own errors and the feed's.",
            "unchanged-outside: share of pictures in which every pixel outside the mask is the "
            "same to the bit. delta-e: of the median inside the mask to the shade asked for, in "
            "hundredths of Oklab. gradients: correlation of steps of lightness inside the mask, "
            "before and after.",
            "lookalike: as served. chroma: colour changed, light kept. shift: the mean moved. "
            "Intervals resample products.",
        ),
    )
    publish(report, as_json=as_json, card=CARDS / "variant-mask.md" if write_card else None)


def sketches(
    data: DataOption = DEFAULT_DATA,
    work: Annotated[
        Path, typer.Option("--work", help="Keeps the prepared catalogue and the judge.")
    ] = Path("runs/variants"),
    count: Annotated[int, typer.Option("--count", min=6, help="Edits.")] = 1_200,
    write_card: CardOption = False,
    as_json: JsonOption = False,
) -> None:
    """Sketches as served, one kept of nine, against the first of each seed.

    lookalike eval sketches --data ../shared/data
    """
    try:
        from models.training.studies.served_sketches import measure_sketches
        from models.training.variants.settings import VariantsConfig
    except ImportError as error:
        raise ModelUnavailable(
            f"the package {error.name!r} is not installed",
            where="eval sketches",
            hint="Install it with: pip install 'lookalike[models]'",
        ) from error
    from api.figures import WEIGHTS as CARDS
    from api.figures import build_report, publish

    found = measure_sketches(
        VariantsConfig(data=data, work=work), work=work / "sketch-judge", count=count
    )
    report = build_report("eval sketches", list(found.figures), notes=found.notes)
    publish(report, as_json=as_json, card=CARDS / "variants.md" if write_card else None)
