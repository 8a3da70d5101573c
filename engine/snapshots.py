"""What is worked out once for a state of the catalogue: brands, products, facet counts, parses.

Threads share a snapshot. They add to its tables and never take out; a table that has grown too
large is replaced by an empty one, so that whoever still reads the old one loses nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.catalogue.store import CatalogueStore
from engine.filters import Filter
from engine.ids import ProductId, TenantId
from engine.ports import VectorIndex
from engine.query.lexicon import Lexicon
from engine.query.parse import parse_modification, parse_query
from engine.types import Facet, FacetCount, Parse, Product

KEPT = 16_384
"""Facet counts and parses that are kept, of each so many."""
KEPT_BYTES = 100_000_000
"""Of products, roughly: of a tenant, and of all that are read ahead."""
_PRODUCT_BYTES = 1_000  # without its description; measured on real products

CHECK_S = 0.25
"""How long nobody asks the database whether another process has written."""


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
        self._products_bytes = 0
        self._facets: dict[tuple[Facet, Filter | None], tuple[FacetCount, ...]] = {}
        self._parses: dict[tuple[str, bool], Parse] = {}

    def products(self, ids: Sequence[ProductId]) -> Mapping[ProductId, Product]:
        """The products that exist; others of earlier calls may be there too."""
        known = self._products
        missing = [each for each in ids if each not in known]
        if not missing:
            return known
        read = self._catalogue.get_many(missing, self._tenant)
        self._keep(read.values())
        return {**{each: known[each] for each in ids if each in known}, **read}

    def fill(self, room_bytes: int = KEPT_BYTES) -> int:
        """Read products ahead until they take that room; tells how much they take."""
        if room_bytes > 0:
            for product in self._catalogue.iter_products(self._tenant):
                if self._products_bytes >= room_bytes:
                    break
                self._keep([product])
        return self._products_bytes

    def _keep(self, products: Iterable[Product]) -> None:
        if self._products_bytes >= KEPT_BYTES:
            self._products, self._products_bytes = {}, 0
        for each in products:
            if each.product_id in self._products:
                continue
            self._products[each.product_id] = each
            self._products_bytes += _PRODUCT_BYTES + 2 * len(each.description)

    def parse(self, words: str, *, modifies: bool, lexicon: Lexicon) -> Parse:
        """The words understood; other pages, filters and references ask with the same ones."""
        if len(self._parses) > KEPT:
            self._parses = {}
        known = self._parses
        found = known.get((words, modifies))
        if found is None:
            read = parse_modification if modifies else parse_query
            found = known[words, modifies] = read(words, lexicon=lexicon, brands=self.brands)
        return found

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
        self._held: dict[TenantId, _Checked] = {}

    def of(self, tenant: TenantId) -> Snapshot:
        """The snapshot of the catalogue as it is now.

        What another process wrote within the last `CHECK_S` may be missing.
        """
        now_s, writes = time.monotonic(), self._catalogue.writes
        held = self._held.get(tenant)
        if held is not None and held.writes == writes and now_s - held.at_s < CHECK_S:
            return held.snapshot
        generation = self._catalogue.generation(tenant)
        if held is not None and held.snapshot.generation == generation:
            snapshot = held.snapshot
        else:
            snapshot = Snapshot(self._catalogue, self._index, tenant, generation)
        self._held[tenant] = _Checked(snapshot, at_s=now_s, writes=writes)
        return snapshot


@dataclass(frozen=True, slots=True)
class _Checked:
    """A snapshot and when it was known to be current."""

    snapshot: Snapshot
    at_s: float
    writes: int
