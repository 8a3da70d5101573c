"""Distils the teacher into a student that goes any step of the way at once.

Latent consistency distillation (Luo et al. 2023): wherever it starts on the teacher's way from
noise to a picture, the student is to arrive at the same picture. Guidance is distilled in, so a
step is one call. One-step pictures come out smooth, for from pure noise the student learns a mean
over what the noise leaves open; `fit_student` goes on from there.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.training.checkpoint import AveragedWeights
from models.training.variants.batches import LatentBatches
from models.training.variants.flow import GUIDANCE, guided, mixed, picture_from
from models.training.variants.loop import Stage
from models.training.variants.network import Generator, frozen
from models.training.variants.settings import VariantsConfig

__all__ = ["Consistency", "fit_consistency"]

_GRID = 8
"""Times of the loss: 1, 7/8 … 1/8; those of one and four steps are among them."""
_FIRST = 0.4
"""Share of examples at time 1, the only one that a single step sees."""
_HUBER = 0.2


class Consistency(nn.Module):
    """A student held against its own average, one step of the teacher further on.

    Args:
        teacher: Stands still.
    """

    def __init__(self, teacher: Generator):
        super().__init__()
        self.student = copy.deepcopy(teacher).requires_grad_(True)
        # In tuples, so that their weights are none of the model's.
        self._teacher = (frozen(teacher),)
        self._target = (frozen(copy.deepcopy(teacher)),)

    def follow(self, average: AveragedWeights) -> None:
        """The target that the student is held against takes the averaged weights."""
        self._target[0].load_state_dict(
            {name.removeprefix("student."): each for name, each in average.state.items()}
        )

    def loss(
        self, batches: LatentBatches, step: int, count: int
    ) -> tuple[Tensor, dict[str, float]]:
        """Of one batch.

        Args:
            batches: Where pictures come from.
            step: Of the run.
            count: Pictures.
        """
        drawn = batches.draw(step, count)
        real, condition, device = drawn.latents, drawn.condition, drawn.latents.device
        place = torch.randint(1, _GRID + 1, (count,), device=device)
        place[torch.rand(count, device=device) < _FIRST] = _GRID
        now = place / _GRID
        then = (place - 1) / _GRID
        latents = mixed(real, torch.randn_like(real), now)
        with torch.autocast(device.type, torch.bfloat16):
            with torch.no_grad():
                step_back = (then - now)[:, None, None, None]
                nearer = latents + step_back * guided(
                    self._teacher[0], latents, now, condition, GUIDANCE
                )
                guess = picture_from(nearer, self._target[0](nearer, then, condition), then)
            made = picture_from(latents, self.student(latents, now, condition), now).float()
        near = functional.huber_loss(made, guess.float(), delta=_HUBER) / _HUBER
        return near, {"consistency": float(near.detach())}


def fit_consistency(
    config: VariantsConfig, batches: LatentBatches, teacher: Generator
) -> Generator:
    """Distil, or go on, or load what is done.

    Returns:
        The averaged weights, frozen.
    """
    schedule = config.stages["consistency"]
    torch.manual_seed(config.seed)
    model = Consistency(teacher).to(config.device)
    stage = Stage(
        "consistency",
        model,
        schedule,
        config.work / "consistency.safetensors",
        seed=config.seed + 2,
        save_every_s=config.save_every_s,
    )

    def loss(step: int) -> tuple[Tensor, dict[str, float]]:
        model.follow(stage.average)
        return model.loss(batches, step, schedule.batch)

    stage.run(loss)
    model.load_state_dict(stage.average.state)
    return frozen(model.student)
