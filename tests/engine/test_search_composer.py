"""A learned composer inside the search: used where it fits the encoder, and nowhere else."""

import numpy as np
import pytest

from engine.catalogue.store import CatalogueEntry, open_catalogue
from engine.change import move
from engine.ids import ProductId
from engine.index.memory import MemoryIndex
from engine.payload import build_point
from engine.query.lexicon import default_lexicon
from engine.search import SearchService
from engine.types import EncoderId, Product, SearchQuery, VectorName, Weights

DIMS = 6
NAMES = ("reference", "alike", "far", "farther")


class AxisEncoder:
    """Every text lies on the last axis."""

    encoder_id = EncoderId(name="axes", revision="1", preprocess="1", dims=DIMS)

    def embed_texts(self, texts):
        vectors = np.zeros((len(texts), DIMS), np.float32)
        vectors[:, -1] = 1.0
        return vectors

    def embed_images(self, images):
        raise AssertionError("no picture is asked")


class PointingComposer:
    """Whatever is asked, it means the product called far."""

    def __init__(self, encoder: str) -> None:
        self.encoder = encoder
        self.heard: list[str] = []

    def compose(self, reference, *, words, target, source, edits):
        if any(edit.attribute == "formality" for edit in edits):
            return None
        self.heard.append(" ".join(edit.edit_id for edit in edits))
        return vector_of("far")


def vector_of(name: str) -> np.ndarray:
    vector = np.zeros(DIMS, np.float32)
    if name == "alike":
        vector[0], vector[1] = 0.9, np.sqrt(1 - 0.81)
    else:
        vector[NAMES.index(name)] = 1.0
    return vector


@pytest.fixture
def build(tmp_path):
    catalogue = open_catalogue(f"sqlite:///{tmp_path}/catalogue.sqlite")
    index = MemoryIndex(DIMS)
    products = [Product(product_id=ProductId(name), title=f"Thing {name}") for name in NAMES]
    catalogue.put_pending([CatalogueEntry(product=p, row_hash="r", version="v") for p in products])
    index.upsert(
        [
            build_point(p, {VectorName.PICTURE: vector_of(p.product_id)}, version="v")
            for p in products
        ]
    )
    catalogue.mark_indexed({p.product_id: "v" for p in products})

    def make(composer):
        return SearchService(
            index=index,
            catalogue=catalogue,
            encoder=AxisEncoder(),
            predictor=None,
            lexicon=default_lexicon(),
            composer=composer,
        )

    yield make
    catalogue.close()


def first(service: SearchService, **query) -> str:
    asked = SearchQuery(like=ProductId("reference"), limit=3, **query)
    return service.search(asked).hits[0].product.product_id


def test_a_fitting_composer_says_where_the_pictures_lie(build):
    composer = PointingComposer(AxisEncoder.encoder_id.fingerprint)
    assert first(build(composer), modification="but red, cheaper") == "far"
    assert composer.heard == ["colour:set:red"]


def test_a_composer_of_another_encoder_is_not_used(build):
    composer = PointingComposer("axes@2/1/6")
    assert first(build(composer), modification="but red") == "alike"
    assert composer.heard == []
    assert first(build(None), modification="but red") == "alike"


def test_nothing_to_compose_leaves_the_picture_alone(build):
    composer = PointingComposer(AxisEncoder.encoder_id.fingerprint)
    assert first(build(composer)) == "alike"
    assert first(build(composer), modification="but red", drop=("colour:set:red",)) == "alike"
    assert composer.heard == []


def test_words_of_no_weight_leave_the_picture_alone(build):
    composer = PointingComposer(AxisEncoder.encoder_id.fingerprint)
    service = build(composer)
    assert first(service, modification="but red", weights=Weights(words=0.0)) == "alike"


def test_moving_goes_from_the_reference_to_what_was_composed():
    reference, composed = np.eye(3, dtype=np.float32)[:2]
    np.testing.assert_allclose(move(reference, composed, Weights()), composed, atol=1e-6)
    np.testing.assert_allclose(move(reference, composed, Weights(words=0.0)), reference, atol=1e-6)
    half = move(reference, composed, Weights(words=0.5))
    assert half @ reference == pytest.approx(half @ composed, abs=1e-6)
    assert np.linalg.norm(half) == pytest.approx(1.0, abs=1e-6)


def test_what_the_composer_has_not_learned_is_arithmetic(build):
    composer = PointingComposer(AxisEncoder.encoder_id.fingerprint)
    assert first(build(composer), modification="but more formal") == "alike"
    assert composer.heard == []
