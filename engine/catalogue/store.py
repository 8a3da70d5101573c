"""The catalogue of products: the source of truth from which an index can always be rebuilt.

A product is written ``pending`` together with its embeddings, then its point goes to the index,
then it is marked ``indexed``. A crash between any two steps is repaired by `engine.reconcile`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from engine.catalogue.database import Database
from engine.catalogue.documents import from_json, to_json
from engine.catalogue.embeddings import EmbeddingBatch, EmbeddingTable
from engine.catalogue.features import FeatureTable
from engine.catalogue.jobs import JobTable
from engine.catalogue.looks import LookBatch, LookTable
from engine.catalogue.rendered import GeneratedTable, RenderedTable
from engine.catalogue.renders import RenderTable
from engine.catalogue.tables import GENERATION, PRODUCT
from engine.catalogue.vectors import ContentKind
from engine.detections import SeenPicture
from engine.errors import NotFound
from engine.ids import DEFAULT_TENANT, ProductId, TenantId
from engine.types import Product

__all__ = ["CatalogueEntry", "CatalogueStore", "ProductState", "Stamp", "open_catalogue"]

_PER_STATEMENT = 500

# Statements of a search, built once: building one costs more than running it.
_CHOSEN = (
    PRODUCT.c.tenant == sa.bindparam("of"),
    PRODUCT.c.product_id.in_(sa.bindparam("ids", expanding=True)),
)
_PRODUCTS = sa.select(PRODUCT.c.product_id, PRODUCT.c.document).where(*_CHOSEN)
_ENTRIES = sa.select(
    PRODUCT.c.product_id, PRODUCT.c.document, PRODUCT.c.row_hash, PRODUCT.c.version
).where(*_CHOSEN)
_GENERATION = sa.select(GENERATION.c.generation).where(GENERATION.c.tenant == sa.bindparam("of"))


class ProductState(StrEnum):
    """Whether the index has what the catalogue has."""

    PENDING = "pending"
    INDEXED = "indexed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """A product with what identifies its state.

    Attributes:
        row_hash: Hash of the normalised row of the feed.
        version: Hash of everything that made the point; `engine.payload.VERSION` of the point.
    """

    product: Product
    row_hash: str
    version: str


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells whether a product changed, without the product."""

    version: str
    state: ProductState


def open_catalogue(url: str) -> CatalogueStore:
    """Open a catalogue, creating and migrating it where needed.

    Args:
        url: ``sqlite:///path``, a plain path of an SQLite file, ``sqlite://`` for one in memory,
            or ``postgresql://…``.

    Raises:
        InvalidInput: The URL cannot be used.
        Conflict: The database is newer than this program (``catalogue.newer``) or cannot be read
            (``catalogue.unreadable``).
    """
    return CatalogueStore(Database(url))


