"""The two towers of one run of the text-tower study, and its losses."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from models.training.studies.text_towers_corpus import Corpus
from models.training.studies.text_towers_features import DEEP, LAB, MIDDLE, build_backbone
from models.training.studies.text_towers_sentences import SENTENCE_DIMS
from models.training.text_towers import TextTowerSizes, TowerName, build_text_tower

__all__ = ["ImageHead", "StudyModel", "hardest_negative_loss", "sentence_loss"]

_HIDDEN = 512
_CHUNK = 256


class ImageHead(nn.Module):
    """Frozen features to unit vectors: a linear path and a bent one beside it."""

    def __init__(self, dims: int):
        super().__init__()
        self.normalise = nn.LayerNorm(DEEP + MIDDLE)
        joined = DEEP + MIDDLE + LAB
        self.linear = nn.Linear(joined, dims)
        self.bend = nn.Sequential(
            nn.Linear(joined, _HIDDEN), nn.GELU(), nn.Dropout(0.1), nn.Linear(_HIDDEN, dims)
        )

    def forward(self, pooled: Tensor, lab: Tensor) -> Tensor:
        """Pooled features (B, 1504) and Lab pictures (B, 576) to unit vectors (B, dims)."""
        shape = self.normalise(torch.cat([pooled[:, :DEEP] * 2, pooled[:, DEEP:]], dim=1))
        joined = torch.cat([shape, 2 * lab], dim=1)
        return functional.normalize(self.linear(joined) + self.bend(joined), dim=1)


class StudyModel(nn.Module):
    """Image head, text tower and temperature.

    Args:
        tower: Name of the text tower.
        sizes: Of the text tower.
        seed: Of the new weights. The image head's are the same for every tower.
        sentences: With a linear reader of sentence-encoder targets, used in training only.
        unfreezes: With the last stage of the trunk, for runs that train it.
    """

    def __init__(
        self,
        tower: TowerName,
        sizes: TextTowerSizes,
        *,
        seed: int,
        sentences: bool = False,
        unfreezes: bool = False,
    ):
        super().__init__()
        torch.manual_seed(seed)
        self.image = ImageHead(sizes.dims)
        self.log_scale = nn.Parameter(torch.tensor(2.7))  # 1 / 0.067
        self.text = build_text_tower(tower, sizes)
        self.sentence = nn.Linear(sizes.dims, SENTENCE_DIMS) if sentences else None
        self.upper: nn.Module | None = None
        if unfreezes:
            self.upper = build_backbone().upper.to(memory_format=torch.channels_last)
            for module in self.upper.modules():
                if isinstance(module, nn.Conv2d) and module.groups > 1:
                    module.weight.requires_grad_(False)  # costly on a CPU, see the encoder

    def train(self, mode: bool = True) -> StudyModel:
        """Train or evaluate; the trunk's batch statistics stay as ImageNet left them."""
        super().train(mode)
        if self.upper is not None:
            self.upper.eval()
        return self

    def embed_pictures(
        self, corpus: Corpus, rows: NDArray[np.int64], *, live_trunk: bool = False
    ) -> Tensor:
        """Unit vectors (B, dims) of pictures.

        Args:
            corpus: Holds their frozen features.
            rows: (B,).
            live_trunk: Run the last stage of the trunk instead of reading its output.
        """
        place = torch.from_numpy(rows)
        pooled = corpus.shapes[place].float()
        if live_trunk and self.upper is not None:
            maps = torch.from_numpy(corpus.maps[rows]).float()
            deep = self.upper(maps.contiguous(memory_format=torch.channels_last)).mean((2, 3))
            pooled = torch.cat([deep, pooled[:, DEEP:]], dim=1)
        return self.image(pooled, corpus.labs[place].float())

    @torch.no_grad()
    def picture_vectors(self, corpus: Corpus, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Unit vectors (n, dims) of many pictures, in evaluation mode."""
        self.eval()
        parts = [
            self.embed_pictures(corpus, rows[start : start + _CHUNK], live_trunk=True).numpy()
            for start in range(0, len(rows), _CHUNK)
        ]
        return np.concatenate(parts)

    @torch.no_grad()
    def title_vectors(self, tokens: NDArray[np.int64]) -> NDArray[np.float32]:
        """Unit vectors (n, dims) of many texts, given as token ids, in evaluation mode."""
        self.eval()
        parts = [
            self.text(torch.from_numpy(tokens[start : start + _CHUNK])).numpy()
            for start in range(0, len(tokens), _CHUNK)
        ]
        return np.concatenate(parts)


def hardest_negative_loss(
    images: Tensor, texts: Tensor, same: Tensor, *, margin: float = 0.2
) -> Tensor:
    """Triplet loss on the hardest negative of the batch, both ways.

    mean_i max(0, m − s(i, i) + max_j s(i, j)) over images and the same over texts, j not of the
    same title. Faghri et al. 2018, VSE++ (https://arxiv.org/abs/1707.05612), which sums where this
    takes the mean. Vectors are unit length, so 0 ≤ loss ≤ 2 (m + 2); a network that gives
    everything one vector pays 2 m and has no way down but through its other rows.

    Args:
        images: (B, D) unit vectors.
        texts: (B, D) unit vectors, row i belonging to image i.
        same: (B, B) bool, pairs of one title; these are no negatives.
        margin: m.
    """
    scores = texts @ images.T
    own = scores.diagonal()
    others = scores.masked_fill(same, -torch.inf)
    by_text = (margin - own + others.amax(1)).clamp(min=0)
    by_image = (margin - own + others.amax(0)).clamp(min=0)
    return by_text.mean() + by_image.mean()


def sentence_loss(read: Tensor, targets: Tensor) -> Tensor:
    """Mean 1 − cosine to a sentence encoder's vectors (B, 384); rows of zeros do not count."""
    rows = targets.abs().sum(1) > 0
    cosine = functional.cosine_similarity(read, targets, dim=1)
    return ((1 - cosine) * rows).sum() / rows.sum().clamp(min=1)
