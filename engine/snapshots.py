"""What is worked out once for a state of the catalogue: brands and facet counts.

Threads share a snapshot. They add to its tables and never take out; a table that has grown too
large is replaced by an empty one, so that whoever still reads the old one loses nothing.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from engine.catalogue.store import CatalogueStore
from engine.filters import Filter
from engine.ids import TenantId
from engine.ports import VectorIndex
from engine.types import Facet, FacetCount

KEPT = 16_384
"""Facet counts that are kept."""

CHECK_S = 0.25
"""How long nobody asks the database whether another process has written."""


class Snapshot:
    """One state of a tenant's catalogue."""

    def __init__(
        self, catalogue: CatalogueStore, index: VectorIndex, tenant: TenantId, generation: int
    ):
        self.generation = generation
        self.brands = catalogue.brands(tenant)
        self._index = index
        self._facets: dict[tuple[Facet, Filter | None], tuple[FacetCount, ...]] = {}

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
