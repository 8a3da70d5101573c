"""The two networks of the tagger study: an attention LSTM, and a perceptron with sigmoids.

Both read the same frozen features, see `models.training.tag_features`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

__all__ = ["AttentionDecoder", "Emitted", "SigmoidTagger"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Emitted:
    """What a decoder says step by step.

    Attributes:
        logits: (B, T, C + 1); the last class is the end.
        chosen: (B, T) the likeliest class of each step.
    """

    logits: Tensor
    chosen: Tensor


class AttentionDecoder(nn.Module):
    """Emits labels one by one, looking at places of the map (soft attention, LSTM cell).

    After Yazici et al. 2020: attention of the state over the places, a gate on its context, the
    embedding of the last step's likeliest class as input (in training too: no teacher forcing).

    Args:
        classes: Labels without the end.
        steps: Most steps.
        vector: Length of the image vector, from which the first state comes.
        channels: Of the map.
        hidden: Width of the cell.
        embedding: Length of a class's embedding.
        attention: Width of the attention.
        dropout: On the map and before the output.
    """

    def __init__(
        self,
        *,
        classes: int,
        steps: int,
        vector: int,
        channels: int,
        hidden: int,
        embedding: int,
        attention: int,
        dropout: float,
    ):
        super().__init__()
        self.classes, self.steps = classes, steps
        self.normalise = nn.LayerNorm(channels)
        self.first = nn.Linear(vector, 2 * hidden)
        self.embed = nn.Embedding(classes + 2, embedding)  # the end, and the start
        self.look = nn.Linear(channels, attention)
        self.ask = nn.Linear(hidden, attention)
        self.weigh = nn.Linear(attention, 1)
        self.gate = nn.Linear(hidden, channels)
        self.cell = nn.LSTMCell(embedding + channels, hidden)
        self.out = nn.Linear(hidden, classes + 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, vectors: Tensor, maps: Tensor) -> Emitted:
        """(B, D) unit vectors and (B, P, C) maps to the whole sequence.

        All steps are taken; what stands after the end means nothing.
        """
        maps = self.dropout(self.normalise(maps))
        # Unit vectors are short against what a linear layer expects.
        state, memory = self.first(vectors * vectors.shape[1] ** 0.5).tanh().chunk(2, dim=1)
        seen = self.look(maps)
        last = torch.full((len(vectors),), self.classes + 1, device=vectors.device)
        logits: list[Tensor] = []
        chosen: list[Tensor] = []
        for _ in range(self.steps):
            scores = self.weigh((seen + self.ask(state)[:, None]).relu())[..., 0]
            context = torch.einsum("bp,bpc->bc", scores.softmax(1), maps)
            context = self.gate(state).sigmoid() * context
            state, memory = self.cell(torch.cat([self.embed(last), context], 1), (state, memory))
            logits.append(self.out(self.dropout(state)))
            last = logits[-1].argmax(1)
            chosen.append(last)
        return Emitted(logits=torch.stack(logits, 1), chosen=torch.stack(chosen, 1))


class SigmoidTagger(nn.Module):
    """A perceptron over the vector and the pooled map; one sigmoid a label."""

    def __init__(self, *, classes: int, vector: int, channels: int, hidden: int, dropout: float):
        super().__init__()
        self.normalise = nn.LayerNorm(channels)
        self.layers = nn.Sequential(
            nn.Linear(vector + 2 * channels, hidden),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, classes),
        )

    def forward(self, vectors: Tensor, maps: Tensor) -> Tensor:
        """(B, D) unit vectors and (B, P, C) maps to logits (B, classes)."""
        maps = self.normalise(maps)
        pooled = torch.cat([maps.mean(1), maps.amax(1)], 1)
        return self.layers(torch.cat([vectors * vectors.shape[1] ** 0.5, pooled], 1))
