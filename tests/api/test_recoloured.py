"""Evaluation and speed of recolouring, on drawn products with the shipped models."""

from __future__ import annotations

import numpy as np
import pytest

from api.benchmarks.variants import LONGER_PX, enlarged, measure_variants
from api.evaluation.recoloured import ARMS, Shown, measure_recolouring, real_colours
from api.evaluation.variant_sheet import VariantSheet
from api.look import build_look
from data_samples.draw.gallery import draw_product
from data_samples.draw.spec import iter_specs
from engine.query.lexicon import default_lexicon
from models.attributes import predictor_for
from models.registry import load_encoder
from models.variants.mask import load_masks

LEXICON = default_lexicon()


@pytest.fixture(scope="module")
def products() -> list[Shown]:
    specs = iter_specs(909)
    return [
        Shown(
            product=str(number),
            source="drawn",
            title="",
            colour="blue",
            image=draw_product(next(specs), 909 + number).pictures[0].rgb,
        )
        for number in range(3)
    ]


@pytest.fixture(scope="module")
def parts():
    encoder = load_encoder("compact")
    predictor = predictor_for(encoder)
    assert predictor is not None
    look = build_look(encoder, predictor=predictor, lexicon=LEXICON)
    return encoder, predictor, look, load_masks()


def test_every_arm_is_measured_on_every_product_in_other_colours_than_its_own(products, parts):
    encoder, predictor, look, masks = parts
    sheet = VariantSheet(every=1)
    figures = measure_recolouring(
        products, look=look, masks=masks, encoder=encoder, predictor=predictor,
        lexicon=LEXICON, colours=("red", "blue", "black"), on_product=sheet.add,
    )  # fmt: skip
    told = {(each.metric, each.arm, each.condition): each for each in figures}
    for arm in ARMS:
        accuracy = told["colour-accuracy/alone", arm, "all"]
        assert accuracy.n == 3 * 2  # blue is what they are
        assert told["unchanged-outside", arm, "all"].value == 1.0
    assert ("colour-accuracy/alone", "lookalike", "to blue") not in told
    assert told["delta-e", "lookalike", "all"].value < 0.5 * told["delta-e", "chroma", "all"].value
    width, height = sheet.draw().size
    assert width > 6 * 100
    assert height > 3 * 200


def test_the_yardstick_counts_only_the_main_colours(products, parts):
    encoder, predictor, _, _ = parts
    figures = real_colours(products, encoder, predictor, LEXICON)
    assert {each.n for each in figures} == {3}
    nobody = [Shown(product="1", source="x", title="", colour="", image=products[0].image)]
    assert real_colours(nobody, encoder, predictor, LEXICON) == []


def test_seconds_are_measured_on_large_pictures(products, parts):
    _, _, look, masks = parts
    assert max(enlarged(products[0].image).shape) == LONGER_PX
    figures = measure_variants(
        [products[0].image], look=look, masks=masks, lexicon=LEXICON, rounds=1
    )
    told = {each.arm: each.value for each in figures}
    assert set(told) == {"four-variants", "mask", "recolouring"}
    assert told["four-variants"] == pytest.approx(told["mask"] + told["recolouring"])
    assert np.isfinite(list(told.values())).all()
