from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import given
from hypothesis import strategies as st

from engine.catalogue import database
from engine.catalogue.documents import from_json, to_json
from engine.catalogue.embeddings import EmbeddingBatch
from engine.catalogue.store import (
    CatalogueEntry,
    CatalogueStore,
    ProductState,
    Stamp,
    open_catalogue,
)
from engine.catalogue.tables import metadata
from engine.catalogue.vectors import ContentKind, normalised, text_hash
from engine.errors import Conflict, InvalidInput, NotFound
from engine.ids import DEFAULT_TENANT, PictureHash, ProductId, TenantId
from engine.types import Attribute, Facet, Product, Provenance

MIGRATIONS = Path(database.__file__).parent / "migrations"


def entry(product_id: str, *, version: str = "v1", **fields: object) -> CatalogueEntry:
    product = Product(product_id=ProductId(product_id), title=f"T {product_id}", **fields)  # type: ignore[arg-type]
    return CatalogueEntry(product=product, row_hash="row", version=version)


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> CatalogueStore:
    url = "sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path}/deep/c.sqlite"
    return open_catalogue(url)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(
    product=st.builds(
        Product,
        product_id=st.just(ProductId("1")),
        title=TEXT,
        description=TEXT,
        brand=TEXT,
        price_minor=st.none() | st.integers(1, 10**9),
        currency=st.sampled_from(["", "EUR"]),
        attributes=st.lists(
            st.builds(
                Attribute,
                name=st.sampled_from(Facet),
                value=TEXT,
                provenance=st.sampled_from(Provenance),
                confidence=st.floats(0.01, 1),
            ),
            max_size=4,
        ).map(tuple),
        pictures=st.lists(st.just(PictureHash("a" * 64)), max_size=2).map(tuple),
    )
)
def test_a_product_comes_back_as_it_was(product: Product):
    again = from_json(to_json(product), product_id=product.product_id, tenant=product.tenant)
    assert again == product


def test_products_are_found_in_the_order_asked(store: CatalogueStore):
    store.put_pending([entry(each) for each in "abc"])
    found = store.get_many([ProductId(each) for each in ("c", "x", "a", "c")])
    assert list(found) == ["c", "a"]
    assert store.get(ProductId("b")).title == "T b"
    with pytest.raises(NotFound, match="'x'"):
        store.get(ProductId("x"))


def test_states_and_versions(store: CatalogueStore):
    store.put_pending([entry("a"), entry("b")])
    assert store.stamps()[ProductId("a")] == Stamp("v1", ProductState.PENDING)
    store.mark_indexed({ProductId("a"): "v1", ProductId("b"): "other"})
    assert store.stamps()[ProductId("a")].state is ProductState.INDEXED
    assert store.stamps()[ProductId("b")].state is ProductState.PENDING
    store.put_pending([entry("a", version="v2")])
    assert store.stamps()[ProductId("a")] == Stamp("v2", ProductState.PENDING)
    assert store.count() == 2


def test_the_generation_grows_with_every_write_of_its_tenant(store: CatalogueStore):
    seen = [store.generation()]
    store.put_pending([entry("a")])
    seen.append(store.generation())
    store.mark_indexed({ProductId("a"): "v1"})
    seen.append(store.generation())
    store.mark_pending([ProductId("a")])
    seen.append(store.generation())
    store.delete([ProductId("a"), ProductId("unknown")])
    seen.append(store.generation())
    assert seen == sorted(set(seen))
    assert store.generation(TenantId("other")) == 0
    assert store.count() == 0


def test_tenants_are_apart(store: CatalogueStore):
    other = TenantId("other")
    store.put_pending([entry("a", brand="Nike")])
    store.put_pending([entry("a", brand="ADIDAS"), entry("b")], other)
    assert (store.count(), store.count(other)) == (1, 2)
    assert (store.brands(), store.brands(other)) == ({"nike"}, {"adidas"})
    assert store.tenants() == [DEFAULT_TENANT, other]
    store.delete([ProductId("a")], other)
    assert store.get(ProductId("a")).brand == "Nike"


