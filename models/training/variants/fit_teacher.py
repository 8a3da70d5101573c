"""Trains the teacher: the flow from noise to the catalogue's latents, which takes many steps."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from models.training.variants.batches import LatentBatches
from models.training.variants.flow import mixed
from models.training.variants.loop import Stage
from models.training.variants.network import Condition, Generator
from models.training.variants.settings import VariantsConfig

__all__ = ["fit_teacher", "flow_loss", "velocity_loss"]

_UNTOLD = 0.1
"""Prompts that are left out, for classifier-free guidance."""


def velocity_loss(model: Generator, latents: Tensor, condition: Condition) -> Tensor:
    """Squared error of the velocity at random times.

    Times are logit-normal (Esser et al. 2024, §3.1): the middle, where it is hardest, more often.

    Args:
        model: Learns.
        latents: (B, 8, 16, 12) of pictures.
        condition: What they show.
    """
    device = latents.device
    noise = torch.randn_like(latents)
    time = torch.sigmoid(torch.randn(len(latents), device=device) + 0.2)
    with torch.autocast(device.type, torch.bfloat16):
        velocity = model(mixed(latents, noise, time), time, condition)
    return functional.mse_loss(velocity.float(), noise - latents)


def flow_loss(
    model: Generator, batches: LatentBatches, step: int, count: int
) -> tuple[Tensor, dict[str, float]]:
    """Of a batch, some of whose prompts are left out."""
    drawn = batches.draw(step, count)
    untold = torch.rand(count, device=drawn.latents.device) < _UNTOLD
    loss = velocity_loss(model, drawn.latents, drawn.condition.without_prompt(untold))
    return loss, {"loss": float(loss.detach())}


def fit_teacher(config: VariantsConfig, batches: LatentBatches) -> Generator:
    """Train, or go on, or load what is done.

    Returns:
        The averaged weights, in eval mode.
    """
    schedule = config.stages["teacher"]
    torch.manual_seed(config.seed)
    model = Generator(batches.catalogue.vocabulary.sizes)
    model = model.to(config.device).to(memory_format=torch.channels_last)
    stage = Stage(
        "teacher",
        model,
        schedule,
        config.work / "teacher.safetensors",
        seed=config.seed + 1,
        save_every_s=config.save_every_s,
    )
    stage.run(lambda step: flow_loss(model, batches, step, schedule.batch))
    model.load_state_dict(stage.average.state)
    return model.eval()
