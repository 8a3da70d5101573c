"""The first half of a UNet, to the output of its middle block: what the papers call H-space.

diffusers' own forward runs, over a view of the same modules that has no way up.
"""

from __future__ import annotations

import copy

from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import nn

__all__ = ["first_half"]


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
