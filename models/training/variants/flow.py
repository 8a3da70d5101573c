"""Sampling a rectified flow: many small steps of the teacher, a few great ones of the student."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from models.training.variants.network import Condition, Generator
from models.variants.turbo import FEW_STEPS

__all__ = ["GUIDANCE", "few_steps", "guided", "mixed", "picture_from", "sample_flow"]

GUIDANCE = 2.5
"""Set beforehand and looked at beside 1 and 4."""


def mixed(pictures: Tensor, noise: Tensor, time: Tensor) -> Tensor:
    """(1 - time) pictures + time noise; latents (B, 8, h, w), time (B,)."""
    share = time[:, None, None, None]
    return (1 - share) * pictures + share * noise


def picture_from(latents: Tensor, velocity: Tensor, time: Tensor) -> Tensor:
    """Where the straight way through noisy latents starts: the picture's latents."""
    return latents - time[:, None, None, None] * velocity


def guided(
    model: Generator, latents: Tensor, time: Tensor, condition: Condition, scale: float
) -> Tensor:
    """Velocity with classifier-free guidance (Ho and Salimans 2022); scale 1 is without."""
    if scale == 1:
        return model(latents, time, condition)
    gone = torch.ones(len(latents), dtype=torch.bool, device=latents.device)
    bare = condition.without_prompt(gone)
    both = Condition(
        text=torch.cat([condition.text, bare.text]),
        codes=torch.cat([condition.codes, bare.codes]),
        planes=torch.cat([condition.planes, bare.planes]),
    )
    found = model(torch.cat([latents, latents]), torch.cat([time, time]), both)
    told, untold = found.chunk(2)
    return untold + scale * (told - untold)


@torch.no_grad()
def sample_flow(
    model: Generator, noise: Tensor, condition: Condition, *, steps: int, scale: float
) -> Tensor:
    """Euler's method from noise to latents of pictures.

    Args:
        model: Predicts velocities.
        noise: (B, 8, h, w).
        condition: Of the batch.
        steps: Calls of the UNet (of twice the batch where guided).
        scale: Of guidance.
    """
    latents = noise
    times = torch.linspace(1, 0, steps + 1).tolist()
    for now, then in pairwise(times):
        time = torch.full((len(noise),), now, device=noise.device)
        latents = latents + (then - now) * guided(model, latents, time, condition, scale)
    return latents


@torch.no_grad()
def few_steps(
    model: Generator,
    noise: Sequence[Tensor],
    condition: Condition,
) -> Tensor:
    """A consistency model's way (Song et al. 2023, algorithm 1): guess, add noise, guess again.

    Args:
        model: The student: its velocity leads to the picture at once.
        noise: One draw (B, 8, h, w) for each step, of which there are 1 or 4.
        condition: Of the batch.
    """
    picture = torch.zeros_like(noise[0])
    for now, fresh in zip(FEW_STEPS[len(noise)], noise, strict=True):
        time = torch.full((len(fresh),), now, device=fresh.device)
        latents = mixed(picture, fresh, time)
        picture = picture_from(latents, model(latents, time, condition), time)
    return picture
