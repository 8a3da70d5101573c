"""A Qdrant server or cluster through its client: the index that several processes share."""

from __future__ import annotations

import contextlib
import hashlib
import time
import warnings
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from qdrant_client import QdrantClient
from qdrant_client import models as qdrant
from qdrant_client.http.exceptions import ApiException

from engine.errors import IndexMismatch, IndexUnavailable
from engine.filters import Filter
from engine.ids import PointId
from engine.index.manifest import IndexManifest, check_manifest
from engine.index.points import (
    CheckedPoint,
    check_limit,
    check_points,
    check_query_vector,
    is_point_id,
)
from engine.index.ranked import VECTOR_DECIMALS, WORDS_DECIMALS, best
from engine.index.translate import Dialect, translate
from engine.index.words import query_terms
from engine.payload import KEYWORD_KEYS, NUMBER_KEYS, VERSION
from engine.types import (
    EncoderId,
    Facet,
    FacetCount,
    IndexPoint,
    ScoredPoint,
    VectorName,
    VectorQuery,
)

WORDS = "words"
"""Name of the sparse vector of BM25 weights."""
MANIFEST = "lookalike"
"""Key of the collection's metadata that holds the manifest."""
FULL_SCAN_KB = 40_000
"""See `engine.index.shard.FULL_SCAN_KB`."""
EXACT_BELOW = 50_000
SEARCH_EF = 128
BATCH = 256
"""Points a request: about 1 MB of JSON with two vectors of 256."""
OPTIMISE_LIMIT_S = 3600.0
_PAGE = 1000
_DENSE = [name.value for name in VectorName]

SERVER: Dialect[Any] = Dialect(
    equals=lambda key, value: qdrant.FieldCondition(key=key, match=qdrant.MatchValue(value=value)),
    any_of=lambda key, values: qdrant.FieldCondition(key=key, match=qdrant.MatchAny(any=values)),
    between=lambda key, low, high: qdrant.FieldCondition(
        key=key, range=qdrant.Range(gte=low, lte=high)
    ),
    all_of=lambda parts: qdrant.Filter(must=parts),
    one_of=lambda parts: qdrant.Filter(should=parts),
    none_of=lambda parts: qdrant.Filter(must_not=parts),
)


def collection_name(manifest: IndexManifest) -> str:
    """Default collection: encoders that differ never share one."""
    digest = hashlib.sha256(manifest.fingerprint.encode()).hexdigest()
    return f"lookalike_{digest[:12]}"


