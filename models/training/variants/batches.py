"""Draws what a step of the generator's training sees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.training.variants.network import Condition
from models.training.variants.preparation import Catalogue
from models.variants.structure import structure_planes

__all__ = ["SHARP", "Drawn", "LatentBatches", "conditions"]

_SHARP_WEIGHT = 2.0
_NO_REFERENCE, _OUTLINE_ALONE = 0.35, 0.25
SOFT, SHARP = 1, 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawn:
    """A batch: latents (B, 8, 16, 12), what they are drawn from, rows of the catalogue (B,)."""

    latents: Tensor
    condition: Condition
    rows: NDArray[np.int64]


class LatentBatches:
    """Rows of the catalogue with latents, captions and outlines.

    Args:
        catalogue: Prepared.
        latents: float16 (N, 8, 16, 12).
        seed: A step's batch depends on it and the step alone.
        device: Where tensors go.
    """

    def __init__(
        self, catalogue: Catalogue, latents: NDArray[np.float16], *, seed: int, device: str
    ):
        self.catalogue, self.latents = catalogue, latents
        self._seed, self._device = seed, device
        self._weights = catalogue.frames.weights(catalogue.train, sharp=_SHARP_WEIGHT)

    def draw(self, step: int, count: int) -> Drawn:
        """The batch of a step: training rows, each said in one of its ways, some with outline."""
        rng = np.random.default_rng((self._seed, step))
        held = self.catalogue
        rows = rng.choice(held.train, count, p=self._weights)
        chance = rng.random(count)
        condition = conditions(
            held,
            rows,
            way=rng.integers(held.captions.codes.shape[1], size=count),
            present=chance >= _NO_REFERENCE,
            detail=chance >= _NO_REFERENCE + _OUTLINE_ALONE,
            device=self._device,
        )
        return Drawn(latents=self.of(rows), condition=condition, rows=rows)

    def of(self, rows: NDArray[np.int64]) -> Tensor:
        """Latents of rows."""
        return torch.from_numpy(self.latents[rows].astype(np.float32)).to(self._device)


def conditions(
    catalogue: Catalogue,
    rows: NDArray[np.int64],
    *,
    way: NDArray[np.int64] | int = 0,
    present: NDArray[np.bool_] | bool = False,
    detail: NDArray[np.bool_] | bool = False,
    sharpness: int | None = None,
    device: str = "cpu",
) -> Condition:
    """Prompts and outlines of rows.

    Args:
        catalogue: Prepared.
        rows: (B,).
        way: In which of its ways each row is said; 0 is with all that is known.
        present: Whether each has its own picture as the reference.
        detail: Whether that is with its folds and patterns.
        sharpness: To ask for; ``None`` for what the picture is.
        device: Where tensors go.
    """
    count = len(rows)
    ways = np.broadcast_to(way, count)
    codes = catalogue.captions.codes[rows, ways]
    sharp = np.where(catalogue.frames.sharp[rows], SHARP, SOFT)
    if sharpness is not None:
        sharp = np.full(count, sharpness)
    planes = structure_planes(
        catalogue.structures[rows],
        detail=np.broadcast_to(detail, count),
        present=np.broadcast_to(present, count),
    )
    texts = catalogue.captions.vectors[catalogue.captions.texts[rows, ways]]
    return Condition(
        text=torch.from_numpy(texts).to(device),
        codes=torch.from_numpy(np.column_stack([codes, sharp])).to(device),
        planes=torch.from_numpy(planes).to(device),
    )