def test_all_products_in_pages(store: CatalogueStore):
    ids = sorted(str(n) for n in range(23))
    store.put_pending([entry(each) for each in ids])
    assert [product.product_id for product in store.iter_products(batch=5)] == ids


def test_embeddings_come_back_at_unit_length(store: CatalogueStore):
    vectors = normalised(np.random.default_rng(1).normal(size=(700, 32)).astype(np.float32))
    keys = [text_hash(str(n)) for n in range(700)]
    batch = EmbeddingBatch(
        fingerprint="e", kind=ContentKind.TEXT, vectors=dict(zip(keys, vectors, strict=True))
    )
    store.put_pending([], embeddings=[batch])
    found = store.embeddings([*keys, text_hash("other")], fingerprint="e", kind=ContentKind.TEXT)
    assert sorted(found) == sorted(keys)
    held = np.stack([found[key] for key in keys])
    assert held.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(held, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(held, vectors, atol=1e-3)
    assert store.embeddings(keys, fingerprint="e", kind=ContentKind.PICTURE) == {}
    assert store.embeddings(keys, fingerprint="f", kind=ContentKind.TEXT) == {}


def test_an_embedding_is_written_once(store: CatalogueStore):
    key = text_hash("a")
    first, second = np.eye(2, dtype=np.float32)
    for vector in (first, second):
        batch = EmbeddingBatch(fingerprint="e", kind=ContentKind.TEXT, vectors={key: vector})
        store.put_pending([], embeddings=[batch])
    found = store.embeddings([key], fingerprint="e", kind=ContentKind.TEXT)
    np.testing.assert_array_equal(found[key], first)


def test_a_failed_write_leaves_nothing(store: CatalogueStore):
    bad = EmbeddingBatch(
        fingerprint="e", kind=ContentKind.TEXT, vectors={"no hex": np.ones(2, "f4")}
    )
    with pytest.raises(ValueError, match="hex"):
        store.put_pending([entry("a")], embeddings=[bad])
    assert store.count() == store.generation() == 0


def test_threads_share_a_store(store: CatalogueStore):
    failures: list[Exception] = []

    def work(number: int) -> None:
        try:
            for turn in range(10):
                store.put_pending([entry(f"{number}-{turn}")])
                assert store.get(ProductId(f"{number}-{turn}"))
                store.stamps()
        except Exception as error:  # noqa: BLE001  # shown by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert store.count() == 40
    assert store.generation() == 40


def test_reopening_keeps_everything(tmp_path: Path):
    path = str(tmp_path / "c.sqlite")
    first = open_catalogue(path)
    first.put_pending([entry("a")])
    first.close()
    assert open_catalogue(f"sqlite:///{path}").count() == 1


def test_commits_survive_a_loss_of_power(tmp_path: Path):
    held = database.Database(str(tmp_path / "c.sqlite"))
    with held.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def alembic_config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def test_migrations_make_the_tables_that_the_code_knows_and_can_be_undone():
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        config = alembic_config(connection)
        command.upgrade(config, "head")
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert ScriptDirectory.from_config(config).get_heads() == [database.HEAD]
        command.downgrade(config, "base")
        assert sa.inspect(connection).get_table_names() == ["alembic_version"]


def test_an_older_catalogue_is_migrated(tmp_path: Path):
    path = tmp_path / "c.sqlite"
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0001")
    store = open_catalogue(str(path))
    store.put_pending([entry("a")])
    assert store.count() == 1


def test_a_newer_catalogue_is_refused(tmp_path: Path):
    path = str(tmp_path / "c.sqlite")
    open_catalogue(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Conflict, match=r"schema '9999'.*Upgrade Lookalike") as caught:
        open_catalogue(path)
    assert caught.value.code == "catalogue.newer"


def test_a_file_that_is_no_database_is_refused(tmp_path: Path):
    path = tmp_path / "c.sqlite"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(Conflict, match="cannot be opened"):
        open_catalogue(str(path))


@pytest.mark.parametrize("url", ["mysql://host/name", "://", "nothing://x"])
def test_an_unknown_url_is_refused(url: str):
    with pytest.raises(InvalidInput):
        open_catalogue(url)
