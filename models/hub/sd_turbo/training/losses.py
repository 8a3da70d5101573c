"""Who judges the student: heads on the frozen teacher (LADD), and the teacher's features (LPIPS).

ImageRAGTurbo, §3.4. Its perceptual loss is a VGG16 that was trained on latents (E-LatentLPIPS, Kang
et al. 2024), whose weights we do not have. In its place stand the features of the frozen teacher's
way down, which knows these very latents; the random differentiable augmentation is the same idea.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from torch import Tensor, nn

from models.hub.sd_turbo.training.judge import Head, level_features

__all__ = ["SdJudge", "augmentation", "latent_distance"]

_SHIFT, _CUT = 1 / 8, 1 / 4
_GAIN = 0.2


class SdJudge(nn.Module):
    """Scores of latents, one a level of the teacher's way down and its middle; heads alone learn.

    Args:
        unet: The teacher's; stands still.
        schedule: The teacher's, of any kind: latents get its noise.
    """

    def __init__(self, unet: UNet2DConditionModel, schedule: Any):
        super().__init__()
        # In a tuple, so that the teacher's weights are none of the judge's.
        self._teacher = (unet,)
        self._noise: Any = DDPMScheduler.from_config(schedule.config)
        settings: Any = unet.config
        channels, token = settings.block_out_channels, settings.cross_attention_dim
        self.heads = nn.ModuleList(Head(each, token) for each in (*channels, channels[-1]))

    @property
    def times(self) -> int:
        """How many levels of noise there are."""
        return int(self._noise.config["num_train_timesteps"])

    def forward(self, latents: Tensor, tokens: Tensor, noise: Tensor, time: Tensor) -> Tensor:
        """Scores (B, levels); higher is more real.

        Args:
            latents: (B, 4, h, w), clean.
            tokens: (B, T, D) of the prompts.
            noise: As `latents`.
            time: (B,) int64, 0 to `times` - 1.
        """
        noisy = self._noise.add_noise(latents, noise, time)
        seen = level_features(self._teacher[0], noisy, time, tokens)
        prompt = tokens.mean(1).detach()
        return torch.stack(
            [head(each, prompt) for head, each in zip(self.heads, seen, strict=True)], dim=1
        )


def augmentation(height: int, width: int) -> Callable[[Tensor], Tensor]:
    """One random change for pictures that are to be compared: mirrored, moved, cut, made fainter.

    It draws from torch's own generator, and gradients go through it.

    Args:
        height: Of the latents.
        width: Of the latents.
    """
    mirrored = bool(torch.rand(()) < 0.5)
    down, right = (
        int(torch.randint(-int(side * _SHIFT), int(side * _SHIFT) + 1, ()))
        for side in (height, width)
    )
    gain = 1 + _GAIN * (2 * float(torch.rand(())) - 1)
    high, wide = max(1, int(height * _CUT)), max(1, int(width * _CUT))
    top = int(torch.randint(0, height - high + 1, ()))
    left = int(torch.randint(0, width - wide + 1, ()))

    def apply(latents: Tensor) -> Tensor:
        found = latents.flip(-1) if mirrored else latents
        found = found.roll((down, right), (-2, -1)) * gain
        kept = torch.ones_like(found)
        kept[..., top : top + high, left : left + wide] = 0
        return found * kept

    return apply


def latent_distance(
    unet: UNet2DConditionModel, made: Tensor, aim: Tensor, tokens: Tensor
) -> Tensor:
    """How different latents look: LPIPS (Zhang et al. 2018) with equal weights, on the teacher.

    Unit features at every place of every level, at time 0; squared distance, summed over channels,
    averaged over places, levels and the batch.

    Args:
        unet: The teacher's; stands still.
        made: (B, 4, h, w); gradients reach it.
        aim: What it should look like.
        tokens: (B, T, D) of the prompts.
    """
    change = augmentation(made.shape[-2], made.shape[-1])
    clean = torch.zeros(len(made), device=made.device)
    with torch.no_grad():
        wanted = level_features(unet, change(aim), clean, tokens)
    found = level_features(unet, change(made), clean, tokens)
    unit = nn.functional.normalize
    apart = [
        (unit(a.float(), dim=1) - unit(b.float(), dim=1)).square().sum(1).mean()
        for a, b in zip(found, wanted, strict=True)
    ]
    return torch.stack(apart).mean()
