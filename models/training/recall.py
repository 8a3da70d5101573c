"""Recall of pictures by titles, to watch training; the published figures come from `eval kagl`."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from models.training.batches import read_features
from models.training.network import DualTower
from models.training.texts import encode_batch
from models.training.views import FeatureCache

__all__ = ["embed_cached", "embed_titles", "title_recall"]

_BATCH = 256


@torch.no_grad()
def embed_cached(
    model: DualTower, cache: FeatureCache, rows: NDArray[np.int64], device: str = "cpu"
) -> NDArray[np.float32]:
    """Unit vectors (n, D) of cached pictures."""
    model.eval()
    parts: list[NDArray[np.float32]] = []
    for start in range(0, len(rows), _BATCH):
        features, thumbnails = read_features(cache, rows[start : start + _BATCH])
        pooled = model.image.trunk(features.to(device))
        parts.append(model.image.head(pooled, thumbnails.to(device)).cpu().numpy())
    return np.concatenate(parts)


@torch.no_grad()
def embed_titles(
    model: DualTower, tokenizer: Tokenizer, titles: list[str], device: str = "cpu"
) -> NDArray[np.float32]:
    """Unit vectors (n, D) of texts."""
    model.eval()
    return np.concatenate(
        [
            model.text(
                torch.from_numpy(encode_batch(tokenizer, titles[start : start + _BATCH])).to(device)
            )
            .cpu()
            .numpy()
            for start in range(0, len(titles), _BATCH)
        ]
    )


def title_recall(
    queries: NDArray[np.float32],
    gallery: NDArray[np.float32],
    answers: NDArray[np.int64],
    *,
    k: int = 10,
) -> float:
    """Share of queries whose own picture is among the k nearest.

    Args:
        queries: (Q, D) unit vectors of titles.
        gallery: (N, D) unit vectors of pictures.
        answers: (Q,) which gallery row is the query's own.
        k: Cut-off.
    """
    hits = 0
    for start in range(0, len(queries), 512):
        scores = queries[start : start + 512] @ gallery.T
        own = scores[np.arange(len(scores)), answers[start : start + 512]]
        hits += int(((scores > own[:, None]).sum(1) < k).sum())
    return hits / max(1, len(queries))
