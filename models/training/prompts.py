"""Labels as words: the text tower's vector of "tshirts" is the classifier of that type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from models.training.pairs import ATTRIBUTES
from models.training.texts import encode_batch

__all__ = ["LabelPrompts", "label_prompts", "prompt_loss"]

PROMPTED = ("type", "colour")
_SCALE = 20.0
"""Cosines times this are logits; fixed, so that no label is won by temperature alone."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelPrompts:
    """The names of the prompted labels as tokens.

    Attributes:
        words: P names in lower case, all attributes one after the other.
        tokens: int64 (P, T), the same.
        sizes: Number of labels of each attribute of `PROMPTED`.
    """

    words: tuple[str, ...]
    tokens: Tensor
    sizes: tuple[int, ...]

    def to(self, device: str) -> LabelPrompts:
        """The same on another device."""
        return replace(self, tokens=self.tokens.to(device))


def label_prompts(names: Mapping[str, Sequence[str]], tokenizer: Tokenizer) -> LabelPrompts:
    """Tokens of the label names, in the order of their codes."""
    words = tuple(value.lower() for attribute in PROMPTED for value in names[attribute])
    return LabelPrompts(
        words=words,
        tokens=torch.from_numpy(encode_batch(tokenizer, words)),
        sizes=tuple(len(names[attribute]) for attribute in PROMPTED),
    )


def prompt_loss(
    images: Tensor, prompts: Tensor, sizes: Sequence[int], labels: Tensor, *, smoothing: float = 0.1
) -> Tensor:
    """Mean cross-entropy of pictures against the vectors of all names of an attribute.

    Args:
        images: (B, D) unit vectors.
        prompts: (P, D) unit vectors of `LabelPrompts.tokens`.
        sizes: `LabelPrompts.sizes`.
        labels: (B, A) codes in the order of `ATTRIBUTES`, -1 where unknown.
        smoothing: Label smoothing.
    """
    losses: list[Tensor] = []
    for attribute, vectors in zip(PROMPTED, prompts.split(list(sizes)), strict=True):
        codes = labels[:, ATTRIBUTES.index(attribute)]
        rows = codes >= 0
        each = functional.cross_entropy(
            _SCALE * images @ vectors.T,
            codes.clamp(min=0),
            reduction="none",
            label_smoothing=smoothing,
        )
        losses.append((each * rows).sum() / rows.sum().clamp(min=1))
    return torch.stack(losses).mean()
