"""Bring an index in line with the catalogue, which is the source of truth.

A damaged log of the index shrinks it silently, and a process may die between the two stores; so
they are compared at every start. Nothing is embedded again: points are rebuilt from the catalogue's
embeddings.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.catalogue.store import CatalogueEntry, CatalogueStore, ProductState
from engine.catalogue.vectors import ContentKind, product_vectors, text_hash
from engine.ids import PointId, ProductId, TenantId, point_id
from engine.payload import TENANT, build_point
from engine.ports import VectorIndex
from engine.types import EncoderId, IndexPoint

_PER_BATCH = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileReport:
    """What was found and done.

    Attributes:
        products: In the catalogue, of the tenants looked at.
        rebuilt: Points that were missing or stale.
        deleted: Points of products that the catalogue does not have.
        confirmed: Pending products whose point was there already.
        unrepairable: Products whose embeddings by this encoder the catalogue lacks; they are
            pending now, so that reading their feed again brings them back.
    """

    products: int = 0
    rebuilt: int = 0
    deleted: int = 0
    confirmed: int = 0
    unrepairable: int = 0
    seconds: float = 0.0

    @property
    def is_clean(self) -> bool:
        """Whether nothing had to be done."""
        return not (self.rebuilt or self.deleted or self.confirmed or self.unrepairable)


def reconcile(
    catalogue: CatalogueStore,
    index: VectorIndex,
    *,
    encoder_id: EncoderId,
    tenants: Sequence[TenantId] | None = None,
) -> ReconcileReport:
    """Compare every product with its point and repair what differs.

    Args:
        catalogue: Says what there should be.
        index: Is changed, and durable when this returns.
        encoder_id: What the index's vectors are made by.
        tenants: Only these; all by default.
    """
    started_s = time.perf_counter()
    held = dict(index.point_ids())
    products = rebuilt = confirmed = unrepairable = 0
    for tenant in catalogue.tenants() if tenants is None else tenants:
        stamps = catalogue.stamps(tenant)
        products += len(stamps)
        missing: list[ProductId] = []
        settled: dict[ProductId, str] = {}
        for product_id, stamp in stamps.items():
            if held.pop(point_id(tenant, product_id), None) != stamp.version:
                missing.append(product_id)
            elif stamp.state is ProductState.PENDING:
                settled[product_id] = stamp.version
        if settled:
            index.flush()  # a point may be visible without being durable
            catalogue.mark_indexed(settled, tenant)
            confirmed += len(settled)
        for start in range(0, len(missing), _PER_BATCH):
            part = missing[start : start + _PER_BATCH]
            done = _rebuild(catalogue, index, part, tenant, encoder_id)
            rebuilt += done
            unrepairable += len(part) - done
    phantoms = list(held) if tenants is None else list(_of_tenants(index, list(held), tenants))
    if phantoms:
        index.delete(phantoms)
        index.flush()
    return ReconcileReport(
        products=products,
        rebuilt=rebuilt,
        deleted=len(phantoms),
        confirmed=confirmed,
        unrepairable=unrepairable,
        seconds=time.perf_counter() - started_s,
    )


def _rebuild(
    catalogue: CatalogueStore,
    index: VectorIndex,
    product_ids: Sequence[ProductId],
    tenant: TenantId,
    encoder_id: EncoderId,
) -> int:
    entries = catalogue.entries(product_ids, tenant)
    points = _points(catalogue, entries, encoder_id)
    index.upsert(list(points.values()))
    index.flush()
    catalogue.mark_indexed({each: entries[each].version for each in points}, tenant)
    catalogue.mark_pending([each for each in entries if each not in points], tenant)
    return len(points)


def _points(
    catalogue: CatalogueStore, entries: Mapping[ProductId, CatalogueEntry], encoder_id: EncoderId
) -> dict[ProductId, IndexPoint]:
    products = [entry.product for entry in entries.values()]
    pictures = catalogue.embeddings(
        [each for product in products for each in product.pictures],
        fingerprint=encoder_id.fingerprint,
        kind=ContentKind.PICTURE,
    )
    texts = catalogue.embeddings(
        [text_hash(product.title) for product in products],
        fingerprint=encoder_id.fingerprint,
        kind=ContentKind.TEXT,
    )
    points: dict[ProductId, IndexPoint] = {}
    for product_id, entry in entries.items():
        vectors = product_vectors(entry.product, pictures=pictures, texts=texts)
        if vectors is not None:
            points[product_id] = build_point(entry.product, vectors, version=entry.version)
    return points


def _of_tenants(
    index: VectorIndex, point_ids: Sequence[PointId], tenants: Sequence[TenantId]
) -> Iterator[PointId]:
    for start in range(0, len(point_ids), _PER_BATCH):
        for point in index.retrieve(point_ids[start : start + _PER_BATCH]):
            if point.payload.get(TENANT) in tenants:
                yield point.point_id
