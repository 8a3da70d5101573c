"""Text towers with one signature: word average, recurrent and transformer.

Each reads token ids (B, T) int64, 0 being padding at the right, and returns unit vectors (B, dims).
They share the width of their word embeddings, so that what differs is how words are put together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from models.training.network import TextLayer, TextTower, TowerConfig

__all__ = [
    "TOWER_NAMES",
    "RecurrentTower",
    "TextTowerSizes",
    "TowerName",
    "TransformerTower",
    "WordAverageTower",
    "build_text_tower",
    "count_parameters",
]

TowerName = Literal["word-average", "gru", "transformer", "transformer+average"]
TOWER_NAMES: tuple[TowerName, ...] = get_args(TowerName)
_EMBEDDING_STD = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTowerSizes:
    """Sizes that the towers share.

    Attributes:
        vocabulary: Number of subwords, padding included.
        tokens: Longest text, in subwords.
        width: Of a word embedding, of each direction of the recurrent tower and of the transformer.
        dims: Length of an output vector.
        layers: Depth of the transformer.
        dropout: On word embeddings, and inside the transformer's layers.
    """

    vocabulary: int = 8192
    tokens: int = 16
    width: int = 256
    dims: int = 256
    layers: int = 2
    dropout: float = 0.1


def _embedding(sizes: TextTowerSizes) -> nn.Embedding:
    embedding = nn.Embedding(sizes.vocabulary, sizes.width)
    nn.init.normal_(embedding.weight, std=_EMBEDDING_STD)
    return embedding


def _projection(width: int, dims: int) -> nn.Linear:
    """Without a first bias: next to small word embeddings it would make all texts alike."""
    projection = nn.Linear(width, dims)
    nn.init.zeros_(projection.bias)
    return projection


def _masked_mean(words: Tensor, tokens: Tensor) -> Tensor:
    """Mean (B, W) of words (B, T, W) over what is no padding; 0 for a text of padding alone."""
    kept = (tokens != 0).to(words.dtype)[..., None]
    return (words * kept).sum(1) / kept.sum(1).clamp(min=1)


class WordAverageTower(nn.Module):
    """Mean of the subword embeddings and a linear layer: blind to the order of words."""

    def __init__(self, sizes: TextTowerSizes):
        super().__init__()
        self.embed = _embedding(sizes)
        self.dropout = nn.Dropout(sizes.dropout)
        self.project = _projection(sizes.width, sizes.dims)

    def forward(self, tokens: Tensor) -> Tensor:
        """int64 (B, T) to unit vectors (B, dims)."""
        words = self.dropout(self.embed(tokens))
        return functional.normalize(self.project(_masked_mean(words, tokens)), dim=1)


class RecurrentTower(nn.Module):
    """A gated recurrent network in both directions, its outputs averaged over the words."""

    def __init__(self, sizes: TextTowerSizes):
        super().__init__()
        self.embed = _embedding(sizes)
        self.dropout = nn.Dropout(sizes.dropout)
        self.read = nn.GRU(sizes.width, sizes.width, batch_first=True, bidirectional=True)
        self.project = _projection(2 * sizes.width, sizes.dims)

    def forward(self, tokens: Tensor) -> Tensor:
        """int64 (B, T) to unit vectors (B, dims)."""
        words = self.dropout(self.embed(tokens))
        # Packed, so that the backward direction starts at the last word and not in the padding.
        lengths = (tokens != 0).sum(1).clamp(min=1).cpu()
        packed = pack_padded_sequence(words, lengths, batch_first=True, enforce_sorted=False)
        seen, _ = pad_packed_sequence(
            self.read(packed)[0], batch_first=True, total_length=tokens.shape[1]
        )
        return functional.normalize(self.project(_masked_mean(seen, tokens)), dim=1)


class TransformerTower(nn.Module):
    """Transformer layers over words with learned places, averaged over the words.

    Unlike `models.training.network.TextTower` it has no word average beside the layers: what it
    knows passes through them.
    """

    def __init__(self, sizes: TextTowerSizes):
        super().__init__()
        self.embed = _embedding(sizes)
        self.place = nn.Parameter(torch.randn(sizes.tokens, sizes.width) * 0.02)
        self.layers = nn.ModuleList(
            [TextLayer(sizes.width, dropout=sizes.dropout) for _ in range(sizes.layers)]
        )
        self.normalise = nn.LayerNorm(sizes.width)
        self.dropout = nn.Dropout(sizes.dropout)
        self.project = _projection(sizes.width, sizes.dims)

    def forward(self, tokens: Tensor) -> Tensor:
        """int64 (B, T), T ≤ sizes.tokens, to unit vectors (B, dims)."""
        empty = tokens == 0
        words = self.dropout(self.embed(tokens) + self.place[: tokens.shape[1]])
        for layer in self.layers:
            words = layer(words, empty)
        pooled = _masked_mean(self.normalise(words), tokens)
        return functional.normalize(self.project(pooled), dim=1)


def build_text_tower(name: TowerName, sizes: TextTowerSizes) -> nn.Module:
    """A tower with freshly drawn weights; seed torch before.

    ``transformer+average`` is the text tower of the compact encoder at these sizes.

    Raises:
        ValueError: No tower has that name.
    """
    if name == "word-average":
        return WordAverageTower(sizes)
    if name == "gru":
        return RecurrentTower(sizes)
    if name == "transformer":
        return TransformerTower(sizes)
    if name == "transformer+average":
        return TextTower(
            TowerConfig(
                dims=sizes.dims,
                vocabulary=sizes.vocabulary,
                tokens=sizes.tokens,
                text_width=sizes.width,
                text_layers=sizes.layers,
            )
        )
    raise ValueError(f"no text tower {name!r}: expected one of {', '.join(TOWER_NAMES)}")


def count_parameters(module: nn.Module) -> int:
    """Numbers that a module learns."""
    return sum(each.numel() for each in module.parameters() if each.requires_grad)
