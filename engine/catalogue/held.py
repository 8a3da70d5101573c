"""Products in memory: reading and decoding a page of them costs as much as ranking it.

They are kept by version, which the points of the index carry too. So a write makes nothing here
wrong: the point that comes with it asks for another version.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.catalogue.store import CatalogueEntry, CatalogueStore
from engine.ids import ProductId, TenantId
from engine.types import Product

KEPT = 65_536
"""Products that are kept, of all tenants together; about 1 kB each, so 68 MB when full."""


class HeldProducts:
    """The products of a catalogue, each read once a version.

    Safe to share between threads: they add to the table and never take out, and one that has grown
    too large is replaced by an empty one.
    """

    def __init__(self, catalogue: CatalogueStore, *, kept: int = KEPT):
        self._catalogue = catalogue
        self._kept = kept
        self._held: dict[tuple[TenantId, ProductId], CatalogueEntry] = {}

    def of(self, versions: Mapping[ProductId, str], tenant: TenantId) -> dict[ProductId, Product]:
        """The products that exist, as they are in the catalogue where their version is another.

        Args:
            versions: Product → `engine.payload.VERSION` of its point.
            tenant: Whose products.
        """
        held = self._held
        found: dict[ProductId, Product] = {}
        missing: list[ProductId] = []
        for product_id, version in versions.items():
            entry = held.get((tenant, product_id))
            if entry is not None and entry.version == version:
                found[product_id] = entry.product
            else:
                missing.append(product_id)
        if missing:
            entries = self._catalogue.entries(missing, tenant)
            if len(held) + len(entries) > self._kept:
                held = self._held = {}
            for product_id, entry in entries.items():
                held[tenant, product_id] = entry
                found[product_id] = entry.product
        return found

    def fill(self) -> None:
        """Read every product, if there is room for all of them."""
        tenants = self._catalogue.tenants()
        if sum(map(self._catalogue.count, tenants)) > self._kept:
            return
        for tenant in tenants:
            for entry in self._catalogue.iter_entries(tenant):
                self._held[tenant, entry.product.product_id] = entry
