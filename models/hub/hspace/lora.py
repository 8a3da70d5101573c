"""Low-rank changes to the UNet's way up (LoRA, Hu et al. 2022), by hooks on its layers.

The layers themselves stand still and are not replaced, so that the student under them is the same
one with the scale at 0.
"""

from __future__ import annotations

import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor, nn

__all__ = ["DecoderLora", "added_weight"]


class DecoderLora(nn.Module):
    """Adds ``scale · up(down(x))`` to every convolution and linear layer of the way up.

    Args:
        unet: Gets forward hooks.
        rank: Of each change.
    """

    def __init__(self, unet: UNet2DConditionModel, rank: int = 4):
        super().__init__()
        self.scale: float | Tensor = 1.0
        self.changes = nn.ModuleDict()
        self._handles = []
        for name, layer in unet.up_blocks.named_modules():
            change = _change(layer, rank)
            if change is None:
                continue
            self.changes[name.replace(".", "/")] = change
            self._handles.append(layer.register_forward_hook(self._hook(change)))

    def _hook(self, change: nn.Module):
        def add(_module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
            if isinstance(self.scale, float) and self.scale == 0:
                return output
            return output + self.scale * change(inputs[0])

        return add

    @torch.no_grad()
    def merge(self, unet: UNet2DConditionModel) -> None:
        """Write the changes into the layers' own weights, and take the hooks away.

        The network then draws what it drew with the hooks, at no cost, and not without them.

        Args:
            unet: The one that the hooks are on.
        """
        for name, change in self.changes.items():
            weight = unet.up_blocks.get_parameter(f"{name.replace('/', '.')}.weight")
            weight += self.scale * added_weight(change)
        self.remove()

    def remove(self) -> None:
        """Take the hooks away."""
        for each in self._handles:
            each.remove()


@torch.no_grad()
def added_weight(change: nn.Module) -> Tensor:
    """What ``up(down(x))`` adds to a layer's weight: float32 (O, I) or (O, I, h, w)."""
    down, up = (change.get_submodule(each).get_parameter("weight").float() for each in ("0", "1"))
    if down.ndim == 2:
        return up @ down
    return torch.einsum("or,rihw->oihw", up[:, :, 0, 0], down)


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
