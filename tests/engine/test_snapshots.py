"""What is worked out once for a state of the catalogue."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import snapshots
from engine.catalogue.store import CatalogueEntry, CatalogueStore, open_catalogue
from engine.ids import DEFAULT_TENANT, ProductId
from engine.index.memory import MemoryIndex
from engine.query.lexicon import default_lexicon
from engine.snapshots import Snapshots
from engine.types import Product

A, B, C = ProductId("a"), ProductId("b"), ProductId("c")


def entry(product_id: ProductId, title: str, description: str = "") -> CatalogueEntry:
    product = Product(product_id=product_id, title=title, description=description)
    return CatalogueEntry(product=product, row_hash="row", version="1")


@pytest.fixture
def store(tmp_path: Path) -> CatalogueStore:
    opened = open_catalogue(str(tmp_path / "catalogue.sqlite"))
    opened.put_pending([entry(A, "old a"), entry(B, "old b")])
    return opened


@pytest.fixture
def held(store: CatalogueStore) -> Snapshots:
    return Snapshots(store, MemoryIndex(4))


def titles(held: Snapshots, *ids: ProductId) -> dict[ProductId, str]:
    found = held.of(DEFAULT_TENANT).products(ids)
    return {each: found[each].title for each in ids if each in found}


def test_what_was_read_ahead_is_not_read_again(store: CatalogueStore, held: Snapshots) -> None:
    snapshot = held.of(DEFAULT_TENANT)
    snapshot.fill()
    store.close()
    assert {each.title for each in snapshot.products([A, B]).values()} == {"old a", "old b"}


def test_what_was_written_or_deleted_is_seen_at_once(
    store: CatalogueStore, held: Snapshots
) -> None:
    held.of(DEFAULT_TENANT).fill()
    assert titles(held, A, B, C) == {A: "old a", B: "old b"}
    store.put_pending([entry(A, "new a")])  # of the same version, as `--refresh` writes it
    assert titles(held, A, B) == {A: "new a", B: "old b"}
    store.delete([B])
    assert titles(held, A, B) == {A: "new a"}


def test_without_room_everything_is_still_answered(
    held: Snapshots, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "KEPT_BYTES", 1)
    held.of(DEFAULT_TENANT).fill()
    for _ in range(2):
        assert titles(held, A, B) == {A: "old a", B: "old b"}
        assert titles(held, B) == {B: "old b"}


def test_the_same_words_are_read_apart_as_text_and_as_change(held: Snapshots) -> None:
    snapshot, lexicon = held.of(DEFAULT_TENANT), default_lexicon()
    text = snapshot.parse("but red", modifies=False, lexicon=lexicon)
    change = snapshot.parse("but red", modifies=True, lexicon=lexicon)
    assert text != change
    assert snapshot.parse("but red", modifies=True, lexicon=lexicon) is change


def test_reading_ahead_takes_the_room_that_it_is_given(
    store: CatalogueStore, held: Snapshots
) -> None:
    snapshot = held.of(DEFAULT_TENANT)
    assert snapshot.fill(0) == 0
    one = snapshot.fill(1)
    assert one > 0
    assert snapshot.fill() == 2 * one
