"""Low-rank changes to the UNet's way up (LoRA, Hu et al. 2022), by hooks on its layers.

The layers themselves stand still and are not replaced, so that the student under them is the same
one with the scale at 0.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.training.variants.network import Generator

__all__ = ["DecoderLora"]


class DecoderLora(nn.Module):
    """Adds ``scale · up(down(x))`` to every convolution and linear layer of the way up.

    Args:
        generator: Whose UNet; gets forward hooks.
        rank: Of each change.
    """

    def __init__(self, generator: Generator, rank: int = 4):
        super().__init__()
        self.scale: float | Tensor = 1.0
        self.changes = nn.ModuleDict()
        self._handles = []
        for name, layer in generator.unet.up_blocks.named_modules():
            change = _change(layer, rank)
            if change is None:
                continue
            self.changes[name.replace(".", "/")] = change
            self._handles.append(layer.register_forward_hook(self._hook(change)))

    def _hook(self, change: nn.Module):
        def add(_module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
            return output + self.scale * change(inputs[0])

        return add

    @torch.no_grad()
    def merge(self, generator: Generator) -> None:
        """Write the changes into the layers' own weights, and take the hooks away.

        The network then draws what it drew with the hooks, at no cost, and not without them.

        Args:
            generator: The one that the hooks are on.
        """
        for name, change in self.changes.items():
            down, up = (each.flatten(1) for each in change.parameters())
            weight = generator.unet.up_blocks.get_parameter(f"{name.replace('/', '.')}.weight")
            weight += self.scale * (up @ down).view_as(weight)
        self.remove()

    def remove(self) -> None:
        """Take the hooks away."""
        for each in self._handles:
            each.remove()


def _change(layer: nn.Module, rank: int) -> nn.Sequential | None:
    down: nn.Module
    up: nn.Module
    if isinstance(layer, nn.Conv2d):
        down = nn.Conv2d(
            layer.in_channels,
            rank,
            layer.kernel_size,  # pyright: ignore[reportArgumentType]
            layer.stride,  # pyright: ignore[reportArgumentType]
            layer.padding,  # pyright: ignore[reportArgumentType]
            bias=False,
        )
        up = nn.Conv2d(rank, layer.out_channels, 1, bias=False)
    elif isinstance(layer, nn.Linear):
        down = nn.Linear(layer.in_features, rank, bias=False)
        up = nn.Linear(rank, layer.out_features, bias=False)
    else:
        return None
    nn.init.zeros_(up.weight)
    return nn.Sequential(down, up)
