"""Qdrant Edge in this process: the default index.

The shard's write-ahead log keeps every write through a killed process, `flush` through a loss of
power. A damaged log shrinks silently (Edge says nothing), so the catalogue stays the source of
truth and whoever opens an index compares counts with it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import qdrant_edge as qdrant
from numpy.typing import NDArray

from engine.errors import Conflict, IndexUnavailable
from engine.filters import Eq, Filter, Payload
from engine.ids import PointId
from engine.index.build import build_in_child
from engine.index.folder import IndexFolder
from engine.index.manifest import IndexManifest
from engine.index.payload_cache import PayloadCache
from engine.index.points import (
    CheckedPoint,
    check_limit,
    check_points,
    check_query_vector,
    is_point_id,
)
from engine.index.ranked import VECTOR_DECIMALS, WORDS_DECIMALS, best
from engine.index.shard import DENSE, WORDS, load_shard, open_shard, require_edge
from engine.index.translate import Dialect, translate
from engine.index.words import query_terms
from engine.payload import VERSION
from engine.types import (
    EncoderId,
    Facet,
    FacetCount,
    IndexPoint,
    ScoredPoint,
    VectorName,
    VectorQuery,
)

SEARCH_EF = 128
EXACT_BELOW = 50_000
"""Points, in all or passing the filter, up to which a filtered search is exact: recall 1."""
COUNTS_KEPT = 1024
"""Filters whose number of passing points is remembered."""
_PAGE = 1000

_log = logging.getLogger(__name__)

EDGE: Dialect[Any] = Dialect(
    equals=lambda key, value: qdrant.FieldCondition(key, match=qdrant.MatchValue(value)),
    any_of=lambda key, values: qdrant.FieldCondition(key, match=qdrant.MatchAny(values)),
    between=lambda key, low, high: qdrant.FieldCondition(
        key, range=qdrant.RangeFloat(gte=low, lte=high)
    ),
    all_of=lambda parts: qdrant.Filter(must=parts),
    one_of=lambda parts: qdrant.Filter(should=parts),
    none_of=lambda parts: qdrant.Filter(must_not=parts),
)


class EdgeIndex:
    """`VectorIndex` in a folder.

    Calls from several threads are safe; Edge works on one at a time, holding the GIL.

    Args:
        folder: Made when it is not there.
        encoder_id: What makes the vectors; an index filled by something else is refused.

    Raises:
        IndexLocked: Another process, or another `EdgeIndex`, has the folder open.
        IndexMismatch: Another encoder or schema filled it.
        IndexUnavailable: The shard cannot be loaded (code ``index.damaged``).
        InvalidInput: The folder holds something else.
    """

    def __init__(self, folder: Path, encoder_id: EncoderId):
        require_edge()
        self._dims = encoder_id.dims
        self._lock = threading.RLock()
        self._building = threading.Lock()
        self._counts: dict[Filter | None, int] = {}
        self._payloads = PayloadCache()
        self._journal: list[Any] | None = None
        self._folder = IndexFolder(folder)
        try:
            self._shard: qdrant.EdgeShard | None = open_shard(
                self._folder, IndexManifest(encoder=encoder_id)
            )
        except BaseException:
            self._folder.release()
            raise

    def upsert(self, points: Sequence[IndexPoint]) -> None:
        """See `VectorIndex.upsert`.

        Raises:
            Conflict: The disk is nearly full (code ``disk.full``).
        """
        checked = check_points(points, dims=self._dims)
        self._folder.check_room()
        if checked:
            self._write(
                qdrant.UpdateOperation.upsert_points([_point(each) for each in checked]),
                [each.point_id for each in checked],
            )

    def delete(self, point_ids: Sequence[PointId]) -> None:
        """See `VectorIndex.delete`."""
        known = [each for each in point_ids if is_point_id(each)]
        if known:
            self._write(qdrant.UpdateOperation.delete_points(list(known)), known)

    def flush(self) -> None:
        """See `VectorIndex.flush`; 20-30 ms, so flush once for many points."""
        with self._lock:
            self._opened().flush()

    def search(self, query: VectorQuery) -> list[ScoredPoint]:
        """See `VectorIndex.search`."""
        vector = check_query_vector(query.vector, dims=self._dims)
        limit = check_limit(query.limit)
        condition = translate(query.condition, EDGE)
        with self._lock:
            shard = self._opened()
            passing = self._passing(shard, None, None)
            if passing == 0:
                return []
            if isinstance(query.condition, Eq) or passing > EXACT_BELOW:
                # Counting costs as much as a search, so it is done where it can save one: a lone
                # condition, such as the tenant's, may hold for every point.
                some = self._passing(shard, query.condition, condition)
                condition = None if some == passing else condition
                passing = some
            exact = query.exact or (condition is not None and passing <= EXACT_BELOW)
            params = qdrant.SearchParams(
                exact=exact,
                hnsw_ef=max(SEARCH_EF, 2 * limit),
                # Walks on through points that fail the filter; plain graphs lose their way.
                acorn=qdrant.AcornSearchParams(enable=condition is not None),
            )
            return self._query(
                shard,
                qdrant.Query.Nearest(vector.tolist(), using=query.using.value),
                condition=condition,
                params=params,
                limit=limit,
                decimals=VECTOR_DECIMALS,
                with_vectors=query.with_vectors,
            )

    def search_words(
        self,
        text: str,
        *,
        condition: Filter | None = None,
        limit: int = 10,
        keys: tuple[str, ...] = (),
    ) -> list[ScoredPoint]:
        """See `VectorIndex.search_words`."""
        check_limit(limit)
        translated = translate(condition, EDGE)
        terms = query_terms(text)
        if not terms:
            return []
        sparse = qdrant.SparseVector(list(terms.indices), list(terms.weights))
        # Without a corpus the frequencies still count what was deleted or replaced.
        params = qdrant.SearchParams(idf=qdrant.IdfParams(corpus=qdrant.Filter()))
        with self._lock:
            shard = self._opened()
            if isinstance(condition, Eq) and self._passing(
                shard, condition, translated
            ) == self._passing(shard, None, None):
                translated = None
            return self._query(
                shard,
                qdrant.Query.Nearest(sparse, using=WORDS),
                condition=translated,
                params=params,
                limit=limit,
                decimals=WORDS_DECIMALS,
            )

    def retrieve(
        self, point_ids: Sequence[PointId], *, with_vectors: bool = False
    ) -> list[ScoredPoint]:
        """See `VectorIndex.retrieve`."""
        known = list(dict.fromkeys(each for each in point_ids if is_point_id(each)))
        with self._lock:
            records = self._opened().retrieve(
                list(known), with_payload=True, with_vector=DENSE if with_vectors else False
            )
        found = {
            PointId(str(record.id)): ScoredPoint(
                point_id=PointId(str(record.id)),
                score=0.0,
                payload=record.payload or {},
                vectors=_vectors(record),
            )
            for record in records
        }
        return [found[each] for each in point_ids if each in found]

    def count(self, condition: Filter | None = None) -> int:
        """See `VectorIndex.count`."""
        translated = translate(condition, EDGE)
        with self._lock:
            return self._opened().count(qdrant.CountRequest(exact=True, filter=translated))

    def facet(
        self, key: Facet, *, condition: Filter | None = None, limit: int = 100
    ) -> list[FacetCount]:
        """See `VectorIndex.facet`."""
        check_limit(limit)
        translated = translate(condition, EDGE)
        with self._lock:
            shard = self._opened()
            found = best(
                lambda asked: (
                    shard.facet(
                        qdrant.FacetRequest(key.value, limit=asked, exact=True, filter=translated)
                    ).hits
                ),
                limit=limit,
                score=lambda hit: hit.count,
                name=lambda hit: str(hit.value),
            )
        return [FacetCount(value=value, count=int(count)) for count, value, _ in found if count]

    def point_ids(self) -> Iterator[tuple[PointId, str]]:
        """See `VectorIndex.point_ids`; what is written meanwhile may or may not be among them."""
        offset: qdrant.PointId | None = None
        while True:
            request = qdrant.ScrollRequest(offset=offset, limit=_PAGE, with_payload=[VERSION])
            with self._lock:
                records, offset = self._opened().scroll(request)
            for record in records:
                yield PointId(str(record.id)), str((record.payload or {}).get(VERSION, ""))
            if offset is None:
                return

    def optimise(self) -> None:
        """Build the search graph in another process and swap it in.

        Reads and writes go on meanwhile, but for the copying at the start and the swap at the end
        (below a second for 40,000 products). A crash leaves the old shard or the new one.

        Raises:
            Conflict: There is not enough room on the disk for a copy (code ``disk.full``).
            IndexUnavailable: The build failed; the index goes on as it was.
        """
        with self._building:
            started_s = time.monotonic()
            copy = self._begin_build()
            try:
                report = build_in_child(copy)
                if report.changed:
                    self._swap(copy)
            finally:
                with self._lock:
                    self._journal = None
                    if self._shard is not None:
                        self._folder.remove_leftovers()
            _log.info(
                "index optimised",
                extra={
                    "points": report.points,
                    "changed": report.changed,
                    "seconds": round(time.monotonic() - started_s, 1),
                },
            )

    def close(self) -> None:
        """See `VectorIndex.close`."""
        with self._lock:
            if self._shard is not None:
                self._shard.flush()
                self._shard.close()
                self._shard = None
        self._folder.release()

    def _begin_build(self) -> Path:
        # A shard that is open cannot be copied safely, so it is closed for the moment.
        with self._lock:
            shard = self._opened()
            current = self._folder.current
            assert current is not None
            shard.flush()
            shard.close()
            self._shard = None
            try:
                copy = self._folder.copy_current()
            finally:
                self._shard = load_shard(current)
            self._journal = []
            return copy

    def _swap(self, copy: Path) -> None:
        with self._lock:
            old = self._opened()
            built = load_shard(copy)
            for operation in self._journal or ():
                built.update(operation)
            built.flush()
            everything = qdrant.CountRequest(exact=True)
            had, has = old.count(everything), built.count(everything)
            if had != has:
                built.close()
                raise IndexUnavailable(
                    f"the optimised copy holds {has} points instead of {had}",
                    where=str(self._folder.path),
                    hint="The index goes on as it was; run it again.",
                    code="index.build",
                )
            self._folder.use(copy)
            self._shard = built
            old.close()

    def _query(
        self,
        shard: qdrant.EdgeShard,
        wanted: qdrant.Query,
        *,
        condition: qdrant.Filter | None,
        params: qdrant.SearchParams,
        limit: int,
        decimals: int,
        with_vectors: bool = False,
    ) -> list[ScoredPoint]:
        """The best points: ids from the shard, payloads from memory where they are known."""
        found = best(
            lambda asked: shard.query(
                qdrant.QueryRequest(
                    limit=asked,
                    query=wanted,
                    filter=condition,
                    params=params,
                    with_payload=False,
                    with_vector=DENSE if with_vectors else False,
                )
            ),
            limit=limit,
            score=lambda hit: round(hit.score, decimals),
            name=lambda hit: str(hit.id),
        )
        payloads = self._payloads.of(
            [PointId(name) for _, name, _ in found], lambda missing: _payloads(shard, missing)
        )
        return [
            ScoredPoint(
                point_id=PointId(name),
                score=score,
                payload=payloads[PointId(name)],
                vectors=_vectors(hit) if with_vectors else {},
            )
            for score, name, hit in found
        ]

    def _write(self, operation: qdrant.UpdateOperation, points: Iterable[PointId]) -> None:
        with self._lock:
            self._payloads.drop(points)
            self._opened().update(operation)
            self._counts.clear()
            if self._journal is not None:
                self._journal.append(operation)

    def _passing(
        self, shard: qdrant.EdgeShard, condition: Filter | None, translated: qdrant.Filter | None
    ) -> int:
        """How many points pass; remembered until the next write, since counting costs a search."""
        held = self._counts.get(condition)
        if held is None:
            held = shard.count(qdrant.CountRequest(exact=True, filter=translated))
            if len(self._counts) >= COUNTS_KEPT:
                self._counts.clear()
            self._counts[condition] = held
        return held

    def _opened(self) -> qdrant.EdgeShard:
        if self._shard is None:
            raise Conflict("the index is closed", hint="Open it again.", code="index.closed")
        return self._shard


def _point(point: CheckedPoint) -> qdrant.Point:
    # As lists: of an array the library asks for one number after the other, which is slower.
    vectors: dict[str, Any] = {
        name.value: vector.tolist() for name, vector in point.vectors.items()
    }
    if point.terms:
        vectors[WORDS] = qdrant.SparseVector(list(point.terms.indices), list(point.terms.weights))
    return qdrant.Point(point.point_id, vectors, dict(point.payload))


def _payloads(
    shard: qdrant.EdgeShard, points: Sequence[PointId]
) -> Iterator[tuple[PointId, Payload]]:
    known: list[Any] = list(points)
    for record in shard.retrieve(known, with_payload=True, with_vector=False):
        yield PointId(str(record.id)), record.payload or {}


def _vectors(found: qdrant.ScoredPoint | qdrant.Record) -> dict[VectorName, NDArray[np.float32]]:
    held: Mapping[str, Any] = found.vector if isinstance(found.vector, dict) else {}
    return {
        VectorName(name): np.asarray(vector, np.float32)
        for name, vector in held.items()
        if name in DENSE
    }
