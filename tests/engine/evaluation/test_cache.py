"""The caching encoder gives what the encoder gives, once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.evaluation.cache import CachingEncoder, CachingPredictor, caching
from engine.types import EncoderId, ImageRGB, Vectors
from models.toy import ToyEncoder


class CountingEncoder(ToyEncoder):
    """Counts what reaches it."""

    def __init__(self, revision: str = "1") -> None:
        super().__init__()
        self.seen = 0
        self._revision = revision

    @property
    def encoder_id(self) -> EncoderId:
        return EncoderId(name="counting", revision=self._revision, preprocess="1", dims=64)

    def embed_images(self, images: Sequence[ImageRGB]) -> Vectors:
        self.seen += len(images)
        return super().embed_images(images)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        self.seen += len(texts)
        return super().embed_texts(texts)


def make_pictures() -> list[ImageRGB]:
    flat = np.full((4, 6, 3), (200, 20, 20), np.uint8)
    return [flat, flat.reshape(6, 4, 3), np.zeros((4, 6, 3), np.uint8), flat.copy()]


def test_same_vectors_and_each_content_once() -> None:
    counting = CountingEncoder()
    cache = caching(counting, None)
    expected = ToyEncoder().embed_images(make_pictures())
    np.testing.assert_array_equal(cache.embed_images(make_pictures()), expected)
    assert counting.seen == 3  # the fourth picture is the first again; the second has another shape
    cache.embed_images(make_pictures()[::-1])
    assert counting.seen == 3
    texts = ["red", "blue", "red", "\ud800"]
    np.testing.assert_array_equal(cache.embed_texts(texts), ToyEncoder().embed_texts(texts))
    assert counting.seen == 6
    assert cache.embed_texts([]).shape == cache.embed_images([]).shape == (0, 64)


def test_saved_vectors_are_read_by_the_same_encoder_only(tmp_path: Path) -> None:
    first = caching(CountingEncoder(), tmp_path)
    vectors = first.embed_images(make_pictures())
    texts = first.embed_texts(["red", "blue"])
    first.save()
    again = CountingEncoder()
    cache = caching(again, tmp_path)
    np.testing.assert_array_equal(cache.embed_images(make_pictures()), vectors)
    np.testing.assert_array_equal(cache.embed_texts(["blue", "red"]), texts[::-1])
    assert again.seen == 0
    other = CountingEncoder(revision="2")
    caching(other, tmp_path).embed_texts(["red"])
    assert other.seen == 1


def test_attributes_are_predicted_where_the_encoder_can() -> None:
    cache = caching(ToyEncoder(), None)
    assert isinstance(cache, CachingPredictor)
    found = cache.predict(cache.embed_images(make_pictures()))
    assert set(found) == set(cache.labels)

    class TextsAlone:
        encoder_id = ToyEncoder().encoder_id
        embed_images = ToyEncoder.embed_images
        embed_texts = ToyEncoder.embed_texts

    assert type(caching(TextsAlone(), None)) is CachingEncoder
