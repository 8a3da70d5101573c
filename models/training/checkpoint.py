"""Training state on disk, in safetensors: weights, their average and the optimiser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

__all__ = ["AveragedWeights", "load_average", "load_checkpoint", "save_array", "save_checkpoint"]


class AveragedWeights:
    """Exponential moving average of a model's parameters and buffers.

    Args:
        model: Whose weights are averaged.
        decay: Share of the old average that a step keeps, smaller during the first steps.
    """

    def __init__(self, model: nn.Module, decay: float):
        self._decay = decay
        self.state = {name: each.detach().clone() for name, each in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Take a step's weights in."""
        decay = min(self._decay, (1 + step) / (10 + step))
        for name, each in model.state_dict().items():
            if each.is_floating_point():
                self.state[name].lerp_(each, 1 - decay)
            else:
                self.state[name].copy_(each)


def save_checkpoint(
    path: Path,
    *,
    model: nn.Module,
    average: AveragedWeights,
    optimiser: torch.optim.Optimizer,
    step: int,
    elapsed_s: float,
) -> None:
    """Write everything that training needs to go on; atomic, so a kill leaves the old file."""
    tensors: dict[str, Tensor] = {
        "step": torch.tensor(step),
        "elapsed_s": torch.tensor(elapsed_s, dtype=torch.float64),
    }
    tensors |= {f"model/{name}": each for name, each in model.state_dict().items()}
    tensors |= {f"average/{name}": each for name, each in average.state.items()}
    for number, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser/{number}/{name}": each for name, each in state.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".partial")
    save_file({name: each.detach().clone().contiguous() for name, each in tensors.items()}, fresh)
    fresh.replace(path)


def save_array(path: Path, array: NDArray[Any]) -> None:
    """Write a ``.npy`` file; atomic, so that a kill leaves the old file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".partial")
    with fresh.open("wb") as file:
        np.save(file, array)
    fresh.replace(path)


def load_checkpoint(
    path: Path,
    *,
    model: nn.Module,
    average: AveragedWeights,
    optimiser: torch.optim.Optimizer,
) -> tuple[int, float]:
    """Restore what `save_checkpoint` wrote.

    Returns:
        The number of steps done and the seconds that they took.
    """
    tensors = load_file(path)
    model.load_state_dict(_under(tensors, "model/"))
    for name, each in _under(tensors, "average/").items():
        average.state[name].copy_(each)
    states: dict[int, dict[str, Tensor]] = {}
    for name, each in _under(tensors, "optimiser/").items():
        number, part = name.split("/", 1)
        states.setdefault(int(number), {})[part] = each
    whole = optimiser.state_dict()
    whole["state"] = states
    optimiser.load_state_dict(whole)
    return int(tensors["step"]), float(tensors["elapsed_s"])


def load_average(path: Path) -> dict[str, Tensor]:
    """The averaged weights of a checkpoint: name → tensor."""
    return _under(load_file(path), "average/")


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): each for name, each in tensors.items() if name.startswith(prefix)
    }
