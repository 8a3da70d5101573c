"""Distils the teacher into a student that draws in one step or four.

Latent consistency distillation (Luo et al. 2023) with an adversarial loss in the teacher's features
(LADD). Consistency alone leaves one-step pictures smooth, for it is a mean over what the noise
leaves open. An adversarial loss alone wants large batches, and regression to the teacher's samples
(ImageRAGTurbo's own distillation loss) wants tens of thousands of samples of many guided steps
each, which two cores do not give in the time; here the teacher takes one guided step a picture.
Guidance is distilled in, so a step is one call.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.training.checkpoint import AveragedWeights
from models.training.variants.batches import LatentBatches
from models.training.variants.flow import guided, mixed, picture_from
from models.training.variants.judge import Judge
from models.training.variants.loop import Stage
from models.training.variants.network import Generator
from models.training.variants.settings import VariantsConfig

__all__ = ["GUIDANCE", "Distillation", "fit_student", "frozen"]

GUIDANCE = 2.5
"""Chosen on val, see `lookalike study turbo`."""
_GRID = 8
"""Times of the consistency loss: 1, 7/8 … 1/8; those of one and four steps are among them."""
_FIRST = 0.4
"""Share of examples at time 1, the only one that a single step sees."""
_ADVERSARIAL = 0.05
_QUICKER = 20.0
"""At the student's own rate the judge's heads told nothing apart (hinge 2.00) after 900 steps."""
_JUDGE_FROM = 0.15
"""Share of the schedule before the student hears the judge, who learns meanwhile."""
_HUBER = 0.2


def frozen(model: Generator) -> Generator:
    """The model, in eval mode and without gradients of its weights."""
    return model.eval().requires_grad_(False)


class Distillation(nn.Module):
    """Student and judge, which learn together.

    Args:
        teacher: Stands still.
    """

    def __init__(self, teacher: Generator):
        super().__init__()
        self.student = copy.deepcopy(teacher).requires_grad_(True)
        self.judge = Judge(teacher)
        self._teacher = (frozen(teacher),)
        self._target = (frozen(copy.deepcopy(teacher)),)

    def follow(self, average: AveragedWeights) -> None:
        """The target that the student is held against takes the averaged weights."""
        held = {
            name.removeprefix("student."): each
            for name, each in average.state.items()
            if name.startswith("student.")
        }
        self._target[0].load_state_dict(held)

    def loss(
        self, batches: LatentBatches, step: int, count: int, progress: float
    ) -> tuple[Tensor, dict[str, float]]:
        """Consistency, adversarial and the judge's own hinge loss of one batch.

        Args:
            batches: Where pictures come from.
            step: Of the run.
            count: Pictures.
            progress: Share of the schedule that is done.
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
            level = torch.rand(count, device=device)
            noise = torch.randn_like(real)
            on_real = self.judge(real, condition, noise, level)
            on_made = self.judge(made.detach(), condition, noise, level)
            hears = progress >= _JUDGE_FROM
            self.judge.requires_grad_(False)
            fooled = self.judge(made, condition, noise, level) if hears else made.new_zeros(1)
            self.judge.requires_grad_(True)
        near = functional.huber_loss(made, guess.float(), delta=_HUBER) / _HUBER
        hinge = functional.relu(1 - on_real).mean() + functional.relu(1 + on_made).mean()
        adversarial = -fooled.float().mean()
        parts = {
            "consistency": float(near.detach()),
            "adversarial": float(adversarial.detach()),
            "judge": float(hinge.detach()),
        }
        # The judge's loss does not reach the student, nor the student's the judge.
        return near + _ADVERSARIAL * adversarial + hinge.float(), parts


def fit_student(config: VariantsConfig, batches: LatentBatches, teacher: Generator) -> Generator:
    """Distil, or go on, or load what is done.

    Returns:
        The averaged weights, frozen.
    """
    schedule = config.stages["student"]
    torch.manual_seed(config.seed)
    model = Distillation(teacher).to(config.device)
    stage = Stage(
        "student",
        model,
        schedule,
        config.work / "student.safetensors",
        seed=config.seed + 2,
        save_every_s=config.save_every_s,
        quicker=_QUICKER,
    )

    def loss(step: int) -> tuple[Tensor, dict[str, float]]:
        model.follow(stage.average)
        return model.loss(batches, step, schedule.batch, step / schedule.steps)

    stage.run(loss)
    model.follow(stage.average)
    return model._target[0]
