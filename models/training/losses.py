"""Contrastive losses that know which pairs are no negatives, and the loss of the heads."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = [
    "attribute_loss",
    "contrastive_loss",
    "phrase_matches",
    "title_matches",
]


def contrastive_loss(logits: Tensor, positive: Tensor, usable: Tensor) -> Tensor:
    """Multi-positive InfoNCE: −mean over positives of log softmax over usable columns.

    Khosla et al. 2020, equation 2 (https://arxiv.org/abs/2004.11362), mean outside the logarithm.

    Args:
        logits: (B, K) scaled similarities.
        positive: (B, K) bool. Rows without a positive do not count.
        usable: (B, K) bool; the others are neither positives nor negatives.

    Returns:
        Scalar; 0 when no row has a positive.
    """
    positive = positive & usable
    log_share = logits.masked_fill(~usable, -1e4).log_softmax(dim=1)
    count = positive.sum(1)
    per_row = -(log_share * positive).sum(1) / count.clamp(min=1)
    rows = count > 0
    return (per_row * rows).sum() / rows.sum().clamp(min=1)


def title_matches(ours: Tensor, theirs: Tensor) -> tuple[Tensor, Tensor]:
    """Which pairs share a title.

    Args:
        ours: (B,) title numbers, -1 for a row without a title.
        theirs: (K,).

    Returns:
        ``same`` (B, K): equal titles. ``usable`` (B, K): both have a title.
    """
    titled = (ours[:, None] >= 0) & (theirs[None] >= 0)
    return (ours[:, None] == theirs[None]) & titled, titled


def phrase_matches(named: Tensor, wanted: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Which products satisfy which phrases.

    Args:
        named: (B, A) bool, attributes that the phrase names.
        wanted: (B, A) codes of the product that the phrase was made from.
        labels: (K, A) codes of products, -1 where unknown.

    Returns:
        ``match`` (B, K): every named attribute agrees, and at least one is named. ``usable``
        (B, K): either that, or one is known to differ; a product that might match is neither.
    """
    known = labels[None] >= 0
    equal = wanted[:, None] == labels[None]
    match = (~named[:, None] | (known & equal)).all(-1) & named.any(-1)[:, None]
    differs = (named[:, None] & known & ~equal).any(-1)
    return match, match | differs


def attribute_loss(logits: dict[str, Tensor], labels: Tensor, *, smoothing: float = 0.1) -> Tensor:
    """Mean cross-entropy over attributes; rows whose label is unknown (-1) do not count.

    Args:
        logits: Attribute → (B, C), in the order of the columns of `labels`.
        labels: (B, A) codes.
        smoothing: Label smoothing.
    """
    losses: list[Tensor] = []
    for place, scores in enumerate(logits.values()):
        codes = labels[:, place]
        rows = codes >= 0
        total = functional.cross_entropy(
            scores, codes.clamp(min=0), reduction="none", label_smoothing=smoothing
        )
        losses.append((total * rows).sum() / rows.sum().clamp(min=1))
    return torch.stack(losses).mean()
