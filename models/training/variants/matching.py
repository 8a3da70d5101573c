"""Distribution matching: the loss that makes a generator of one step draw as the teacher does.

Yin et al. 2024, "One-step diffusion with distribution matching distillation" and "Improved
distribution matching distillation": what was drawn gets noise; the teacher says which picture it
sees in it, a second network that follows the student says which one the student would have drawn,
and the student goes from the second to the first. Unlike a distance to single pictures this leaves
open which picture a noise becomes, so nothing is averaged.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.training.variants.fit_teacher import velocity_loss
from models.training.variants.flow import GUIDANCE, guided, mixed, picture_from
from models.training.variants.network import Condition, Generator

__all__ = ["Matching"]

_LEAST, _MOST = 0.02, 0.98
"""Noise under which both are asked."""


class Matching(nn.Module):
    """Teacher and follower.

    Args:
        teacher: Stands still.
        follower: Has learned what a student draws; ``None`` for the teacher's own weights.
    """

    def __init__(self, teacher: Generator, follower: Generator | None = None):
        super().__init__()
        self._teacher = (teacher,)  # in a tuple: its weights are none of this one's
        self.follower = copy.deepcopy(follower or teacher).requires_grad_(True)

    def follow(self, made: Tensor, condition: Condition) -> Tensor:
        """The follower's own loss: it learns the flow to what the student draws.

        Args:
            made: (B, 8, 16, 12) latents; no gradient reaches them.
            condition: What they were drawn from.
        """
        return velocity_loss(self.follower, made.detach(), condition)

    def loss(self, made: Tensor, condition: Condition) -> Tensor:
        """The student's loss; its gradient is the difference of the two pictures.

        Each example's is divided by how far the teacher's picture is from what was drawn (DMD,
        equation 8), so that all levels of noise count alike.

        Args:
            made: (B, 8, 16, 12) latents with a gradient.
            condition: What they were drawn from.
        """
        with torch.no_grad():
            level = torch.rand(len(made), device=made.device) * (_MOST - _LEAST) + _LEAST
            noisy = mixed(made, torch.randn_like(made), level)
            wanted = guided(self._teacher[0], noisy, level, condition, GUIDANCE)
            drawn = self.follower(noisy, level, condition)
            aim = picture_from(noisy, wanted.float(), level)
            away = picture_from(noisy, drawn.float(), level) - aim
            far = (made - aim).abs().mean((1, 2, 3), keepdim=True)
            goal = made - away / far.clamp_min(1e-4)
        return 0.5 * functional.mse_loss(made, goal)
