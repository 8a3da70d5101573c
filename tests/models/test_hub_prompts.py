"""Labels asked as captions: what is asked, and that the mean is one of directions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from engine.errors import InvalidInput
from engine.types import EncoderId, Facet, Vectors
from models.hub.prompts import TEMPLATES, embed_labels, fill
from models.toy import ToyEncoder


def test_every_template_holds_the_label_once_in_lower_case() -> None:
    for facet, templates in TEMPLATES.items():
        (captions,) = fill(["Navy Blue "], facet)
        assert len(set(captions)) == len(templates) >= 3
        assert all(each.count("navy blue") == 1 and "{" not in each for each in captions)


def test_a_label_with_braces_stays_as_it_is() -> None:
    assert fill(["{0}"], Facet.TYPE, templates=["a {}"]) == [("a {0}",)]


@pytest.mark.parametrize("template", ["no place", "{} and {}", "{0}"])
def test_a_template_without_one_place_is_refused(template: str) -> None:
    with pytest.raises(InvalidInput, match="exactly one"):
        fill(["red"], Facet.COLOUR, templates=[template])


def test_a_facet_without_templates_names_those_that_have_some() -> None:
    with pytest.raises(InvalidInput, match="type, colour"):
        fill(["cotton"], Facet.MATERIAL)
    assert fill(["cotton"], Facet.MATERIAL, templates=["made of {}"]) == [("made of cotton",)]


class _ByLength:
    """Texts to directions in the plane by their length; remembers the calls."""

    encoder_id = EncoderId(name="by-length", revision="0", preprocess="0", dims=2)

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        self.calls.append(list(texts))
        angles = np.array([len(text) / 10 for text in texts])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_a_label_is_the_mean_direction_of_its_captions_in_one_call() -> None:
    encoder = _ByLength()
    found = embed_labels(encoder, ["ab", "abcd"], Facet.TYPE, templates=["{}", "{}xx"])
    assert encoder.calls == [["ab", "abxx", "abcd", "abcdxx"]]
    angles = np.arctan2(found[:, 1], found[:, 0])
    np.testing.assert_allclose(angles, [0.3, 0.5], atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)


def test_one_plain_template_is_the_bare_text() -> None:
    encoder = ToyEncoder()
    np.testing.assert_allclose(
        embed_labels(encoder, ["red", "jeans"], Facet.TYPE, templates=["{}"]),
        encoder.embed_texts(["red", "jeans"]),
        atol=1e-6,
    )


def test_no_labels_give_no_rows() -> None:
    assert embed_labels(ToyEncoder(), [], Facet.COLOUR).shape == (0, ToyEncoder().encoder_id.dims)
