"""The bank over a catalogue: what is near to a prompt, and what never comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from engine.errors import NotFound
from engine.ids import DEFAULT_TENANT, PictureHash, ProductId, TenantId
from engine.index.memory import MemoryIndex
from engine.payload import build_point
from engine.types import Attribute, Facet, ImageRGB, Product, VectorName
from models.toy import ToyEncoder
from models.variants.catalogue_bank import CatalogueBank, MemoryFeatures, feature_key
from models.variants.prompts import caption

TYPES, COLOURS = ("t-shirt", "dress", "jeans"), ("red", "blue", "green", "black")
ENCODER = ToyEncoder()
Shop = dict[ProductId, Product]


def product(number: int, kind: str, colour: str, *, tenant: TenantId = DEFAULT_TENANT) -> Product:
    return Product(
        product_id=ProductId(f"{tenant}-{number:02}"),
        tenant=tenant,
        title=f"Norvik {colour} {kind}",
        attributes=(
            Attribute(name=Facet.TYPE, value=kind),
            Attribute(name=Facet.COLOUR, value=colour),
            Attribute(name=Facet.BRAND, value="Norvik"),
        ),
        pictures=() if number == 3 else (PictureHash(f"{number:064x}"),),
    )


@pytest.fixture(scope="module")
def shop() -> Shop:
    all_of = [product(n, k, c) for n, (k, c) in enumerate((k, c) for k in TYPES for c in COLOURS)]
    elsewhere = product(99, "dress", "red", tenant=TenantId("other"))
    return {each.product_id: each for each in (*all_of, elsewhere)}


def bank_of(shop: Shop, *, lost: Sequence[str] = ()) -> CatalogueBank:
    index = MemoryIndex(ENCODER.encoder_id.dims)
    index.upsert(
        [
            build_point(each, {VectorName.TITLE: ENCODER.embed_texts([each.title])[0]}, version="v")
            for each in shop.values()
        ]
    )

    def picture(name: PictureHash) -> ImageRGB:
        if name in lost:
            raise NotFound("lost")
        return np.full((4, 3, 3), int(name[-2:], 16), np.uint8)

    def products(ids: Sequence[ProductId]) -> Mapping[ProductId, Product]:
        return {each: shop[each] for each in ids}

    return CatalogueBank(index=index, products=products, picture=picture, texts=ENCODER)


PROMPT = {Facet.TYPE: "dress", Facet.COLOUR: "red", Facet.GENDER: "women"}


def test_the_nearest_are_those_that_comparing_all_captions_gives(shop: Shop) -> None:
    found = bank_of(shop).nearest(PROMPT, count=4)
    wanted = ENCODER.embed_texts([caption(PROMPT)])[0]
    ours = [each for each in shop.values() if each.tenant == DEFAULT_TENANT and each.pictures]
    said = {
        each.product_id: f"{each.values(Facet.COLOUR)[0]} {each.values(Facet.TYPE)[0]}"
        for each in ours
    }
    cosines = {key: float(ENCODER.embed_texts([text])[0] @ wanted) for key, text in said.items()}
    best = sorted(cosines.values(), reverse=True)[:4]
    assert [each.source.similarity for each in found] == pytest.approx(best, abs=1e-5)
    assert found[0].source.title == "Norvik red dress"
    for each in found:
        assert cosines[each.source.product_id] == pytest.approx(each.source.similarity, abs=1e-5)
        assert each.picture[0, 0, 0] == int(each.source.picture[-2:], 16)
        assert set(each.attributes) == {Facet.TYPE, Facet.COLOUR}  # a brand is no part of a garment


def test_the_products_own_picture_and_lost_ones_never_help(shop: Shop) -> None:
    nearest = bank_of(shop).nearest(PROMPT, count=1)[0].source
    others = bank_of(shop).nearest(PROMPT, count=20, without=[nearest.product_id])
    assert nearest.product_id not in {each.source.product_id for each in others}
    assert len(others) == 10  # of twelve, one without a picture
    left = bank_of(shop, lost=[nearest.picture]).nearest(PROMPT, count=20)
    assert {e.source.product_id for e in left} == {e.source.product_id for e in others}


def test_an_empty_catalogue_helps_nobody() -> None:
    assert bank_of({}).nearest(PROMPT, count=3) == []


def test_features_are_made_anew_for_another_picture_caption_or_model(shop: Shop) -> None:
    (held,) = bank_of(shop).nearest(PROMPT, count=1)
    key = feature_key(held, "a")
    (again,) = bank_of(shop).nearest(PROMPT, count=1)
    assert again is not held
    assert feature_key(again, "a") == key
    picture = replace(held, source=replace(held.source, picture=PictureHash("f" * 64)))
    words = replace(held, attributes=dict(held.attributes) | {Facet.COLOUR: "green"})
    others = [feature_key(picture, "a"), feature_key(words, "a"), feature_key(held, "b")]
    assert len({key, *others}) == 4
    # What is in neither of them changes nothing.
    nearer = replace(held, source=replace(held.source, similarity=0.1, title="Another title"))
    assert feature_key(nearer, "a") == key


def test_the_features_used_last_are_kept() -> None:
    cache = MemoryFeatures(most=2)
    for name in ("a", "b"):
        cache.put({name: np.zeros(1, np.float16)})
    cache.get(["a"])
    cache.put({"c": np.ones(1, np.float16)})
    assert set(cache.get(["a", "b", "c"])) == {"a", "c"}
