"""Products in memory beside the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from engine.catalogue.held import HeldProducts
from engine.catalogue.store import CatalogueEntry, CatalogueStore, open_catalogue
from engine.ids import DEFAULT_TENANT, ProductId, TenantId
from engine.types import Product

A, B, C = ProductId("a"), ProductId("b"), ProductId("c")
OTHER = TenantId("other")


def entry(product_id: ProductId, title: str, version: str) -> CatalogueEntry:
    product = Product(product_id=product_id, title=title)
    return CatalogueEntry(product=product, row_hash="row", version=version)


@pytest.fixture
def store(tmp_path: Path) -> CatalogueStore:
    opened = open_catalogue(str(tmp_path / "catalogue.sqlite"))
    opened.put_pending([entry(A, "old a", "1"), entry(B, "old b", "1")])
    return opened


def titles(found: Mapping[ProductId, Product]) -> dict[ProductId, str]:
    return {product_id: product.title for product_id, product in found.items()}


def test_a_product_is_read_again_when_its_point_has_another_version(store: CatalogueStore) -> None:
    held = HeldProducts(store)
    assert titles(held.of({A: "1", B: "1", C: "1"}, DEFAULT_TENANT)) == {A: "old a", B: "old b"}
    store.put_pending([entry(A, "new a", "2")])
    assert titles(held.of({A: "2", B: "1"}, DEFAULT_TENANT)) == {A: "new a", B: "old b"}


def test_what_is_held_is_not_read_again(store: CatalogueStore) -> None:
    held = HeldProducts(store)
    held.fill()
    store.close()
    assert titles(held.of({B: "1", A: "1"}, DEFAULT_TENANT)) == {B: "old b", A: "old a"}


def test_tenants_are_kept_apart(store: CatalogueStore) -> None:
    theirs = entry(A, "theirs", "1")
    store.put_pending([replace(theirs, product=replace(theirs.product, tenant=OTHER))], OTHER)
    held = HeldProducts(store)
    held.fill()
    assert titles(held.of({A: "1"}, OTHER)) == {A: "theirs"}
    assert titles(held.of({A: "1"}, DEFAULT_TENANT)) == {A: "old a"}


def test_what_does_not_fit_is_still_answered(store: CatalogueStore) -> None:
    held = HeldProducts(store, kept=1)
    held.fill()
    for _ in range(2):
        assert titles(held.of({A: "1", B: "1"}, DEFAULT_TENANT)) == {A: "old a", B: "old b"}
        assert titles(held.of({B: "1"}, DEFAULT_TENANT)) == {B: "old b"}
