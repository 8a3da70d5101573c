"""A judge of attributes that never saw what the generator learned from.

Features that stand still (EfficientNet-Lite0 as ImageNet left it, histograms of colours) and a
small perceptron over them, fitted to val and half of test and asked about the other half. Each
picture is shown twice: as it is, and as the autoencoder gives it back, so that a generated
picture's softness is nothing new to it. The encoder that ships has learned from the generator's
own training pictures, so it is no such judge.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from engine.types import Facet
from models.training.network import ImageTower, TowerConfig, load_imagenet
from models.training.studies.turbo_colours import COLOUR_FEATURES, colour_features

__all__ = ["CrossJudge", "Eyes", "JudgeRows", "fold_of"]

_log = logging.getLogger(__name__)
_CHUNK = 64
_SHAPES = 1280 + 224
_WIDTH, _DROP, _BATCH, _RATE, _DECAY = 192, 0.4, 128, 2e-3, 0.05
_COLOUR_SCALE = 16.0
"""Entries of a histogram's root are about a thirtieth; the normed features' are about 1."""
_FOLDS = 2
ALWAYS = -1
"""Fold of rows that every judge learns from."""


class Eyes:
    """Frames to features that stand still."""

    def __init__(self) -> None:
        tower = ImageTower(TowerConfig(height_px=96, width_px=72))
        load_imagenet(tower)
        self._tower = tower.eval().requires_grad_(False).to(memory_format=torch.channels_last)

    @torch.no_grad()
    def __call__(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8 (N, 96, 72, 3) to float32 (N, 1504 + `COLOUR_FEATURES`)."""
        found: list[NDArray[np.float32]] = []
        for start in range(0, len(frames), _CHUNK):
            part = np.ascontiguousarray(frames[start : start + _CHUNK])
            features, _ = self._tower.stem(torch.from_numpy(part))
            pooled = self._tower.trunk(features)
            shapes = torch.cat([pooled.deep * 2, pooled.middle], dim=1).float().numpy()
            found.append(np.concatenate([shapes, colour_features(part)], axis=1))
        return np.concatenate(found)


class _Heads(nn.Module):
    def __init__(self, sizes: Sequence[int]):
        super().__init__()
        self.sizes = list(sizes)
        self.norm = nn.LayerNorm(_SHAPES)
        self.layers = nn.Sequential(
            nn.Dropout(_DROP),
            nn.Linear(_SHAPES + COLOUR_FEATURES, _WIDTH),
            nn.GELU(),
            nn.Dropout(_DROP),
            nn.Linear(_WIDTH, sum(self.sizes)),
        )

    def forward(self, seen: Tensor) -> tuple[Tensor, ...]:
        shapes, colours = seen.split([_SHAPES, COLOUR_FEATURES], dim=1)
        whole = torch.cat([self.norm(shapes), _COLOUR_SCALE * colours], dim=1)
        return self.layers(whole).split(self.sizes, dim=1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JudgeRows:
    """What judges learn from, R rows in V views.

    Attributes:
        views: V arrays (R, F) of features.
        labels: int64 (R, facets): place of the value, -1 where unknown or too rare.
        folds: (R,) of each row: 0, 1, or `ALWAYS`.
    """

    views: Sequence[NDArray[np.float32]]
    labels: NDArray[np.int64]
    folds: NDArray[np.int64]


def fold_of(title: str) -> int:
    """The fold of a test product, by its title: products of one title are twins."""
    return hashlib.sha256(f"judge|{title}".encode()).digest()[0] % _FOLDS


class CrossJudge:
    """Two judges, each for the products that it has not learned from.

    Args:
        values: Facet → the values that it tells apart; a facet without any is left out.
        rows: What they learn from.
        epochs: Passes over it.
        folder: Keeps their weights.
        key: Of all that `rows` depends on.
    """

    def __init__(
        self,
        values: Mapping[Facet, tuple[str, ...]],
        rows: JudgeRows,
        *,
        epochs: int,
        folder: Path,
        key: str,
    ):
        self.key = key
        self.values = {facet: held for facet, held in values.items() if held}
        self._judges: list[_Heads] = []
        for fold in range(_FOLDS):
            path = folder / f"judge-{key}-{fold}.safetensors"
            heads = _Heads([len(held) for held in self.values.values()])
            if path.exists():
                heads.load_state_dict(load_file(path))
            else:
                _fit(heads, rows, fold, epochs)
                folder.mkdir(parents=True, exist_ok=True)
                fresh = path.with_suffix(".partial")
                save_file(heads.state_dict(), fresh)
                fresh.replace(path)
            self._judges.append(heads.eval())

    @torch.no_grad()
    def shares(
        self, seen: NDArray[np.float32], folds: NDArray[np.int64]
    ) -> dict[Facet, NDArray[np.float32]]:
        """Probabilities of the values.

        Args:
            seen: (N, F) features.
            folds: (N,) of the products that the pictures are asked to show, 0 or 1: their judge is
                the one that was fitted without them.

        Returns:
            Facet → float32 (N, values).
        """
        found = {
            facet: np.zeros((len(seen), len(held)), np.float32)
            for facet, held in self.values.items()
        }
        for fold, heads in enumerate(self._judges):
            rows = np.flatnonzero(folds == fold)
            told = heads(torch.from_numpy(seen[rows]))
            for facet, logits in zip(self.values, told, strict=True):
                found[facet][rows] = logits.softmax(1).numpy()
        return found


def _fit(heads: _Heads, rows: JudgeRows, fold: int, epochs: int) -> None:
    """Fit to every row but the fold's own; weights start from the fold's number."""
    generator = torch.Generator().manual_seed(fold)
    torch.manual_seed(fold)
    for layer in heads.modules():
        if isinstance(layer, nn.Linear):
            layer.reset_parameters()
    chosen = np.flatnonzero(rows.folds != fold)
    seen = torch.from_numpy(np.concatenate([view[chosen] for view in rows.views]))
    labels = torch.from_numpy(np.tile(rows.labels[chosen], (len(rows.views), 1)))
    optimiser = torch.optim.AdamW(heads.parameters(), lr=_RATE, weight_decay=_DECAY)
    batches = epochs * -(-len(seen) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=batches)
    heads.train()
    for _ in range(epochs):
        for batch in torch.randperm(len(seen), generator=generator).split(_BATCH):
            losses = [
                functional.cross_entropy(logits, target, ignore_index=-1, reduction="sum")
                / len(batch)
                for logits, target in zip(heads(seen[batch]), labels[batch].T, strict=True)
            ]
            optimiser.zero_grad(set_to_none=True)
            torch.stack(losses).sum().backward()
            optimiser.step()
            schedule.step()
    _log.info("judge %d fitted to %d rows in %d views", fold, len(chosen), len(rows.views))
