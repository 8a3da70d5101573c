"""The toy encoder: the contract, and that it means what it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as np_st

from engine.errors import InvalidInput
from engine.types import Facet
from models.toy import ToyEncoder
from tests.contracts.encoder_contract import DualEncoderContract, PredictorContract, draw_garment

ROOT = Path(__file__).parents[2]
RED, BLUE, BLACK, GREEN = (200, 30, 35), (40, 85, 180), (22, 22, 24), (40, 135, 60)


class TestToyEncoder(DualEncoderContract, PredictorContract):
    @pytest.fixture(scope="class")
    @classmethod
    def encoder(cls) -> ToyEncoder:
        return ToyEncoder()


def test_words_find_the_picture_of_their_colour_and_garment() -> None:
    encoder = ToyEncoder()
    drawn = [(colour, legs) for colour in (RED, BLUE, BLACK, GREEN) for legs in (False, True)]
    pictures = encoder.embed_images([draw_garment(c, legs=legs) for c, legs in drawn])
    queries = ["red skirt", "Red Trousers", "skirt in blue", "blue jeans", "a black skirt",
               "black pants", "green skirts", "green trousers"]  # fmt: skip
    best = (encoder.embed_texts(queries) @ pictures.T).argmax(axis=1)
    assert best.tolist() == list(range(8))


def test_a_picture_filled_by_one_colour_is_of_that_colour() -> None:
    encoder = ToyEncoder()
    found = encoder.predict(encoder.embed_images([np.full((20, 30, 3), RED, np.uint8)]))
    assert encoder.labels[Facet.COLOUR][int(found[Facet.COLOUR][0].argmax())] == "red"


@pytest.mark.parametrize("background", [(255, 255, 255), (60, 200, 210), (10, 10, 10)])
def test_the_background_does_not_count(background: tuple[int, int, int]) -> None:
    encoder = ToyEncoder()
    image = draw_garment(RED)
    image[(image == 255).all(axis=-1)] = background
    found = encoder.predict(encoder.embed_images([image]))
    assert encoder.labels[Facet.COLOUR][int(found[Facet.COLOUR][0].argmax())] == "red"


def test_longer_colour_names_win_over_the_words_inside() -> None:
    encoder = ToyEncoder()
    texts = encoder.embed_texts(["navy blue", "navy", "blue", "off white", "cream", "white"])
    likeness = texts @ texts.T
    assert likeness[0, 1] > likeness[0, 2]
    assert likeness[3, 4] > likeness[3, 5]


def test_other_words_matter_a_little() -> None:
    encoder = ToyEncoder()
    plain, nike, puma = encoder.embed_texts(["red shoes", "nike red shoes", "puma red shoes"])
    assert plain @ nike > 0.9
    assert nike @ nike > nike @ puma


def test_vectors_are_the_same_in_another_process() -> None:
    program = (
        "from models.toy import ToyEncoder; "
        "print(ToyEncoder().embed_texts(['nike red shoes']).tobytes().hex())"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert ran.stdout.strip() == ToyEncoder().embed_texts(["nike red shoes"]).tobytes().hex()


def test_an_array_that_is_no_picture_is_refused() -> None:
    with pytest.raises(InvalidInput, match="uint8"):
        ToyEncoder().embed_images([np.zeros((4, 4), np.uint8)])


@given(st.lists(st.text(max_size=60), max_size=5))
@settings(max_examples=60, deadline=None)
def test_any_text_gives_unit_vectors(texts: list[str]) -> None:
    vectors = ToyEncoder().embed_texts(texts)
    assert vectors.shape == (len(texts), 64)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@given(
    np_st.arrays(
        np.uint8, st.tuples(st.integers(1, 60), st.integers(1, 60), st.just(3)), fill=st.just(255)
    )
)
@settings(max_examples=60, deadline=None)
def test_any_picture_gives_a_unit_vector(image: np.ndarray) -> None:
    vectors = ToyEncoder().embed_images([image])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    for values in ToyEncoder().predict(vectors).values():
        np.testing.assert_allclose(values.sum(axis=1), 1, atol=1e-4)
