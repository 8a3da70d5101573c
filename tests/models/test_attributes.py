"""The tagger as it is served: calibrated shares, what is not sure is not said, and no torch."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import InvalidInput, ModelUnavailable
from engine.ports import AttributePredictor
from engine.query.lexicon import default_lexicon
from engine.types import Facet
from models.attributes import (
    AttributeTagger,
    TaggedFacet,
    load_tagger,
    own_predictor,
    predictor_for,
    tagger_for,
)
from models.compact import CompactEncoder
from models.toy import ToyEncoder
from tests.contracts.encoder_contract import PredictorContract, draw_garment

ROOT = Path(__file__).parents[2]
COLOUR = TaggedFacet(facet=Facet.COLOUR, labels=("red", "blue"), temperature=2.0)
SLEEVE = TaggedFacet(
    facet=Facet.SLEEVE, labels=("short sleeves", "long sleeves"), has_none=True, sure_from=0.55
)


class Copies:
    """A network that gives its inputs, in chunks of two."""

    @property
    def metadata(self) -> Mapping[str, str]:
        return {}

    def run(
        self, count: int, inputs: Callable[[int, int], dict[str, Any]]
    ) -> Iterator[NDArray[np.float32]]:
        for start in range(0, count, 2):
            yield inputs(start, min(start + 2, count))["vectors"]


def tagger() -> AttributeTagger:
    return AttributeTagger(Copies(), (COLOUR, SLEEVE), encoder="e@1", dims=5, revision="r")


def test_shares_are_softened_and_what_is_not_sure_is_not_said() -> None:
    logits = np.log(
        np.array(
            [[9, 1, 1, 2, 7], [4, 4, 6, 3, 1], [1, 9, 4, 6, 0.001]],  # none, short, long behind
            np.float32,
        )
    )
    found = tagger().predict(logits)
    np.testing.assert_allclose(
        found[Facet.COLOUR], [[0.75, 0.25], [0.5, 0.5], [0.25, 0.75]], atol=1e-6
    )
    sleeves = found[Facet.SLEEVE]
    np.testing.assert_allclose(sleeves[0], [0.2, 0.7], atol=1e-6)
    assert (sleeves[1] == 0).all()  # none is the likeliest, and no value is sure
    # Short is likely, and long is not quite impossible.
    np.testing.assert_allclose(sleeves[2], [0.59994, 0.0001], atol=1e-4)
    assert tagger().labels == {Facet.COLOUR: COLOUR.labels, Facet.SLEEVE: SLEEVE.labels}


def test_no_vectors_give_no_rows_and_others_are_refused() -> None:
    found = tagger().predict(np.zeros((0, 5), np.float32))
    assert {facet: rows.shape for facet, rows in found.items()} == {
        Facet.COLOUR: (0, 2),
        Facet.SLEEVE: (0, 2),
    }
    with pytest.raises(InvalidInput, match=r"\(1, 4\).*\(N, 5\)"):
        tagger().predict(np.zeros((1, 4), np.float32))


def test_an_encoder_without_a_tagger_predicts_itself(tmp_path: Path) -> None:
    toy = ToyEncoder()
    assert tagger_for(toy.encoder_id, tmp_path) is None
    assert predictor_for(toy, tmp_path) is toy
    assert own_predictor(toy) is toy


def test_missing_and_damaged_weights_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="lookalike train tagger"):
        load_tagger(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"facets": {"hat size": {}}}))
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        load_tagger(tmp_path)


class TestShippedTagger(PredictorContract):
    may_be_silent = frozenset((Facet.SLEEVE, Facet.NECK, Facet.MATERIAL))

    @pytest.fixture(scope="class")
    @classmethod
    def encoder(cls) -> CompactEncoder:
        return CompactEncoder(threads=1)

    @pytest.fixture(scope="class")
    @classmethod
    def predictor(cls, encoder: CompactEncoder) -> AttributePredictor:
        found = tagger_for(encoder.encoder_id)
        assert found is not None, "train the tagger again: lookalike train tagger"
        return found

    def test_values_are_in_the_vocabulary(self, predictor: AttributePredictor) -> None:
        lexicon = default_lexicon()
        for facet, values in predictor.labels.items():
            assert set(values) <= set(lexicon.values(facet))

    def test_it_knows_what_the_heads_know(
        self, encoder: CompactEncoder, predictor: AttributePredictor
    ) -> None:
        assert set(encoder.labels) <= set(predictor.labels)
        assert predictor_for(encoder) is not encoder

    def test_a_plain_garment_has_its_colour(
        self, encoder: CompactEncoder, predictor: AttributePredictor
    ) -> None:
        shades = ((200, 30, 35), (40, 85, 180), (22, 22, 24))
        found = predictor.predict(encoder.embed_images([draw_garment(each) for each in shades]))
        best = found[Facet.COLOUR].argmax(axis=1)
        assert [predictor.labels[Facet.COLOUR][each] for each in best] == ["red", "blue", "black"]


def test_the_tagger_of_another_encoder_is_not_used(caplog: pytest.LogCaptureFixture) -> None:
    shipped = CompactEncoder(threads=1).encoder_id
    other = replace(shipped, revision="another")
    with caplog.at_level(logging.WARNING):
        assert tagger_for(other) is None
    assert "lookalike train tagger" in caplog.text


def test_serving_imports_no_torch() -> None:
    code = (
        "import sys; from models.attributes import predictor_for;"
        "from models.registry import load_encoder;"
        "assert predictor_for(load_encoder('compact')).revision;"
        "assert not {'torch', 'timm', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)
