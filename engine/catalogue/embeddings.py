"""Every embedding ever made, so that repairing or moving an index embeds nothing again."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from engine.catalogue.database import Database
from engine.catalogue.tables import EMBEDDING, ENCODER
from engine.catalogue.vectors import ContentKind, normalised

_PER_STATEMENT = 500


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EmbeddingBatch:
    """Embeddings to store.

    Attributes:
        fingerprint: `EncoderId.fingerprint` of what made them.
        vectors: Content hash as hex → unit vector (D,); stored as float16.
    """

    fingerprint: str
    kind: ContentKind
    vectors: Mapping[str, NDArray[np.float32]]


class EmbeddingTable:
    """Content hash and encoder → vector."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._encoders: dict[str, int] = {}
        self._lock = threading.Lock()

    def get(
        self, hashes: Iterable[str], *, fingerprint: str, kind: ContentKind
    ) -> dict[str, NDArray[np.float32]]:
        """The embeddings that are stored, as unit float32 vectors; the others are absent."""
        wanted = list(dict.fromkeys(hashes))
        found: dict[str, bytes] = {}
        with self._database.read() as connection:
            encoder = self._encoder(connection, fingerprint)
            if encoder is None or not wanted:
                return {}
            query = sa.select(EMBEDDING.c.content_hash, EMBEDDING.c.vector).where(
                EMBEDDING.c.encoder_id == encoder,
                EMBEDDING.c.kind == kind.value,
                EMBEDDING.c.content_hash.in_(sa.bindparam("hashes", expanding=True)),
            )
            for part in _parts(wanted):
                keys = [bytes.fromhex(each) for each in part]
                for content_hash, vector in connection.execute(query, {"hashes": keys}):
                    found[content_hash.hex()] = vector
        if not found:
            return {}
        stored = np.frombuffer(b"".join(found.values()), dtype=np.float16)
        vectors = normalised(stored.reshape(len(found), -1).astype(np.float32))
        return dict(zip(found, vectors, strict=True))

    def put(self, connection: sa.Connection, batch: EmbeddingBatch) -> None:
        """Store a batch within the caller's transaction; those already there stay."""
        if not batch.vectors:
            return
        encoder = self._encoder(connection, batch.fingerprint, create=True)
        halves = np.stack(list(batch.vectors.values())).astype(np.float16)
        connection.execute(
            self._database.insert(EMBEDDING).on_conflict_do_nothing(),
            [
                {
                    "encoder_id": encoder,
                    "kind": batch.kind.value,
                    "content_hash": bytes.fromhex(content_hash),
                    "vector": half.tobytes(),
                }
                for content_hash, half in zip(batch.vectors, halves, strict=True)
            ],
        )

    def _encoder(
        self, connection: sa.Connection, fingerprint: str, *, create: bool = False
    ) -> int | None:
        with self._lock:
            known = self._encoders.get(fingerprint)
        if known is not None:
            return known
        query = sa.select(ENCODER.c.encoder_id).where(ENCODER.c.fingerprint == fingerprint)
        found = connection.execute(query).scalar()
        if found is None and create:
            new = self._database.insert(ENCODER).values(fingerprint=fingerprint)
            connection.execute(new.on_conflict_do_nothing())
            # Not remembered before it is committed: the transaction may yet roll back.
            return connection.execute(query).scalar_one()
        if found is not None and not create:
            with self._lock:
                self._encoders[fingerprint] = found
        return found


def _parts(items: Sequence[str]) -> Iterable[list[str]]:
    rest = iter(items)
    while part := list(islice(rest, _PER_STATEMENT)):
        yield part
