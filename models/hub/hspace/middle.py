"""Retrieved pictures in the middle of the UNet: the slerp edit and the adapter of ImageRAGTurbo.

Both are hooked behind diffusers' middle block (§3.2 and §3.3 of the paper; see
`reference/papers.md` §1.2). Without retrieved features the hook does nothing at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from diffusers.models.attention import FeedForward
from diffusers.models.attention_processor import Attention
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor, nn

__all__ = ["Adapter", "HSpace", "Retrieved", "slerp"]

_PARALLEL = 1e-3
"""Angles below this, in radians, have no plane to turn in: the mix is linear there."""


def slerp(target: Tensor, retrieved: Tensor, weight: Tensor) -> Tensor:
    """Spherical interpolation of features, each example as one long vector.

    The angle is taken between unit vectors and the mix applied to the features as they are.

    Args:
        target: (B, ...).
        retrieved: Of the same shape.
        weight: (B,), of the target: 1 is the target unchanged.
    """
    # In single precision: the squares of 80,000 features are more than fp16 can hold.
    ours, theirs = target.flatten(1).float(), retrieved.flatten(1).float()
    cosine = (nn.functional.normalize(ours, dim=1) * nn.functional.normalize(theirs, dim=1)).sum(1)
    angle = torch.arccos(cosine.clamp(-1, 1))
    sine = torch.sin(angle)
    linear = sine < _PARALLEL  # opposite vectors have no plane either
    safe = torch.where(linear, torch.ones_like(sine), sine)
    kept = torch.where(linear, weight, torch.sin(weight * angle) / safe)
    taken = torch.where(linear, 1 - weight, torch.sin((1 - weight) * angle) / safe)
    mixed = kept[:, None] * ours + taken[:, None] * theirs
    return torch.where((weight == 1)[:, None], ours, mixed).to(target.dtype).view_as(target)


class Adapter(nn.Module):
    """Cross-attention from the target's middle features to a retrieved picture's.

    One transformer block: attention (target as query, retrieved as key and value), feed-forward,
    and an output that starts at zero, so that training starts from the unmodified student.

    Args:
        channels: Of the middle block.
        heads: Of the attention.
    """

    def __init__(self, channels: int, heads: int = 4):
        super().__init__()
        self.norm_target = nn.LayerNorm(channels)
        self.norm_retrieved = nn.LayerNorm(channels)
        self.attention = Attention(
            query_dim=channels,
            cross_attention_dim=channels,
            heads=heads,
            dim_head=channels // heads,
        )
        self.norm_inner = nn.LayerNorm(channels)
        self.inner = FeedForward(channels, mult=4, activation_fn="geglu")
        self.out = nn.Linear(channels, channels)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, target: Tensor, retrieved: Tensor) -> Tensor:
        """g(target, retrieved) of (B, C, h, w) features, in the same shape."""
        query = self.norm_target(target.flatten(2).transpose(1, 2))
        held = self.norm_retrieved(retrieved.flatten(2).transpose(1, 2))
        seen = self.attention(query, encoder_hidden_states=held)
        seen = seen + self.inner(self.norm_inner(seen))
        return self.out(seen).transpose(1, 2).view_as(target)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Retrieved:
    """What a batch of B has from the catalogue, K pictures each.

    Attributes:
        features: (B, K, C, h, w) of the middle block.
        similarity: (B, K) cosine of the captions with the prompt, the gate λ; below 0 it is 0.
        blend: (B,) weight of the target in the slerp with the first picture; 1 is no slerp, and
            ``None`` is none for all, which costs nothing.
    """

    features: Tensor
    similarity: Tensor
    blend: Tensor | None


class HSpace(nn.Module):
    """Sits behind the middle block of a UNet.

    Args:
        unet: Gets a forward hook.
        adapter: Says g(target, retrieved), see `Adapter`; ``None`` for the slerp alone.
    """

    def __init__(self, unet: UNet2DConditionModel, adapter: nn.Module | None = None):
        super().__init__()
        self.adapter = adapter
        self.retrieved: Retrieved | None = None

        def behind(_module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
            return self.edit(output)

        self._handle = unet.mid_block.register_forward_hook(behind)

    def remove(self) -> None:
        """Take the hook away."""
        self._handle.remove()

    def edit(self, target: Tensor) -> Tensor:
        """Middle features (B, C, h, w) with what was retrieved."""
        held = self.retrieved
        if held is None:
            return target
        edited = target
        if held.blend is not None:
            edited = slerp(target, held.features[:, 0].to(target.dtype), held.blend.float())
        if self.adapter is None:
            return edited
        count, pictures = held.features.shape[:2]
        queries = edited[:, None].expand(-1, pictures, -1, -1, -1).flatten(0, 1)
        found = self.adapter(queries, held.features.flatten(0, 1).to(target.dtype))
        gate = held.similarity.clamp(min=0).to(target.dtype)[:, :, None, None, None]
        return edited + (gate * found.unflatten(0, (count, pictures))).mean(1)
