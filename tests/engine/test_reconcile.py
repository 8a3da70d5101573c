from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from engine.catalogue.embeddings import EmbeddingBatch
from engine.catalogue.store import CatalogueEntry, ProductState
from engine.catalogue.vectors import ContentKind, normalised, text_hash
from engine.errors import GuardTripped
from engine.ids import DEFAULT_TENANT, PictureHash, ProductId, TenantId, picture_hash, point_id
from engine.index.memory import MemoryIndex
from engine.index.open import open_index
from engine.payload import build_point
from engine.ports import VectorIndex
from engine.reconcile import MAX_PHANTOMS, ReconcileReport, reconcile
from engine.types import Product, VectorName
from tests.ingestion.shop import DIMS, CountingEncoder, Shop


@pytest.fixture(params=["memory:", "edge"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Shop:
    where = request.param if request.param == "memory:" else str(tmp_path / "index")
    made = Shop(tmp_path, index=open_index(where, CountingEncoder().encoder_id))
    made.ingest(made.feed(made.products(6)))
    return made


def repair(shop: Shop) -> ReconcileReport:
    seen = shop.encoder.pictures, shop.encoder.texts
    report = reconcile(shop.catalogue, shop.index, encoder_id=shop.encoder.encoder_id)
    assert (shop.encoder.pictures, shop.encoder.texts) == seen, "nothing is embedded again"
    return report


def is_clean(report: ReconcileReport) -> bool:
    return not (report.rebuilt or report.deleted or report.confirmed or report.unrepairable)


def haunt(index: VectorIndex, count: int) -> None:
    """Add points that no catalogue knows."""
    vector = normalised(np.ones((1, DIMS), np.float32))[0]
    ghosts = [Product(product_id=ProductId(f"ghost {n}"), title="Ghost") for n in range(count)]
    index.upsert([build_point(each, {VectorName.TITLE: vector}, version="x") for each in ghosts])


def drop(index: VectorIndex, *ids: str) -> None:
    index.delete([point_id(DEFAULT_TENANT, ProductId(each)) for each in ids])


def test_nothing_wrong_changes_nothing(shop: Shop):
    before = shop.catalogue.generation()
    report = repair(shop)
    assert is_clean(report)
    assert report.products == 6
    assert shop.catalogue.generation() == before


def test_a_wiped_index_comes_back_as_it_was(shop: Shop):
    before = shop.state()
    shop.index.delete([each for each, _ in shop.index.point_ids()])
    assert repair(shop).rebuilt == 6
    assert shop.state() == before
    assert is_clean(repair(shop))


def test_missing_points_are_rebuilt(shop: Shop):
    before = shop.state()
    drop(shop.index, "P1", "P4")
    assert repair(shop).rebuilt == 2
    assert shop.state() == before


@pytest.mark.parametrize("count", [1, MAX_PHANTOMS])
def test_the_phantoms_of_a_crash_are_deleted(shop: Shop, count: int):
    haunt(shop.index, count)
    assert repair(shop).deleted == count
    assert shop.index.count() == 6


def test_the_index_of_another_shop_is_left_alone(shop: Shop):
    haunt(shop.index, MAX_PHANTOMS + 1)
    drop(shop.index, "P1")
    before = sorted(shop.index.point_ids())
    with pytest.raises(GuardTripped, match=r"101 of its 106 points .* --rebuild"):
        repair(shop)
    assert sorted(shop.index.point_ids()) == before


def test_a_tenth_of_a_large_index_may_go(tmp_path: Path):
    shop = Shop(tmp_path)
    many = MAX_PHANTOMS + 20
    haunt(shop.index, many)

    class Large(MemoryIndex):
        """Ten times as many points that need nothing."""

        def point_ids(self):
            yield from shop.index.point_ids()
            yield from ((point_id(DEFAULT_TENANT, each), "v") for each in known)

    known = [ProductId(str(n)) for n in range(10 * many)]
    entries = [
        CatalogueEntry(product=Product(product_id=each, title="Hat"), row_hash="r", version="v")
        for each in known
    ]
    shop.catalogue.put_pending(entries)
    index = Large(DIMS)
    report = reconcile(shop.catalogue, index, encoder_id=shop.encoder.encoder_id)
    assert (report.deleted, report.confirmed) == (many, len(known))


def test_a_new_catalogue_does_not_empty_a_full_index(shop: Shop, tmp_path: Path):
    second = Shop(tmp_path / "second", index=shop.index)
    with pytest.raises(GuardTripped, match=r"6 of its 6 points .* has 0 products"):
        repair(second)
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


def test_every_tenant_is_repaired(shop: Shop):
    shop.ingest(shop.feed(shop.products(2)), tenant=TenantId("other"))
    shop.index.delete([each for each, _ in shop.index.point_ids()])
    assert repair(shop).rebuilt == 8
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
    assert is_clean(report)
    assert report.products == 40_000
    assert time.process_time() - started_s < 2


def test_a_large_repair_ends_with_fresh_search_structures(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    optimised: list[int] = []
    monkeypatch.setattr(type(shop.index), "optimise", lambda index: optimised.append(index.count()))
    monkeypatch.setattr("engine.reconcile.OPTIMISE_FROM_POINTS", 2)
    drop(shop.index, *list(shop.catalogue.stamps())[:2])
    repair(shop)
    assert optimised == []
    drop(shop.index, *list(shop.catalogue.stamps())[:3])
    repair(shop)
    assert optimised == [6]
