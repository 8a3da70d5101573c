"""The retrieval bank: for a prompt, the nearest products of the catalogue in the text space.

`engine.ports.VectorIndex` answers for large catalogues; this one is exact, over captions and middle
features that are held in memory (ImageRAGTurbo §3.1 caches both).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.types import Vectors

__all__ = ["Neighbours", "RetrievalBank"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Neighbours:
    """K products for each of B prompts.

    Attributes:
        rows: int64 (B, K) of the bank, nearest first.
        similarity: float32 (B, K) cosines of the captions: the gate λ where above 0.
    """

    rows: NDArray[np.int64]
    similarity: NDArray[np.float32]


class RetrievalBank:
    """Captions of N products.

    Args:
        captions: (N, D) unit vectors.
        groups: (N,) products of the same number are one product, for what a prompt excludes.
    """

    def __init__(self, captions: Vectors, groups: NDArray[np.int64]) -> None:
        self._captions, self._groups = captions, groups

    def nearest(
        self, prompts: Vectors, *, count: int, without: NDArray[np.int64] | None = None
    ) -> Neighbours:
        """The nearest products by caption; of equally near ones a fixed one.

        Args:
            prompts: (B, D) unit vectors.
            count: K, at most N less what is left out.
            without: (B,) group that each prompt must not get: the query's own product.
        """
        cosines = prompts @ self._captions.T
        if without is not None:
            cosines[self._groups[None, :] == without[:, None]] = -np.inf
        rows = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
        found = np.take_along_axis(cosines, rows, 1)
        order = np.lexsort((rows, -found), axis=1)
        return Neighbours(
            rows=np.take_along_axis(rows, order, 1).astype(np.int64),
            similarity=np.take_along_axis(found, order, 1).astype(np.float32),
        )
