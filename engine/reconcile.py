"""Bring an index in line with the catalogue, which is the source of truth.

A damaged log of the index shrinks it silently, and a process may die between the two stores; so
they are compared when the service starts and before every ingestion from the command line. Commands
that only read do not compare. Nothing is embedded again: points are rebuilt from the catalogue's
embeddings.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.catalogue.store import CatalogueEntry, CatalogueStore, ProductState
from engine.catalogue.vectors import ContentKind, gallery_keys, product_vectors, text_hash
from engine.errors import GuardTripped
from engine.ids import ProductId, TenantId, point_id
from engine.payload import build_point
from engine.ports import VectorIndex
from engine.types import EncoderId, IndexPoint

__all__ = ["MAX_PHANTOMS", "OPTIMISE_FROM_POINTS", "ReconcileReport", "reconcile"]

MAX_PHANTOMS = 100
"""Points without a product that a process killed between the two stores may leave behind; deletions
are therefore made in batches of at most this many."""

OPTIMISE_FROM_POINTS = 5_000
"""After fewer new points the search structures serve well enough as they are."""

_MAX_PHANTOM_FRAC = 0.1
_PER_BATCH = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileReport:
    """What was found and done.

    Attributes:
        products: In the catalogue.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Differences:
    """Where a tenant's points differ from its products.

    Attributes:
        missing: Products whose point is missing or stale.
        settled: Pending products whose point is there, with their versions.
    """

    tenant: TenantId
    missing: Sequence[ProductId]
    settled: Mapping[ProductId, str]


def reconcile(
    catalogue: CatalogueStore, index: VectorIndex, *, encoder_id: EncoderId
) -> ReconcileReport:
    """Compare every product with its point and repair what differs.

    Args:
        catalogue: Says what there should be.
        index: Is changed, and durable when this returns.
        encoder_id: What the index's vectors are made by.

    Raises:
        GuardTripped: The index holds so many points without a product that it must belong to
            another catalogue. Nothing was changed.
    """
    started_s = time.perf_counter()
    held = dict(index.point_ids())
    points = len(held)
    tenants = catalogue.tenants()
    products = 0
    differences: list[_Differences] = []
    for tenant in tenants:
        stamps = catalogue.stamps(tenant)
        products += len(stamps)
        missing: list[ProductId] = []
        settled: dict[ProductId, str] = {}
        for product_id, stamp in stamps.items():
            if held.pop(point_id(tenant, product_id), None) != stamp.version:
                missing.append(product_id)
            elif stamp.state is ProductState.PENDING:
                settled[product_id] = stamp.version
        differences.append(_Differences(tenant=tenant, missing=missing, settled=settled))
    phantoms = list(held)
    _guard(phantoms=len(phantoms), points=points, products=products, is_new=not tenants)
    rebuilt = confirmed = unrepairable = 0
    for each in differences:
        if each.settled:
            index.flush()  # a point may be visible without being durable
            catalogue.mark_indexed(each.settled, each.tenant)
            confirmed += len(each.settled)
        for start in range(0, len(each.missing), _PER_BATCH):
            part = each.missing[start : start + _PER_BATCH]
            done = _rebuild(catalogue, index, part, each.tenant, encoder_id)
            rebuilt += done
            unrepairable += len(part) - done
    if phantoms:
        index.delete(phantoms)
        index.flush()
    if rebuilt > OPTIMISE_FROM_POINTS:
        index.optimise()
    return ReconcileReport(
        products=products,
        rebuilt=rebuilt,
        deleted=len(phantoms),
        confirmed=confirmed,
        unrepairable=unrepairable,
        seconds=time.perf_counter() - started_s,
    )


def _guard(*, phantoms: int, points: int, products: int, is_new: bool) -> None:
    """Refuse to empty the index of another shop."""
    is_crash = phantoms <= max(MAX_PHANTOMS, _MAX_PHANTOM_FRAC * points)
    # A catalogue that never had a product cannot have filled any index.
    if phantoms and (is_new or not is_crash):
        raise GuardTripped(
            f"{phantoms:,} of its {points:,} points have no product in the catalogue, which has "
            f"{products:,} products; it looks like the index of another catalogue.",
            where="index",
            hint="Name the catalogue that filled it (LOOKALIKE_CATALOGUE), or another index "
            "(LOOKALIKE_INDEX). To erase this index and fill it from your own feed, run "
            "`lookalike ingest FEED --rebuild`.",
            code="guard.reconcile",
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
    keys = [each for product in products for each in gallery_keys(product)]
    pictures = {
        key: vector
        for kind in (ContentKind.PICTURE, ContentKind.VIEW)
        for key, vector in catalogue.embeddings(
            keys, fingerprint=encoder_id.fingerprint, kind=kind
        ).items()
    }
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
