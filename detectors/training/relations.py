"""Trains the relation network on annotations that know no fine class: a minute on a CPU."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file
from torch import Tensor, nn
from torch.nn import functional

from detectors.body import BODY_PARTS
from detectors.relations import FEATURES, RELATIONS, partner_classes
from detectors.training.one_core import one_core
from detectors.training.relation_pairs import Pairs, draw_pairs
from detectors.training.simulated import Noise
from detectors.training.street_relations import RelatedPhoto

__all__ = ["PairNetwork", "RelationsConfig", "average_precision", "fit_relations", "save_relations"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationsConfig:
    """A training run.

    Attributes:
        views: Noisy views of each photo.
        steps: Of the optimiser.
        batch: Pairs a step.
        width: Of the two hidden layers.
        embedding: Length of a class's embedding.
        negatives: Counted for each positive, by relation.
        noise: Of the views.
    """

    seed: int = 7
    views: int = 8
    steps: int = 2500
    batch: int = 1024
    width: int = 64
    embedding: int = 16
    rate: float = 3e-3
    weight_decay: float = 1e-3
    negatives: float = 3.0
    noise: Noise = field(default_factory=Noise)


class PairNetwork(nn.Module):
    """The network of `detectors.relations`, to be trained.

    Args:
        kinds: How many things a partner can be.
        width: Of the hidden layers.
        embedding: Length of each kind's.
    """

    def __init__(self, kinds: int, width: int, embedding: int) -> None:
        super().__init__()
        self.classes = nn.Parameter(torch.randn(kinds, embedding) * 0.3)
        sides = (FEATURES + 2 * embedding, width, width, len(RELATIONS))
        self.layers = nn.ModuleList(nn.Linear(sides[k], sides[k + 1]) for k in range(3))

    def forward(self, features: Tensor, own: Tensor, other: Tensor) -> Tensor:
        """Logits (P, relations) of features (P, 14) and kinds (P, kinds)."""
        hidden = torch.cat([features, own @ self.classes, other @ self.classes], dim=1)
        for layer in self.layers[:2]:
            hidden = functional.relu(layer(hidden))
        return self.layers[2](hidden)

    def tensors(self) -> dict[str, NDArray[np.float32]]:
        """What `detectors.relations.RelationNetwork` takes."""
        found = {"classes": self.classes.detach().numpy().copy()}
        for place, layer in enumerate(self.layers):
            assert isinstance(layer, nn.Linear)
            found[f"{place}.weight"] = layer.weight.detach().numpy().copy()
            found[f"{place}.bias"] = layer.bias.detach().numpy().copy()
        return found


def fit_relations(
    photos: Sequence[RelatedPhoto], classes: Sequence[str], config: RelationsConfig
) -> dict[str, NDArray[np.float32]]:
    """Train on annotated photos; the network's tensors, float32."""
    began = time.monotonic()
    torch.manual_seed(config.seed)
    pairs = draw_pairs(
        photos,
        classes,
        views=config.views,
        noise=config.noise,
        negatives=config.negatives,
        rng=np.random.default_rng((config.seed, 1)),
    )
    network = PairNetwork(len(partner_classes(classes)), config.width, config.embedding)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=config.rate, weight_decay=config.weight_decay
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, config.steps)
    given = [torch.from_numpy(each) for each in (pairs.features, pairs.own, pairs.other)]
    holds = torch.from_numpy(pairs.relations).float()
    counted = torch.from_numpy(pairs.counted).float()
    drawn = torch.Generator().manual_seed(config.seed)
    with one_core():
        for step in range(config.steps):
            chosen = torch.randint(len(pairs), (config.batch,), generator=drawn)
            logits = network(*(each[chosen] for each in given))
            losses = functional.binary_cross_entropy_with_logits(
                logits, holds[chosen], reduction="none"
            )
            weights = counted[chosen]
            loss = (losses * weights).sum() / weights.sum().clamp(min=1)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            if (step + 1) % 1000 == 0:
                _log.info("step %d: loss %.4f", step + 1, loss.item())
    _log.info("%d pairs, %.0f s", len(pairs), time.monotonic() - began)
    return network.tensors()


def average_precision(
    tensors: Mapping[str, NDArray[np.float32]], pairs: Pairs
) -> dict[str, tuple[float, float]]:
    """Of each relation: average precision over all pairs, and the share of them it holds of."""
    kinds, embedding = tensors["classes"].shape
    network = PairNetwork(kinds, len(tensors["0.bias"]), embedding)
    network.load_state_dict(
        {"classes": torch.from_numpy(tensors["classes"])}
        | {
            f"layers.{name}": torch.from_numpy(each)
            for name, each in tensors.items()
            if name != "classes"
        }
    )
    with torch.no_grad():
        scores = network(
            *(torch.from_numpy(each) for each in (pairs.features, pairs.own, pairs.other))
        ).numpy()
    found: dict[str, tuple[float, float]] = {}
    for place, name in enumerate(RELATIONS):
        right = pairs.relations[np.argsort(-scores[:, place], kind="stable"), place]
        precision = np.cumsum(right) / np.arange(1, len(right) + 1)
        found[name] = (float(precision[right].mean()) if right.any() else 0.0, float(right.mean()))
    return found


def save_relations(
    tensors: Mapping[str, NDArray[np.float32]], classes: Sequence[str], folder: Path
) -> Path:
    """Write what `detectors.relations.load_relations` reads; calibrations of old ones go."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "relations.safetensors"
    save_file({name: each.astype(np.float16) for name, each in tensors.items()}, path)
    path.chmod(0o644)  # safetensors makes files that only their owner reads
    config = {
        "classes": list(classes),
        "body": list(BODY_PARTS),
        "relations": list(RELATIONS),
    }
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    (folder / "calibration.json").unlink(missing_ok=True)
    return folder
