"""Neighbours of training and test prompts, with their middle features."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.hub.hspace.middle import Retrieved
from models.training.checkpoint import save_array
from models.training.variants.bank import Neighbours, RetrievalBank
from models.training.variants.batches import LatentBatches, conditions
from models.training.variants.network import Generator, h_space

__all__ = ["HBank", "bank_features", "title_groups"]

_log = logging.getLogger(__name__)
_CHUNK = 256


@torch.no_grad()
def bank_features(
    model: Generator, batches: LatentBatches, rows: NDArray[np.int64], path: Path | None = None
) -> NDArray[np.float16]:
    """Middle features of clean latents with their own captions, float16 (R, C, 4, 3).

    Args:
        model: The student, without anything hooked to its middle.
        batches: Of the catalogue.
        rows: Of the bank.
        path: Keeps them.
    """
    if path is not None and path.exists():
        return np.load(path)
    made: list[NDArray[np.float16]] = []
    for start in range(0, len(rows), _CHUNK):
        chosen = rows[start : start + _CHUNK]
        latents = batches.of(chosen)
        condition = conditions(batches.catalogue, chosen, device=str(latents.device))
        clean = torch.zeros(len(chosen), device=latents.device)
        with torch.autocast(latents.device.type, torch.bfloat16):
            features = h_space(model, latents, clean, condition)
        made.append(features.float().cpu().numpy().astype(np.float16))
    found = np.concatenate(made)
    if path is not None:
        save_array(path, found)
        _log.info("bank of %d products", len(found))
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HBank:
    """A bank with features.

    Attributes:
        rows: (R,) of the catalogue, ascending.
        search: Over the captions of these.
        features: float16 (R, C, 4, 3).
    """

    rows: NDArray[np.int64]
    search: RetrievalBank
    features: NDArray[np.float16]

    @classmethod
    def build(
        cls,
        model: Generator,
        batches: LatentBatches,
        rows: NDArray[np.int64],
        path: Path | None = None,
    ) -> HBank:
        """Over rows of the catalogue; a product is its title, twins of that name included."""
        held = batches.catalogue
        captions = held.captions.vectors[held.captions.texts[rows, 0]]
        return cls(
            rows=rows,
            search=RetrievalBank(captions, groups=title_groups(held.pairs.titles)[rows]),
            features=bank_features(model, batches, rows, path),
        )

    def retrieve(
        self, batches: LatentBatches, text: Tensor, rows: NDArray[np.int64], *, count: int
    ) -> tuple[Retrieved, Neighbours]:
        """For prompts that are drawn from rows of the catalogue, whose own products are left out.

        Args:
            batches: Of the catalogue.
            text: (B, D) unit vectors of the prompts.
            rows: (B,).
            count: K.
        """
        own = title_groups(batches.catalogue.pairs.titles)[rows]
        near = self.search.nearest(text.cpu().numpy().astype(np.float32), count=count, without=own)
        features = torch.from_numpy(self.features[near.rows].astype(np.float32))
        similarity = torch.from_numpy(near.similarity)
        return (
            Retrieved(
                features=features.to(text.device),
                similarity=similarity.to(text.device),
                blend=torch.ones(len(rows), device=text.device),
            ),
            near,
        )


def title_groups(titles: list[str]) -> NDArray[np.int64]:
    """A number a title: products of one title are one product to the bank."""
    return np.unique(np.array(titles), return_inverse=True)[1].astype(np.int64)
