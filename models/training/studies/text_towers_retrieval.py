"""Ranks of the text-tower study, both ways, and the choice between twins.

A title that several pictures carry is one query, answered by any of them. Ties count against the
model, so that a tower that gives everything one vector finds nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidInput

__all__ = ["first_of_each", "picture_ranks", "recall_hits", "title_ranks", "twin_choices"]

_TIE = 1e-6
"""Cosines this near are equal: sums in another order differ by rounding."""


def first_of_each(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Place of the first of every group of equal numbers, in order of the numbers."""
    return np.unique(numbers, return_index=True)[1]


def _scores(queries: NDArray[np.float32], gallery: NDArray[np.float32]) -> NDArray[np.float32]:
    scores = queries @ gallery.T
    if not np.isfinite(scores).all():
        raise InvalidInput(
            "a score is not finite",
            where="retrieval",
            hint="The training diverged: use a smaller learning rate.",
        )
    return scores


def picture_ranks(
    titles: NDArray[np.float32],
    title_numbers: NDArray[np.int64],
    pictures: NDArray[np.float32],
    picture_numbers: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Text to image: how many wrong pictures lie at least as near as the best right one.

    Args:
        titles: (Q, D) unit vectors, one a distinct title.
        title_numbers: (Q,).
        pictures: (N, D) unit vectors.
        picture_numbers: (N,) numbers of the pictures' titles; each title's number is among them.

    Returns:
        (Q,) ranks from 0.
    """
    scores = _scores(titles, pictures)
    right = title_numbers[:, None] == picture_numbers[None]
    best = np.where(right, scores, -np.inf).max(axis=1)
    return ((scores >= best[:, None]) & ~right).sum(axis=1)


def title_ranks(
    pictures: NDArray[np.float32],
    picture_numbers: NDArray[np.int64],
    titles: NDArray[np.float32],
    title_numbers: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Image to text: how many wrong titles lie at least as near as the picture's own.

    Args:
        pictures: (N, D) unit vectors.
        picture_numbers: (N,) numbers of their titles.
        titles: (Q, D) unit vectors, one a distinct title.
        title_numbers: (Q,).

    Returns:
        (N,) ranks from 0.
    """
    return picture_ranks(pictures, picture_numbers, titles, title_numbers)


def recall_hits(ranks: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """1 for each query whose answer is among the first k, else 0."""
    return (ranks < k).astype(np.float64)


def twin_choices(titles: NDArray[np.float32], pictures: NDArray[np.float32]) -> NDArray[np.float64]:
    """Text to the right one of two twins: 1 right, 0 wrong, ½ where it cannot tell.

    Args:
        titles: (Q, 2, D) unit vectors of the twins' texts.
        pictures: (Q, 2, D) unit vectors of their pictures.

    Returns:
        (2Q,), one a text.
    """
    scores = np.einsum("qtd,qpd->qtp", titles, pictures)
    margin = np.stack(
        [scores[:, 0, 0] - scores[:, 0, 1], scores[:, 1, 1] - scores[:, 1, 0]], axis=1
    ).ravel()
    return np.where(np.abs(margin) <= _TIE, 0.5, (margin > 0).astype(np.float64))
