"""What judges in adversarial distillation: heads on the frozen teacher's first half (LADD).

Sauer et al. 2024, "Fast high-resolution image synthesis with latent adversarial diffusion
distillation": pictures and guesses get noise again and are compared in the features of the teacher,
which knows them at every level of noise. ImageRAGTurbo takes the same with spectral norm and
without gradient penalty.
"""

from __future__ import annotations

from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from models.hub.hspace.half import first_half

__all__ = ["Head", "level_features"]


def level_features(
    unet: UNet2DConditionModel, latents: Tensor, clock: Tensor, tokens: Tensor
) -> list[Tensor]:
    """What each level of a UNet's way down gives, and its middle; gradients reach the latents.

    Args:
        unet: Its way up does not run.
        latents: (B, C, h, w), as the UNet reads them.
        clock: (B,) times as the UNet reads them.
        tokens: (B, T, D) of the prompts.
    """
    half = first_half(unet)
    seen: list[Tensor] = []
    hooks = [
        block.register_forward_hook(lambda _m, _i, output: seen.append(output[0]))
        for block in half.down_blocks
    ]
    try:
        middle = half(latents, clock, tokens).sample
    finally:
        for hook in hooks:
            hook.remove()
    return [*seen, middle]


class Head(nn.Module):
    """Whether each place looks real by itself, and for this prompt (projection, Miyato 2018)."""

    def __init__(self, channels: int, token: int):
        super().__init__()
        self.features = nn.Sequential(
            spectral_norm(nn.Conv2d(channels, channels, 1)), nn.LeakyReLU(0.2)
        )
        self.plain = spectral_norm(nn.Conv2d(channels, 1, 1))
        self.told = spectral_norm(nn.Linear(token, channels))

    def forward(self, seen: Tensor, prompt: Tensor) -> Tensor:
        """Scores (B,) of features (B, C, h, w) for prompts (B, token)."""
        features = self.features(seen)
        fitting = (features * self.told(prompt)[:, :, None, None]).mean(1, keepdim=True)
        return (self.plain(features) + fitting).flatten(1).mean(1)
