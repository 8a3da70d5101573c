"""Fits the attribute heads again, to the pictures of the train split, when the towers stand still.

In training the heads share their gradient with everything else and follow towers that move. Fitted
last they are right more often and surer of it (docs/adr/0007). A head for patterns joins them, from
the words of titles: what a title does not call patterned counts as plain.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.training.network import AttributeHeads
from models.training.pairs import ATTRIBUTES
from models.training.patterns import pattern_labels

__all__ = ["PATTERN", "refit_heads"]

_log = logging.getLogger(__name__)
PATTERN = "pattern"
_STEPS = 1500
_BATCH = 512
_RATE = 2e-3
_WEIGHT_DECAY = 0.02
_LENGTH = 16.0
"""Vectors are made this long while the heads learn, so that AdamW's steps are of the right size;
the weights are then that much larger instead."""


def refit_heads(
    names: Mapping[str, Sequence[str]],
    views: Sequence[Tensor],
    labels: Tensor,
    titles: Sequence[str],
    *,
    seed: int,
) -> tuple[AttributeHeads, dict[str, tuple[str, ...]]]:
    """Linear classifiers over pictures' vectors.

    Args:
        names: Attribute → labels.
        views: (N, D) unit vectors each, of the same pictures.
        labels: (N, A) codes in the order of `ATTRIBUTES`, -1 where unknown.
        titles: Of the pictures.
        seed: Of the batches.

    Returns:
        The heads, and the names with those of the patterns where there are two at least.
    """
    device = labels.device
    patterns, codes = pattern_labels(titles)
    columns = {each: labels[:, ATTRIBUTES.index(each)] for each in names}
    known = {each: tuple(values) for each, values in names.items()}
    if len(patterns) > 1:
        known[PATTERN] = patterns
        columns[PATTERN] = torch.tensor(codes, device=device)
    sizes = {each: len(values) for each, values in known.items()}
    heads = AttributeHeads(sizes, views[0].shape[1]).to(device)
    for head in heads.named().values():
        nn.init.zeros_(head.weight)
        nn.init.zeros_(head.bias)
    optimiser = torch.optim.AdamW(heads.parameters(), lr=_RATE, weight_decay=_WEIGHT_DECAY)
    rng = np.random.default_rng((seed, 4))
    loss = labels.new_zeros(())
    for step in range(_STEPS):
        for group in optimiser.param_groups:
            group["lr"] = _RATE * 0.5 * (1 + math.cos(math.pi * step / _STEPS))
        rows = torch.from_numpy(rng.integers(len(titles), size=_BATCH)).to(device)
        logits = heads(_LENGTH * views[step % len(views)][rows])
        loss = torch.stack([_error(logits[each], columns[each][rows]) for each in known]).sum()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        for head in heads.named().values():
            head.weight *= _LENGTH
    _log.info("refit of %d heads: loss %.3f", len(known), float(loss))
    return heads, known


def _error(logits: Tensor, codes: Tensor) -> Tensor:
    """Mean cross-entropy over the rows whose label is known; 0 where none is."""
    errors = functional.cross_entropy(logits, codes, ignore_index=-1, reduction="sum")
    return errors / (codes >= 0).sum().clamp(min=1)