class ServerIndex:
    """`VectorIndex` in a collection of a Qdrant server.

    Writes wait until the server has applied them. What survives a loss of power there is the
    server's to promise (its log, replicas), so `flush` has nothing to add.

    Args:
        client: Connected to the server; this index closes it.
        encoder_id: What makes the vectors; a collection filled by something else is refused.
        collection: Name of the collection, made when it is not there; derived from the encoder
            by default.

    Raises:
        IndexMismatch: Another encoder or schema filled the collection.
        IndexUnavailable: The server does not answer, or refuses.
    """

    def __init__(self, client: QdrantClient, encoder_id: EncoderId, *, collection: str = ""):
        manifest = IndexManifest(encoder=encoder_id)
        self._client = client
        self._dims = encoder_id.dims
        self.collection = collection or collection_name(manifest)
        with self._errors():
            if not client.collection_exists(self.collection):
                self._create(manifest)
            metadata = client.get_collection(self.collection).config.metadata or {}
        if MANIFEST not in metadata:
            raise IndexMismatch(
                "the collection has no manifest in its metadata",
                where=self.collection,
                hint="Name another collection, or rebuild this one on Qdrant 1.16 or later: "
                "lookalike ingest --rebuild.",
            )
        found = IndexManifest.from_json(metadata[MANIFEST], where=self.collection)
        check_manifest(found, manifest, where=self.collection)

    def upsert(self, points: Sequence[IndexPoint]) -> None:
        """See `VectorIndex.upsert`."""
        checked = check_points(points, dims=self._dims)
        with self._errors():
            for start in range(0, len(checked), BATCH):
                batch = [_point(each) for each in checked[start : start + BATCH]]
                self._client.upsert(self.collection, batch, wait=True)

    def delete(self, point_ids: Sequence[PointId]) -> None:
        """See `VectorIndex.delete`."""
        known: list[Any] = [each for each in point_ids if is_point_id(each)]
        with self._errors():
            for start in range(0, len(known), _PAGE):
                selector = qdrant.PointIdsList(points=known[start : start + _PAGE])
                self._client.delete(self.collection, selector, wait=True)

    def flush(self) -> None:
        """Nothing to do; see the class."""

    def search(self, query: VectorQuery) -> list[ScoredPoint]:
        """See `VectorIndex.search`."""
        vector = check_query_vector(query.vector, dims=self._dims)
        limit = check_limit(query.limit)
        condition = translate(query.condition, SERVER)
        exact = query.exact or (
            condition is not None and self.count(query.condition) <= EXACT_BELOW
        )
        return self._query(
            vector.tolist(),
            using=query.using.value,
            condition=condition,
            params=qdrant.SearchParams(
                exact=exact,
                hnsw_ef=max(SEARCH_EF, 2 * limit),
                # Walks on through points that fail the filter; plain graphs lose their way.
                acorn=qdrant.AcornSearchParams(enable=condition is not None),
            ),
            limit=limit,
            decimals=VECTOR_DECIMALS,
            keys=query.keys,
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
        translated = translate(condition, SERVER)
        terms = query_terms(text)
        if not terms:
            return []
        # Without a corpus the frequencies still count what was deleted or replaced.
        corpus = qdrant.IdfCorpusParams(corpus=qdrant.Filter())
        return self._query(
            qdrant.SparseVector(indices=list(terms.indices), values=list(terms.weights)),
            using=WORDS,
            condition=translated,
            params=qdrant.SearchParams(idf=corpus),
            limit=limit,
            decimals=WORDS_DECIMALS,
            keys=keys,
        )

    def retrieve(
        self, point_ids: Sequence[PointId], *, with_vectors: bool = False
    ) -> list[ScoredPoint]:
        """See `VectorIndex.retrieve`."""
        known = list(dict.fromkeys(each for each in point_ids if is_point_id(each)))
        found: dict[PointId, ScoredPoint] = {}
        with self._errors():
            for start in range(0, len(known), _PAGE):
                for record in self._client.retrieve(
                    self.collection,
                    known[start : start + _PAGE],
                    with_payload=True,
                    with_vectors=_DENSE if with_vectors else False,
                ):
                    found[PointId(str(record.id))] = _hit(record, 0.0)
        return [found[each] for each in point_ids if each in found]

    def count(self, condition: Filter | None = None) -> int:
        """See `VectorIndex.count`."""
        translated = translate(condition, SERVER)
        with self._errors():
            return self._client.count(self.collection, count_filter=translated, exact=True).count

    def facet(
        self, key: Facet, *, condition: Filter | None = None, limit: int = 100
    ) -> list[FacetCount]:
        """See `VectorIndex.facet`."""
        check_limit(limit)
        translated = translate(condition, SERVER)
        with self._errors():
            found = best(
                lambda asked: (
                    self._client.facet(
                        self.collection, key.value, facet_filter=translated, limit=asked, exact=True
                    ).hits
                ),
                limit=limit,
                score=lambda hit: hit.count,
                name=lambda hit: str(hit.value),
            )
        return [FacetCount(value=value, count=int(count)) for count, value, _ in found if count]

    def point_ids(self) -> Iterator[tuple[PointId, str]]:
        """See `VectorIndex.point_ids`; what is written meanwhile may or may not be among them."""
        offset: Any = None
        while True:
            with self._errors():
                records, offset = self._client.scroll(
                    self.collection, limit=_PAGE, offset=offset, with_payload=[VERSION]
                )
            for record in records:
                yield PointId(str(record.id)), str((record.payload or {}).get(VERSION, ""))
            if offset is None:
                return

    def optimise(self) -> None:
        """Wait until the server, which optimises by itself, is done.

        Raises:
            IndexUnavailable: It is not done within an hour.
        """
        until_s = time.monotonic() + OPTIMISE_LIMIT_S
        while True:
            with self._errors():
                status = self._client.get_collection(self.collection).status
            if status == qdrant.CollectionStatus.GREEN:
                return
            if time.monotonic() > until_s:
                raise IndexUnavailable(
                    f"the collection is {status.value} after {OPTIMISE_LIMIT_S:.0f} s of waiting",
                    where=self.collection,
                    hint="See the server's log; searches are right meanwhile, but slower.",
                )
            time.sleep(1)

    def drop(self) -> None:
        """Remove the collection with everything in it."""
        with self._errors():
            self._client.delete_collection(self.collection)

    def close(self) -> None:
        """See `VectorIndex.close`."""
        self._client.close()

    def _query(
        self,
        wanted: list[float] | qdrant.SparseVector,
        *,
        using: str,
        condition: Any,
        params: qdrant.SearchParams,
        limit: int,
        decimals: int,
        keys: tuple[str, ...],
        with_vectors: bool = False,
    ) -> list[ScoredPoint]:
        with self._errors():
            found = best(
                lambda asked: (
                    self._client.query_points(
                        self.collection,
                        query=wanted,
                        using=using,
                        query_filter=condition,
                        search_params=params,
                        limit=asked,
                        with_payload=list(keys) or True,
                        with_vectors=_DENSE if with_vectors else False,
                    ).points
                ),
                limit=limit,
                score=lambda hit: round(hit.score, decimals),
                name=lambda hit: str(hit.id),
            )
        return [_hit(hit, score) for score, _, hit in found]

    def _create(self, manifest: IndexManifest) -> None:
        # Vectors are stored at unit length, so that the dot product is the cosine.
        dense = qdrant.VectorParams(size=self._dims, distance=qdrant.Distance.DOT)
        self._client.create_collection(
            self.collection,
            vectors_config=dict.fromkeys(_DENSE, dense),
            sparse_vectors_config={
                WORDS: qdrant.SparseVectorParams(modifier=qdrant.Modifier.IDF),
            },
            hnsw_config=qdrant.HnswConfigDiff(full_scan_threshold=FULL_SCAN_KB),
            metadata={MANIFEST: manifest.to_json()},
        )
        with warnings.catch_warnings():
            # The client's own local mode, used in tests, has no payload indexes and says so.
            warnings.filterwarnings("ignore", message="Payload indexes have no effect")
            for key in KEYWORD_KEYS:
                schema = qdrant.PayloadSchemaType.KEYWORD
                self._client.create_payload_index(self.collection, key, schema, wait=True)
            for key in NUMBER_KEYS:
                schema = qdrant.PayloadSchemaType.INTEGER
                self._client.create_payload_index(self.collection, key, schema, wait=True)

    @contextlib.contextmanager
    def _errors(self) -> Generator[None]:
        try:
            yield
        except ApiException as error:
            raise IndexUnavailable(
                f"the Qdrant server failed: {str(error).strip()[:300]}",
                where=self.collection,
                hint="See that it runs and that the address and the key are right.",
            ) from error


def _point(point: CheckedPoint) -> qdrant.PointStruct:
    vectors: dict[str, Any] = {name.value: v.tolist() for name, v in point.vectors.items()}
    if point.terms:
        vectors[WORDS] = qdrant.SparseVector(
            indices=list(point.terms.indices), values=list(point.terms.weights)
        )
    return qdrant.PointStruct(id=point.point_id, vector=vectors, payload=dict(point.payload))


def _hit(found: qdrant.ScoredPoint | qdrant.Record, score: float) -> ScoredPoint:
    held: Mapping[str, Any] = found.vector if isinstance(found.vector, dict) else {}
    return ScoredPoint(
        point_id=PointId(str(found.id)),
        score=score,
        payload=found.payload or {},
        vectors={
            VectorName(name): np.asarray(vector, np.float32)
            for name, vector in held.items()
            if name in _DENSE
        },
    )
