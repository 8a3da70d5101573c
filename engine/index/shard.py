"""An Edge shard: how it is laid out, made and opened."""

from __future__ import annotations

import importlib.metadata
import logging
from pathlib import Path

import qdrant_edge as qdrant

from engine.errors import IndexUnavailable, ModelUnavailable
from engine.index.folder import IndexFolder, locked
from engine.index.manifest import IndexManifest, check_manifest, read_manifest, write_manifest
from engine.payload import KEYWORD_KEYS, NUMBER_KEYS
from engine.types import VectorName

OLDEST_EDGE = (0, 9)
"""Earlier releases do not replay their log and lose unflushed writes on a kill."""
WORDS = "words"
"""Name of the sparse vector of BM25 weights."""
HNSW_M = 16
HNSW_EF_CONSTRUCT = 128
SEGMENTS = 1
"""Edge searches segments one after the other."""
INDEXING_KB = 10_000
"""Kilobytes of vectors from which `EdgeIndex.optimise` builds a graph; below, every search is
exact anyway."""
FULL_SCAN_KB = 40_000
"""Kilobytes of vectors below which a filtered search compares with everything that passes. Low
values make recall under filters collapse without a sign (0.002 was measured with 2,000)."""
DENSE = [name.value for name in VectorName]

_log = logging.getLogger(__name__)


def require_edge() -> None:
    """See that Edge is recent enough.

    Raises:
        ModelUnavailable: It is not (code ``index.version``).
    """
    version = importlib.metadata.version("qdrant-edge-py")
    numbers = tuple(int(part) for part in version.split(".")[:2])
    if numbers < OLDEST_EDGE:
        raise ModelUnavailable(
            f"qdrant-edge-py is {version}",
            hint="It must be 0.9.0 or later, which keeps writes through a kill: "
            "pip install --upgrade qdrant-edge-py.",
            code="index.version",
        )


def open_shard(folder: IndexFolder, wanted: IndexManifest) -> qdrant.EdgeShard:
    """The folder's shard, made when there is none; leftovers of builds that died are removed.

    Raises:
        IndexMismatch: Another encoder or schema filled it.
        IndexUnavailable: It cannot be loaded (code ``index.damaged``).
    """
    manifest = read_manifest(folder.path)
    if manifest is None:
        write_manifest(folder.path, wanted)
    else:
        check_manifest(manifest, wanted, where=str(folder.path))
    current = folder.current
    if current is not None and current.is_dir():
        shard = load_shard(current)
    else:
        if current is not None:
            _log.warning("shard is missing, starting empty", extra={"shard": str(current)})
        created = folder.new_shard()
        shard = _create(created, wanted.encoder.dims)
        folder.use(created)
    folder.remove_leftovers()
    return shard


def _create(path: Path, dims: int) -> qdrant.EdgeShard:
    graph = qdrant.HnswIndexConfig(
        m=HNSW_M, ef_construct=HNSW_EF_CONSTRUCT, full_scan_threshold=FULL_SCAN_KB
    )
    # Vectors are stored at unit length, so that the dot product is the cosine.
    dense = qdrant.EdgeVectorParams(size=dims, distance=qdrant.Distance.Dot)
    config = qdrant.EdgeConfig(
        vectors=dict.fromkeys(DENSE, dense),
        sparse_vectors={WORDS: qdrant.EdgeSparseVectorParams(modifier=qdrant.Modifier.Idf)},
        hnsw_config=graph,
        optimizers=qdrant.EdgeOptimizersConfig(
            default_segment_number=SEGMENTS, indexing_threshold=INDEXING_KB
        ),
        wal_enabled=True,
    )
    path.mkdir()
    shard = qdrant.EdgeShard.create(str(path), config)
    # Before the first point: the graph takes account only of indexes that it finds.
    for key in KEYWORD_KEYS:
        schema = qdrant.PayloadSchemaType.Keyword
        shard.update(qdrant.UpdateOperation.create_field_index(key, schema))
    for key in NUMBER_KEYS:
        number = qdrant.IntegerIndexParams(lookup=True, range=True)
        shard.update(qdrant.UpdateOperation.create_field_index(key, number))
    shard.flush()
    return shard


def load_shard(path: Path) -> qdrant.EdgeShard:
    """Open a shard.

    Raises:
        IndexLocked: It is open elsewhere.
        IndexUnavailable: It is damaged.
    """
    try:
        return qdrant.EdgeShard.load(str(path))
    except Exception as error:  # Edge raises nothing narrower
        if "WouldBlock" in str(error):
            raise locked(path.parent) from error
        raise IndexUnavailable(
            f"the shard cannot be loaded: {error}",
            where=str(path),
            hint="Rebuild it from the catalogue: lookalike ingest --rebuild.",
            code="index.damaged",
        ) from error
