"""What is worked out once for a state of the catalogue: brands, products and facet counts.

Threads share a snapshot. They add to its tables and never take out; a table that has grown too
large is replaced by an empty one, so that whoever still reads the old one loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.catalogue.store import CatalogueStore
from engine.filters import Filter
from engine.ids import ProductId, TenantId
from engine.ports import VectorIndex
from engine.types import Facet, FacetCount, Product

KEPT = 4096
"""Products and facet counts that are kept, of each so many."""


class Snapshot:
    """One state of a tenant's catalogue."""

    def __init__(
        self, catalogue: CatalogueStore, index: VectorIndex, tenant: TenantId, generation: int
    ):
        self.generation = generation
        self.brands = catalogue.brands(tenant)
        self._catalogue = catalogue
        self._index = index
        self._tenant = tenant
        self._products: dict[ProductId, Product] = {}
        self._facets: dict[tuple[Facet, Filter | None], tuple[FacetCount, ...]] = {}

    def products(self, ids: Sequence[ProductId]) -> Mapping[ProductId, Product]:
        """The products that exist; others of earlier calls may be there too."""
        if len(self._products) > KEPT:
            self._products = {}
        known = self._products
        missing = [each for each in ids if each not in known]
        if missing:
            known.update(self._catalogue.get_many(missing, self._tenant))
        return known

    def counts(
        self, names: Sequence[Facet], condition: Filter | None
    ) -> dict[Facet, tuple[FacetCount, ...]]:
        """Counts of each value among the points that pass the condition."""
        if len(self._facets) > KEPT:
            self._facets = {}
        known = self._facets
        for name in names:
            if (name, condition) not in known:
                known[name, condition] = tuple(self._index.facet(name, condition=condition))
        return {name: known[name, condition] for name in names}


class Snapshots:
    """The current snapshot of each tenant."""

    def __init__(self, catalogue: CatalogueStore, index: VectorIndex):
        self._catalogue = catalogue
        self._index = index
        self._held: dict[TenantId, Snapshot] = {}

    def of(self, tenant: TenantId) -> Snapshot:
        """The snapshot of the catalogue as it is now."""
        generation = self._catalogue.generation(tenant)
        held = self._held.get(tenant)
        if held is None or held.generation != generation:
            held = Snapshot(self._catalogue, self._index, tenant, generation)
            self._held[tenant] = held
        return held
