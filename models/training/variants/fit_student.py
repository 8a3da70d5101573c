"""Makes of the consistent student one that draws in one step or four as sharply as the teacher.

By distribution matching, see `models.training.variants.matching`. An adversarial loss in the
teacher's features (LADD), which ImageRAGTurbo takes, was tried before: its heads told the student's
pictures from real ones at no rate that was tried (hinge loss 1.99 of 2 after 2,400 steps). And a
regression to the teacher's samples from the same noise is a mean again.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.training.variants.batches import Drawn, LatentBatches
from models.training.variants.flow import mixed, picture_from
from models.training.variants.loop import Stage
from models.training.variants.matching import Matching
from models.training.variants.network import Generator
from models.training.variants.settings import VariantsConfig
from models.variants.turbo import EDIT_START, FEW_STEPS

__all__ = ["QUICKER", "TURNS", "Distillation", "distillation_loss", "fit_student"]

TURNS = 3
"""Steps of the follower for one of the student, which it has to know (DMD2 takes five)."""
_FIRST = 0.5
"""Share of examples at time 1, the only one that a step from noise alone sees."""
_LATER = (EDIT_START, *FEW_STEPS[4][1:])
"""Times of the others: where an edit starts, and the later ones of four steps."""
_KEPT = 0.25
"""Weight of the distance to the picture that is under the noise: matching alone may forget it."""
QUICKER = 3.0
"""Rate of the follower, in rates of the student."""


class Distillation(nn.Module):
    """Student and follower, which learn together.

    Args:
        teacher: Stands still.
        student: Where it starts.
    """

    def __init__(self, teacher: Generator, student: Generator):
        super().__init__()
        self.student = copy.deepcopy(student).requires_grad_(True)
        self.matching = Matching(teacher)

    def loss(
        self, batches: LatentBatches, step: int, count: int
    ) -> tuple[Tensor, dict[str, float]]:
        """See `distillation_loss`."""
        return distillation_loss(
            lambda latents, now, drawn: self.student(latents, now, drawn.condition),
            self.matching,
            batches.draw(step, count),
            learns=step % TURNS == 0,
        )


def distillation_loss(
    velocity: Callable[[Tensor, Tensor, Drawn], Tensor],
    matching: Matching,
    drawn: Drawn,
    *,
    learns: bool,
) -> tuple[Tensor, dict[str, float]]:
    """The follower's loss, and the student's beside it.

    Args:
        velocity: The student: latents (B, 8, 16, 12), times (B,) and the batch to velocities.
        matching: Teacher and follower.
        drawn: Prompts and pictures.
        learns: Whether it is the student's turn too.
    """
    real, device, count = drawn.latents, drawn.latents.device, len(drawn.latents)
    later = torch.tensor(_LATER, device=device)
    now = later[torch.randint(len(_LATER), (count,), device=device)]
    now[torch.rand(count, device=device) < _FIRST] = 1.0
    latents = mixed(real, torch.randn_like(real), now)
    with torch.autocast(device.type, torch.bfloat16):
        with torch.set_grad_enabled(learns):
            made = picture_from(latents, velocity(latents, now, drawn), now).float()
        following = matching.follow(made, drawn.condition)
        parts = {"following": float(following.detach())}
        if not learns:
            return following, parts
        matched = matching.loss(made, drawn.condition)
    far = functional.smooth_l1_loss(made, real, reduction="none").mean((1, 2, 3))
    kept = (far * (now < 1)).mean()
    parts |= {"matching": float(matched.detach()), "kept": float(kept.detach())}
    return following + matched + _KEPT * kept, parts


def fit_student(
    config: VariantsConfig, batches: LatentBatches, teacher: Generator, student: Generator
) -> Distillation:
    """Distil, or go on, or load what is done.

    Args:
        config: The run.
        batches: Of the catalogue.
        teacher: Frozen.
        student: From `fit_consistency`; stays as it is.

    Returns:
        Student and follower with averaged weights, frozen.
    """
    schedule = config.stages["student"]
    torch.manual_seed(config.seed)
    model = Distillation(teacher, student).to(config.device)
    stage = Stage(
        "student",
        model,
        schedule,
        config.work / "student.safetensors",
        seed=config.seed + 3,
        save_every_s=config.save_every_s,
        quicker=("matching.", QUICKER),
    )
    stage.run(lambda step: model.loss(batches, step, schedule.batch))
    model.load_state_dict(stage.average.state)
    return model.eval().requires_grad_(False)
