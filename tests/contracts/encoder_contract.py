"""The battery that every encoder passes; one test a promise of `engine/ports.py`.

Subclass `DualEncoderContract` (and `PredictorContract` where attributes are predicted) and give it
an `encoder` fixture of class scope (a class method below the fixture decorator).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from engine.ports import AttributePredictor, DualEncoder
from engine.types import Facet, ImageRGB, Vectors

BATCH_TOLERANCE = 1e-4
UNIT_TOLERANCE = 1e-4


def draw_garment(
    colour: tuple[int, int, int], *, size_hw: tuple[int, int] = (80, 60), legs: bool = False
) -> ImageRGB:
    """A trapezium, or a pair of trousers, of one colour on white."""
    high, wide = size_hw
    image = np.full((high, wide, 3), 255, np.uint8)
    for y in range(high // 16, high - high // 16):
        half = wide * (0.15 + 0.25 * y / high) if not legs else wide * 0.25
        image[y, int(wide / 2 - half) : int(wide / 2 + half) + 1] = colour
        if legs and y > high / 3:
            image[y, int(wide * 0.46) : int(wide * 0.54) + 1] = 255
    return image


def pictures() -> list[ImageRGB]:
    """Pictures of many sizes and proportions, one of a single pixel among them."""
    noise = np.random.default_rng(7).integers(0, 256, (90, 70, 3), dtype=np.uint8)
    return [
        draw_garment((200, 30, 35)),
        draw_garment((40, 85, 180), size_hw=(200, 90)),
        draw_garment((20, 20, 20), size_hw=(50, 160), legs=True),
        np.full((1, 1, 3), 128, np.uint8),
        np.full((3, 400, 3), (200, 30, 35), np.uint8),
        noise,
    ]


TEXTS = (
    "red dress",
    "Nike Men's Navy Blue T-shirt",
    "",
    "   ",
    "été 2024 — robe à fleurs",
    "日本語のドレス 👗",
    "\x00\ud800 odd",
    "shoes " * 400,
)


class DualEncoderContract:
    """Promises of `ImageEncoder` and `TextEncoder`."""

    @pytest.fixture(scope="class")
    @classmethod
    def encoder(cls) -> DualEncoder:
        raise NotImplementedError("the subclass gives the encoder")

    def test_id_names_everything_that_makes_a_vector(self, encoder: DualEncoder) -> None:
        identity = encoder.encoder_id
        assert identity.name
        assert identity.revision
        assert identity.preprocess
        assert identity.dims >= 1
        assert encoder.encoder_id == identity

    def test_images_are_unit_float32_rows(self, encoder: DualEncoder) -> None:
        vectors = encoder.embed_images(pictures())
        _assert_unit_rows(vectors, len(pictures()), encoder.encoder_id.dims)

    def test_texts_are_unit_float32_rows(self, encoder: DualEncoder) -> None:
        vectors = encoder.embed_texts(TEXTS)
        _assert_unit_rows(vectors, len(TEXTS), encoder.encoder_id.dims)

    def test_nothing_gives_an_empty_matrix(self, encoder: DualEncoder) -> None:
        shape = (0, encoder.encoder_id.dims)
        assert encoder.embed_images([]).shape == shape
        assert encoder.embed_texts([]).shape == shape
        assert encoder.embed_images([]).dtype == encoder.embed_texts([]).dtype == np.float32

    def test_image_batch_equals_singles_in_order(self, encoder: DualEncoder) -> None:
        images = pictures()
        singles = np.concatenate([encoder.embed_images([image]) for image in images])
        np.testing.assert_allclose(
            encoder.embed_images(images), singles, rtol=0, atol=BATCH_TOLERANCE
        )

    def test_text_batch_equals_singles_in_order(self, encoder: DualEncoder) -> None:
        singles = np.concatenate([encoder.embed_texts([text]) for text in TEXTS])
        np.testing.assert_allclose(
            encoder.embed_texts(TEXTS), singles, rtol=0, atol=BATCH_TOLERANCE
        )

    def test_long_batches_keep_their_order(self, encoder: DualEncoder) -> None:
        # More than any adapter's inner batch, so that joints between batches are crossed.
        # Five, so that no inner batch ends where they begin again.
        colours = [(200, 30, 35), (40, 85, 180), (30, 120, 60), (230, 200, 60), (20, 20, 20)]
        images = [draw_garment(each) for each in colours] * 15
        vectors = encoder.embed_images(images)
        first = np.concatenate([encoder.embed_images([image]) for image in images[:5]])
        np.testing.assert_allclose(vectors, np.tile(first, (15, 1)), rtol=0, atol=BATCH_TOLERANCE)
        assert np.abs(first[0] - first[1]).max() > 10 * BATCH_TOLERANCE
        texts = ["red dress", "blue trousers", "green shirt", "yellow hat", "black shoes"] * 30
        rows = encoder.embed_texts(texts)
        alone = np.concatenate([encoder.embed_texts([text]) for text in texts[:5]])
        np.testing.assert_allclose(rows, np.tile(alone, (30, 1)), rtol=0, atol=BATCH_TOLERANCE)

    def test_same_input_same_vector(self, encoder: DualEncoder) -> None:
        np.testing.assert_array_equal(
            encoder.embed_images(pictures()), encoder.embed_images(pictures())
        )
        np.testing.assert_array_equal(encoder.embed_texts(TEXTS), encoder.embed_texts(TEXTS))

    def test_different_inputs_differ(self, encoder: DualEncoder) -> None:
        images = encoder.embed_images(pictures()[:3])
        texts = encoder.embed_texts(["red dress", "blue jeans", "black leather boots"])
        for vectors in (images, texts):
            for one, other in pairwise(vectors):
                assert np.abs(one - other).max() > 1e-4

    def test_inputs_are_left_alone(self, encoder: DualEncoder) -> None:
        images = pictures()
        encoder.embed_images(images)
        for image, fresh in zip(images, pictures(), strict=True):
            np.testing.assert_array_equal(image, fresh)

    def test_views_and_read_only_arrays_are_fine(self, encoder: DualEncoder) -> None:
        image = draw_garment((200, 30, 35), legs=True)
        image[:, :20] = (10, 90, 10)
        view = image[:, ::-1]
        solid = np.ascontiguousarray(view)
        solid.setflags(write=False)
        np.testing.assert_allclose(
            encoder.embed_images([view]),
            encoder.embed_images([solid]),
            rtol=0,
            atol=BATCH_TOLERANCE,
        )


class PredictorContract:
    """Promises of `AttributePredictor`, for an encoder that is one as well."""

    may_be_silent: frozenset[Facet] = frozenset()
    """Facets of which it may say nothing, or that a product may lack."""

    @pytest.fixture(scope="class")
    @classmethod
    def encoder(cls) -> DualEncoder:
        raise NotImplementedError("the subclass gives the encoder")

    @pytest.fixture(scope="class")
    @classmethod
    def predictor(cls, encoder: DualEncoder) -> AttributePredictor:
        assert hasattr(encoder, "predict")
        return encoder  # pyright: ignore[reportReturnType]

    def test_labels_are_distinct_and_canonical(self, predictor: AttributePredictor) -> None:
        assert predictor.labels
        for values in predictor.labels.values():
            assert len(values) >= 2
            assert len(set(values)) == len(values)
            assert all(value == value.casefold().strip() and value for value in values)

    def test_rows_are_probabilities(
        self, encoder: DualEncoder, predictor: AttributePredictor
    ) -> None:
        found = predictor.predict(encoder.embed_images(pictures()))
        assert set(found) == set(predictor.labels)
        for facet, values in found.items():
            assert values.shape == (len(pictures()), len(predictor.labels[facet]))
            assert values.dtype == np.float32
            assert (values >= 0).all()
            sums = values.sum(axis=1)
            assert (sums <= 1 + 1e-4).all()
            if facet not in self.may_be_silent:
                np.testing.assert_allclose(sums, 1, atol=1e-4)

    def test_the_revision_is_told(self, predictor: AttributePredictor) -> None:
        assert predictor.revision

    def test_batch_equals_singles(
        self, encoder: DualEncoder, predictor: AttributePredictor
    ) -> None:
        vectors = encoder.embed_images(pictures())
        together = predictor.predict(vectors)
        for row in range(len(vectors)):
            alone = predictor.predict(vectors[row : row + 1])
            for facet, values in together.items():
                np.testing.assert_allclose(alone[facet][0], values[row], atol=BATCH_TOLERANCE)

    def test_no_vectors_give_no_rows(
        self, encoder: DualEncoder, predictor: AttributePredictor
    ) -> None:
        found = predictor.predict(np.zeros((0, encoder.encoder_id.dims), np.float32))
        for facet, values in found.items():
            assert values.shape == (0, len(predictor.labels[facet]))


def _assert_unit_rows(vectors: Vectors, count: int, dims: int) -> None:
    assert vectors.shape == (count, dims)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=UNIT_TOLERANCE)
