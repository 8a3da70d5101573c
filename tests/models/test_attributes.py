"""The tagger as it is served: calibrated shares, what is not sure is not said, and no torch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import InvalidInput, ModelUnavailable
from engine.types import Facet
from models.attributes import (
    AttributeTagger,
    TaggedFacet,
    load_tagger,
    own_predictor,
    predictor_for,
    tagger_for,
)
from models.toy import ToyEncoder

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
