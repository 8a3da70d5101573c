"""Low-rank changes of the decoder as other weights, not as other layers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor, nn

from models.hub.hspace.lora import DecoderLora, added_weight

__all__ = ["FoldedLora"]


class FoldedLora:
    """The decoder's weights with the changes added, beside those without.

    Args:
        unet: Where it is to run, in its precision.
        lora: Its changes; their hooks are taken away.
    """

    def __init__(self, unet: UNet2DConditionModel, lora: DecoderLora) -> None:
        lora.remove()
        self._weights: list[tuple[nn.Parameter, Tensor, Tensor]] = []
        for name, change in lora.changes.items():
            layer = unet.up_blocks.get_submodule(name.replace("/", "."))
            weight = layer.get_parameter("weight")
            folded = (weight.detach().float() + added_weight(change).to(weight.device)).to(
                weight.dtype
            )
            self._weights.append((weight, weight.data, folded))

    @contextmanager
    def on(self) -> Iterator[None]:
        """With the changes; afterwards the weights are the very ones from before."""
        for weight, _, folded in self._weights:
            weight.data = folded
        try:
            yield
        finally:
            for weight, plain, _ in self._weights:
                weight.data = plain
