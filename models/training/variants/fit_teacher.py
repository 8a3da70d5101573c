"""Trains the teacher: the flow from noise to the catalogue's latents, which takes many steps."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from models.training.variants.batches import LatentBatches
from models.training.variants.flow import mixed
from models.training.variants.loop import Stage
from models.training.variants.network import Generator
from models.training.variants.settings import VariantsConfig

__all__ = ["fit_teacher", "flow_loss"]

_UNTOLD = 0.1
"""Prompts that are left out, for classifier-free guidance."""


def flow_loss(
    model: Generator, batches: LatentBatches, step: int, count: int
) -> tuple[Tensor, dict[str, float]]:
    """Squared error of the velocity at random times of a batch.

    Times are logit-normal (Esser et al. 2024, §3.1): the middle, where it is hardest, more often.
    """
    drawn = batches.draw(step, count)
    device = drawn.latents.device
    condition = drawn.condition.without_prompt(torch.rand(count, device=device) < _UNTOLD)
    noise = torch.randn_like(drawn.latents)
    time = torch.sigmoid(torch.randn(count, device=device) + 0.2)
    with torch.autocast(device.type, torch.bfloat16):
        velocity = model(mixed(drawn.latents, noise, time), time, condition)
    loss = functional.mse_loss(velocity.float(), noise - drawn.latents)
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
