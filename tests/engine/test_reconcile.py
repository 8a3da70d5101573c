from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from engine.catalogue.embeddings import EmbeddingBatch
from engine.catalogue.store import CatalogueEntry, ProductState
from engine.catalogue.vectors import ContentKind, normalised, text_hash
from engine.ids import DEFAULT_TENANT, PictureHash, ProductId, TenantId, picture_hash, point_id
from engine.index.memory import MemoryIndex
from engine.index.open import open_index
from engine.payload import build_point
from engine.ports import VectorIndex
from engine.reconcile import ReconcileReport, reconcile
from engine.types import Product, VectorName
from tests.ingestion.shop import DIMS, CountingEncoder, Shop


@pytest.fixture(params=["memory:", "edge"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Shop:
    where = request.param if request.param == "memory:" else str(tmp_path / "index")
    made = Shop(tmp_path, index=open_index(where, CountingEncoder().encoder_id))
    made.ingest(made.feed(made.products(6)))
    return made


def repair(shop: Shop, **more: object) -> ReconcileReport:
    seen = shop.encoder.pictures, shop.encoder.texts
    report = reconcile(
        shop.catalogue,
        shop.index,
        encoder_id=shop.encoder.encoder_id,
        **more,  # type: ignore[arg-type]
    )
    assert (shop.encoder.pictures, shop.encoder.texts) == seen, "nothing is embedded again"
    return report


def drop(index: VectorIndex, *ids: str) -> None:
    index.delete([point_id(DEFAULT_TENANT, ProductId(each)) for each in ids])


def test_nothing_wrong_changes_nothing(shop: Shop):
    before = shop.catalogue.generation()
    report = repair(shop)
    assert report.is_clean
    assert report.products == 6
    assert shop.catalogue.generation() == before


def test_a_wiped_index_comes_back_as_it_was(shop: Shop):
    before = shop.state()
    shop.index.delete([each for each, _ in shop.index.point_ids()])
    assert repair(shop).rebuilt == 6
    assert shop.state() == before
    assert repair(shop).is_clean


def test_missing_points_are_rebuilt(shop: Shop):
    before = shop.state()
    drop(shop.index, "P1", "P4")
    assert repair(shop).rebuilt == 2
    assert shop.state() == before


def test_phantoms_are_deleted(shop: Shop):
    vector = normalised(np.ones((1, DIMS), np.float32))[0]
    ghost = Product(product_id=ProductId("ghost"), title="Ghost")
    shop.index.upsert([build_point(ghost, {VectorName.TITLE: vector}, version="x")])
    assert repair(shop).deleted == 1
    assert shop.index.count() == 6


def test_stale_points_are_replaced(shop: Shop):
    before = shop.state()
    old = Product(product_id=ProductId("P2"), title="Old")
    vector = normalised(np.ones((1, DIMS), np.float32))[0]
    shop.index.upsert([build_point(old, {VectorName.TITLE: vector}, version="old")])
    assert repair(shop).rebuilt == 1
    assert shop.state() == before


def test_pending_products_go_forward(shop: Shop):
    shop.catalogue.mark_pending([ProductId("P0"), ProductId("P5")])
    drop(shop.index, "P5")
    report = repair(shop)
    assert (report.confirmed, report.rebuilt) == (1, 1)
    assert {each.state for each in shop.catalogue.stamps().values()} == {ProductState.INDEXED}
    assert shop.index.count() == 6


def test_other_tenants_are_left_alone(shop: Shop):
    other = TenantId("other")
    shop.ingest(shop.feed(shop.products(2)), tenant=other)
    shop.index.delete([each for each, _ in shop.index.point_ids()])
    assert repair(shop, tenants=[other]).rebuilt == 2
    report = repair(shop, tenants=[DEFAULT_TENANT])
    assert (report.rebuilt, report.deleted) == (6, 0)
    assert shop.index.count() == 8


def test_what_cannot_be_rebuilt_waits_for_its_feed(shop: Shop):
    shop.encoder = CountingEncoder("another")
    shop.index = MemoryIndex(DIMS)
    assert repair(shop).unrepairable == 6
    assert {each.state for each in shop.catalogue.stamps().values()} == {ProductState.PENDING}
    assert shop.ingest(shop.feed(shop.products(6))).indexed == 6


def test_forty_thousand_products_in_good_order_cost_little(tmp_path: Path):
    shop = Shop(tmp_path)
    vector = normalised(np.ones((1, DIMS), np.float32))[0]
    picture = PictureHash(picture_hash(b"x"))
    fingerprint = shop.encoder.encoder_id.fingerprint
    batches = [
        EmbeddingBatch(fingerprint=fingerprint, kind=kind, vectors={key: vector})
        for kind, key in ((ContentKind.PICTURE, picture), (ContentKind.TEXT, text_hash("Hat")))
    ]
    entries = [
        CatalogueEntry(
            product=Product(product_id=ProductId(str(n)), title="Hat", pictures=(picture,)),
            row_hash="r",
            version="v",
        )
        for n in range(40_000)
    ]
    shop.catalogue.put_pending(entries, embeddings=batches)
    shop.catalogue.mark_indexed({each.product.product_id: "v" for each in entries})

    class Held(MemoryIndex):
        def point_ids(self):
            return ((point_id(DEFAULT_TENANT, each.product.product_id), "v") for each in entries)

    started_s = time.process_time()
    report = reconcile(shop.catalogue, Held(DIMS), encoder_id=shop.encoder.encoder_id)
    assert report.is_clean
    assert report.products == 40_000
    assert time.process_time() - started_s < 2
