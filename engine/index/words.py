"""Words to BM25 term weights: the one tokeniser of all indexes.

A document's weight of term t is ``f (k1 + 1) / (f + k1 (1 - b + b length / AVERAGE_WORDS))`` with
k1 = 1.2 and b = 0.75; a query's is 1. The index multiplies by the inverse document frequency
(`inverse_document_frequency`), which Qdrant does with its IDF modifier. English stop words are
left out and words are stemmed, so "shirts" finds "shirt".
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import qdrant_edge

from engine.index.text import clean_text

AVERAGE_WORDS = 12.0
"""Words of a typical product: a title of 6 (kagl: 5.8), a brand and about 5 attribute values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A sparse vector: hashed terms and their weights, of equal length; empty for no words."""

    indices: tuple[int, ...] = ()
    weights: tuple[float, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.indices)


def document_terms(text: str) -> Terms:
    """Weighted terms of a product's words."""
    return _terms(_model().embed_document(clean_text(text)))


def query_terms(text: str) -> Terms:
    """Distinct terms of a query, each of weight 1; empty when only stop words are left."""
    return _terms(_model().embed_query(clean_text(text)))


def inverse_document_frequency(*, documents: int, holding: int) -> float:
    """Qdrant's formula: ``ln((N - n + 0.5) / (n + 0.5) + 1)``, N being documents with words."""
    return math.log((documents - holding + 0.5) / (holding + 0.5) + 1.0)


@functools.cache
def _model() -> qdrant_edge.Bm25:
    config = qdrant_edge.Bm25Config(k=1.2, b=0.75, avg_len=AVERAGE_WORDS, language="english")
    return qdrant_edge.Bm25(config)


def _terms(sparse: qdrant_edge.SparseVector) -> Terms:
    return Terms(indices=tuple(sparse.indices), weights=tuple(sparse.values))
