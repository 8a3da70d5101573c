"""The first half of a UNet, to the output of its middle block: what the papers call H-space.

diffusers' own forward runs, over a view of the same modules that has no way up.
"""

from __future__ import annotations

import copy

from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor, nn

from models.training.variants.network import Condition, Generator

__all__ = ["first_half", "h_space"]


def first_half(unet: UNet2DConditionModel) -> UNet2DConditionModel:
    """A UNet that shares this one's weights and ends after the middle block.

    Its sample has the middle block's channels and places. Hooks on the middle block run.
    """
    half = copy.copy(unet)
    half._compiled_call_impl = None  # that of the whole UNet, if it was compiled
    half._modules = dict(unet._modules)
    half._modules |= {
        "up_blocks": nn.ModuleList(),
        "conv_norm_out": None,
        "conv_act": None,
        "conv_out": nn.Identity(),
    }
    return half


def h_space(model: Generator, latents: Tensor, time: Tensor, condition: Condition) -> Tensor:
    """Middle features of noisy or clean latents, (B, C, 4, 3).

    For retrieved pictures the latents are clean, the time is 0 and the prompt is their own
    caption (ImageRAGTurbo §3.1).
    """
    half = copy.copy(model)
    half._modules = dict(model._modules)
    half.unet = first_half(model.unet)
    return half(latents, time, condition)
