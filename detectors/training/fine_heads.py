"""What RelDetect is measured against: heads that learn fine classes from annotated boxes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from detectors.training.one_core import one_core

__all__ = ["Annotations", "FineHead", "HeadConfig", "choose_head", "fit_head"]

_ROUNDS = 60
_BIAS_DECAY = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Annotations:
    """Boxes with fine labels.

    Attributes:
        features: float32 (N, D), what the head reads.
        labels: N fine labels.
        coarse: N coarse classes.
    """

    features: NDArray[np.float32]
    labels: tuple[str, ...]
    coarse: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadConfig:
    """A head.

    Attributes:
        hidden: Width of its hidden layer; 0 for none, which is logistic regression.
        decay: Weight of the squared weights against the summed loss; biases have a small one.
    """

    hidden: int
    decay: float


class FineHead:
    """Probability of each fine class given the coarse one.

    Args:
        score: (N, D) features to (N, F) logits.
        siblings: Coarse class → fine class → place among the logits.
    """

    def __init__(
        self,
        score: Callable[[NDArray[np.float32]], NDArray[np.float64]],
        siblings: Mapping[str, Mapping[str, int]],
    ) -> None:
        self._score = score
        self._siblings = siblings

    def probabilities(
        self, features: NDArray[np.float32], coarse: str
    ) -> dict[str, NDArray[np.float64]]:
        """Fine class → (N,); over the siblings of a coarse class they add up to 1."""
        held = self._siblings[coarse]
        logits = self._score(features)[:, list(held.values())]
        logits -= logits.max(axis=1, keepdims=True)
        weights = np.exp(logits)
        shares = weights / weights.sum(axis=1, keepdims=True)
        return {name: shares[:, column] for column, name in enumerate(held)}


def fit_head(
    given: Annotations,
    siblings: Mapping[str, Sequence[str]],
    config: HeadConfig,
    *,
    seed: int = 0,
) -> FineHead:
    """Learn which of its siblings a box is.

    Args:
        given: At least one annotated box; labels that are no sibling are left out.
        siblings: Coarse class → its fine classes.
        config: The head.
        seed: Of the hidden layer.
    """
    torch.manual_seed(seed)
    names = [(coarse, fine) for coarse, each in siblings.items() for fine in each]
    place = {name: number for number, name in enumerate(names)}
    rows = [
        row for row, key in enumerate(zip(given.coarse, given.labels, strict=True)) if key in place
    ]
    wanted = torch.tensor([place[given.coarse[row], given.labels[row]] for row in rows])
    allowed = torch.full((len(rows), len(names)), -torch.inf)
    for number, row in enumerate(rows):
        for fine in siblings[given.coarse[row]]:
            allowed[number, place[given.coarse[row], fine]] = 0.0
    features = given.features[rows] if rows else given.features[:0]
    middle = features.mean(axis=0) if rows else np.zeros(given.features.shape[1])
    spread = features.std(axis=0) if len(rows) > 1 else np.ones(given.features.shape[1])
    spread = np.where(spread > 1e-3, spread, 1.0)

    def scaled(values: NDArray[np.float32]) -> torch.Tensor:
        return torch.from_numpy(((values - middle) / spread).astype(np.float32))

    width = given.features.shape[1]
    if config.hidden:
        network: nn.Module = nn.Sequential(
            nn.Linear(width, config.hidden), nn.Tanh(), nn.Linear(config.hidden, len(names))
        )
    else:
        network = nn.Linear(width, len(names))
        nn.init.zeros_(network.weight)
        nn.init.zeros_(network.bias)
    if rows:
        _minimise(network, scaled(features), wanted, allowed, config.decay)

    def score(values: NDArray[np.float32]) -> NDArray[np.float64]:
        with torch.no_grad():
            return network(scaled(values)).double().numpy()

    by_coarse = {
        coarse: {fine: place[coarse, fine] for fine in each} for coarse, each in siblings.items()
    }
    return FineHead(score, by_coarse)


def choose_head(
    given: Annotations,
    held_out: Annotations,
    siblings: Mapping[str, Sequence[str]],
    configs: Sequence[HeadConfig],
) -> HeadConfig:
    """The head under which the held-out labels are most probable."""
    return max(configs, key=lambda each: _fit_quality(given, held_out, siblings, each))


def _fit_quality(
    given: Annotations,
    held_out: Annotations,
    siblings: Mapping[str, Sequence[str]],
    config: HeadConfig,
) -> float:
    head = fit_head(given, siblings, config)
    total = 0.0
    for coarse in siblings:
        rows = [row for row, each in enumerate(held_out.coarse) if each == coarse]
        if rows:
            shares = head.probabilities(held_out.features[rows], coarse)
            total += sum(
                float(np.log(np.maximum(shares[held_out.labels[row]][number], 1e-6)))
                for number, row in enumerate(rows)
                if held_out.labels[row] in shares
            )
    return total


def _minimise(
    network: nn.Module,
    features: torch.Tensor,
    wanted: torch.Tensor,
    allowed: torch.Tensor,
    decay: float,
) -> None:
    weights = list(network.parameters())
    optimiser = torch.optim.LBFGS(
        weights, max_iter=_ROUNDS, history_size=10, line_search_fn="strong_wolfe"
    )

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        losses = nn.functional.cross_entropy(network(features) + allowed, wanted, reduction="sum")
        size = sum((decay if each.ndim > 1 else _BIAS_DECAY) * (each**2).sum() for each in weights)
        loss = (losses + size) / len(features)
        loss.backward()
        return loss

    with one_core():
        optimiser.step(closure)