class CatalogueStore:
    """Products, embeddings and jobs; safe to share between threads.

    A write is durable when its method returns.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._embeddings = EmbeddingTable(database)
        self._looks = LookTable(database)
        self.jobs = JobTable(database)
        """Ingestion jobs and what became of their rows."""
        self.features = FeatureTable(database)
        """Of pictures, by what they were made of."""
        self.renders = RenderTable(database)
        """Jobs that draw pictures."""
        self.rendered = RenderedTable(database)
        """What was drawn."""
        self.generated = GeneratedTable(database)
        """Pictures that must never become pictures of a product."""
        self.writes = 0
        """Writes to products through this object, a cheap sign that `generation` has grown."""

    # --- reading -------------------------------------------------------------------------------

    def get(self, product_id: ProductId, tenant: TenantId = DEFAULT_TENANT) -> Product:
        """One product.

        Raises:
            NotFound: The tenant has none of that id.
        """
        found = self.get_many([product_id], tenant).get(product_id)
        if found is None:
            raise NotFound(f"there is no product {product_id!r}.", code="product.not_found")
        return found

    def get_many(
        self, product_ids: Iterable[ProductId], tenant: TenantId = DEFAULT_TENANT
    ) -> dict[ProductId, Product]:
        """The products that exist, in the order asked."""
        wanted = list(dict.fromkeys(product_ids))
        found = {
            product_id: from_json(document, product_id=product_id, tenant=tenant)
            for product_id, document in self._rows(_PRODUCTS, wanted, tenant)
        }
        return {each: found[each] for each in wanted if each in found}

    def entries(
        self, product_ids: Iterable[ProductId], tenant: TenantId = DEFAULT_TENANT
    ) -> dict[ProductId, CatalogueEntry]:
        """The products that exist with their versions, in the order asked."""
        wanted = list(dict.fromkeys(product_ids))
        found = {
            product_id: CatalogueEntry(
                product=from_json(document, product_id=product_id, tenant=tenant),
                row_hash=row_hash,
                version=version,
            )
            for product_id, document, row_hash, version in self._rows(_ENTRIES, wanted, tenant)
        }
        return {each: found[each] for each in wanted if each in found}

    def _rows(
        self, query: sa.Executable, wanted: Sequence[ProductId], tenant: TenantId
    ) -> Iterator[Sequence[Any]]:
        with self._database.read() as connection:
            for start in range(0, len(wanted), _PER_STATEMENT):
                part = wanted[start : start + _PER_STATEMENT]
                yield from connection.execute(query, {"ids": part, "of": tenant}).all()

    def stamps(self, tenant: TenantId = DEFAULT_TENANT) -> dict[ProductId, Stamp]:
        """Version and state of every product of a tenant."""
        query = sa.select(PRODUCT.c.product_id, PRODUCT.c.version, PRODUCT.c.state).where(
            PRODUCT.c.tenant == tenant
        )
        states = {each.value: each for each in ProductState}
        with self._database.read() as connection:
            return {
                ProductId(product_id): Stamp(version, states[state])
                for product_id, version, state in connection.execute(query)
            }

    def iter_products(
        self, tenant: TenantId = DEFAULT_TENANT, *, batch: int = 500
    ) -> Iterator[Product]:
        """Every product by id; holds no transaction between batches."""
        after = ""
        while True:
            query = (
                sa.select(PRODUCT.c.product_id, PRODUCT.c.document)
                .where(PRODUCT.c.tenant == tenant, PRODUCT.c.product_id > after)
                .order_by(PRODUCT.c.product_id)
                .limit(batch)
            )
            with self._database.read() as connection:
                rows = connection.execute(query).all()
            for product_id, document in rows:
                yield from_json(document, product_id=product_id, tenant=tenant)
            if len(rows) < batch:
                return
            after = rows[-1][0]

    def count(self, tenant: TenantId = DEFAULT_TENANT) -> int:
        """How many products a tenant has."""
        query = sa.select(sa.func.count()).where(PRODUCT.c.tenant == tenant)
        with self._database.read() as connection:
            return connection.execute(query).scalar_one()

    def tenants(self) -> list[TenantId]:
        """Every tenant that has ever had a product, by name."""
        query = sa.select(GENERATION.c.tenant).order_by(GENERATION.c.tenant)
        with self._database.read() as connection:
            return [TenantId(each) for each in connection.execute(query).scalars()]

    def brands(self, tenant: TenantId = DEFAULT_TENANT) -> frozenset[str]:
        """The brands of a tenant's products, casefolded."""
        query = sa.select(PRODUCT.c.brand).where(PRODUCT.c.tenant == tenant).distinct()
        with self._database.read() as connection:
            return frozenset(each for each in connection.execute(query).scalars() if each)

    def generation(self, tenant: TenantId = DEFAULT_TENANT) -> int:
        """A counter that grows with every write to a tenant's products; 0 before the first."""
        with self._database.read() as connection:
            return connection.execute(_GENERATION, {"of": tenant}).scalar() or 0

    def embeddings(
        self, hashes: Iterable[str], *, fingerprint: str, kind: ContentKind
    ) -> dict[str, NDArray[np.float32]]:
        """Stored embeddings: content hash as hex → unit float32 vector (D,); others are absent."""
        return self._embeddings.get(hashes, fingerprint=fingerprint, kind=kind)

    def looks(self, hashes: Iterable[str], *, sight: str) -> dict[str, SeenPicture]:
        """Stored looks: content hash as hex → boxes of the picture; others are absent."""
        return self._looks.get(hashes, sight=sight)

    # --- writing -------------------------------------------------------------------------------

    def put_pending(
        self,
        entries: Sequence[CatalogueEntry],
        tenant: TenantId = DEFAULT_TENANT,
        *,
        embeddings: Sequence[EmbeddingBatch] = (),
        looks: LookBatch | None = None,
    ) -> None:
        """Add or replace products as ``pending``, with what was made for them, at once."""
        rows = [
            {
                "tenant": tenant,
                "product_id": entry.product.product_id,
                "row_hash": entry.row_hash,
                "version": entry.version,
                "state": ProductState.PENDING.value,
                "brand": entry.product.brand.casefold(),
                "document": to_json(entry.product),
            }
            for entry in entries
        ]
        insert = self._database.insert(PRODUCT)
        upsert = insert.on_conflict_do_update(
            index_elements=[PRODUCT.c.tenant, PRODUCT.c.product_id],
            set_={
                name: insert.excluded[name]
                for name in ("row_hash", "version", "state", "brand", "document")
            },
        )
        with self._change() as connection:
            for batch in embeddings:
                self._embeddings.put(connection, batch)
            if looks is not None:
                self._looks.put(connection, looks)
            if rows:
                connection.execute(upsert, rows)
                self._grow_generation(connection, tenant)

    def mark_indexed(
        self, versions: Mapping[ProductId, str], tenant: TenantId = DEFAULT_TENANT
    ) -> None:
        """Say that the index durably has these versions; a product at another one stays as is."""
        if not versions:
            return
        update = (
            sa.update(PRODUCT)
            .where(
                PRODUCT.c.tenant == tenant,
                PRODUCT.c.product_id == sa.bindparam("of_product"),
                PRODUCT.c.version == sa.bindparam("of_version"),
            )
            .values(state=ProductState.INDEXED.value)
        )
        rows = [{"of_product": key, "of_version": value} for key, value in versions.items()]
        with self._change() as connection:
            connection.execute(update, rows)
            self._grow_generation(connection, tenant)

    def mark_pending(
        self, product_ids: Sequence[ProductId], tenant: TenantId = DEFAULT_TENANT
    ) -> None:
        """Say that the index lacks these products, so that the next ingestion brings them anew."""
        if not product_ids:
            return
        update = (
            sa.update(PRODUCT)
            .where(PRODUCT.c.tenant == tenant, PRODUCT.c.product_id == sa.bindparam("of_product"))
            .values(state=ProductState.PENDING.value)
        )
        with self._change() as connection:
            connection.execute(update, [{"of_product": each} for each in product_ids])
            self._grow_generation(connection, tenant)

    def delete(self, product_ids: Sequence[ProductId], tenant: TenantId = DEFAULT_TENANT) -> None:
        """Remove products; unknown ids are ignored. Their embeddings stay for their return."""
        if not product_ids:
            return
        delete = sa.delete(PRODUCT).where(
            PRODUCT.c.tenant == tenant, PRODUCT.c.product_id == sa.bindparam("of_product")
        )
        with self._change() as connection:
            connection.execute(delete, [{"of_product": each} for each in product_ids])
            self._grow_generation(connection, tenant)

    def close(self) -> None:
        """Release every connection. Closing twice is fine."""
        self._database.close()

    @contextmanager
    def _change(self) -> Generator[sa.Connection]:
        with self._database.write() as connection:
            yield connection
        self.writes += 1  # once it is durable: who sees the number grow must see the write too

    def _grow_generation(self, connection: sa.Connection, tenant: TenantId) -> None:
        insert = self._database.insert(GENERATION).values(tenant=tenant, generation=1)
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=[GENERATION.c.tenant],
                set_={"generation": GENERATION.c.generation + 1},
            )
        )
