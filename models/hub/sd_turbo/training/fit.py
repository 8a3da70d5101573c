"""The student's one step with what was retrieved, held against the teacher's many."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.schedulers.scheduling_euler_discrete import EulerDiscreteScheduler
from torch import Tensor, nn
from torch.nn import functional

from models.hub.hspace.lora import DecoderLora
from models.hub.hspace.middle import HSpace, Retrieved
from models.hub.sd_turbo.adapter import AdapterConfig, build_adapter
from models.hub.sd_turbo.training.losses import SdJudge, latent_distance
from models.hub.sd_turbo.training.teacher import Goal

__all__ = ["SdRetrieval"]

_DISTIL, _PERCEPTUAL = 2.5, 1.0
"""α and β of the paper, §3.4; the adversarial loss has weight 1."""


class SdRetrieval(nn.Module):
    """Adapter, decoder changes and judge: all that learns.

    Args:
        student: Pipeline of SD-Turbo; stands still, gets the hooks.
        teacher: Pipeline of Stable Diffusion 2.1; stands still.
        config: Sizes of the adapter.
    """

    def __init__(self, student: Any, teacher: Any, config: AdapterConfig):
        super().__init__()
        # In a tuple, so that their weights are none of what learns.
        self._frozen = (student.unet, teacher.unet)
        for each in self._frozen:
            each.requires_grad_(False)
        self._schedule: Any = EulerDiscreteScheduler.from_config(
            student.scheduler.config, timestep_spacing="trailing", use_karras_sigmas=False
        )
        self.space = HSpace(student.unet, build_adapter(config))
        self.lora = DecoderLora(student.unet, config.rank)
        self.judge = SdJudge(teacher.unet, teacher.scheduler)

    def one_step(self, noise: Tensor, tokens: Tensor, retrieved: Retrieved) -> Tensor:
        """Latents (B, 4, h, w) from unit noise by one call of the student's UNet."""
        self._schedule.set_timesteps(1, device=noise.device)
        now = self._schedule.timesteps[0]
        noisy = noise * self._schedule.init_noise_sigma
        self.space.retrieved = retrieved
        try:
            seen = self._schedule.scale_model_input(noisy, now)
            said = self._frozen[0](seen, now, tokens).sample
        finally:
            self.space.retrieved = None
        return self._schedule.step(said.float(), now, noisy).prev_sample

    def loss(
        self, goal: Goal, own: Tensor, theirs: Tensor, retrieved: Retrieved
    ) -> tuple[Tensor, dict[str, float]]:
        """Of one batch: LADD's hinge for both sides, α smooth-L1, β perceptual.

        Args:
            goal: Noise and the teacher's latents from it.
            own: (B, T, D) tokens by the student's text encoder.
            theirs: The same by the teacher's.
            retrieved: Of other products.
        """
        aim, device = goal.latents, goal.noise.device
        with torch.autocast(device.type, torch.bfloat16, device.type == "cuda"):
            made = self.one_step(goal.noise, own, retrieved)
            fresh = torch.randn_like(made)
            time = torch.randint(self.judge.times, (len(made),), device=device)
            on_real = self.judge(aim, theirs, fresh, time)
            on_made = self.judge(made.detach(), theirs, fresh, time)
            self.judge.requires_grad_(False)
            fooled = self.judge(made, theirs, fresh, time)
            self.judge.requires_grad_(True)
            looks = latent_distance(self._frozen[1], made, aim, theirs)
        near = functional.smooth_l1_loss(made, aim)
        hinge = functional.relu(1 - on_real).mean() + functional.relu(1 + on_made).mean()
        adversarial = -fooled.float().sum(1).mean()
        whole = adversarial + _DISTIL * near + _PERCEPTUAL * looks + hinge.float()
        return whole, {
            "distil": float(near.detach()),
            "perceptual": float(looks.detach()),
            "adversarial": float(adversarial.detach()),
            "judge": float(hinge.detach()),
        }

    def remove(self) -> None:
        """Take all hooks from the student."""
        self.space.remove()
        self.lora.remove()
