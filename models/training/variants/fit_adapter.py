"""Trains what retrieval adds: the H-space adapter and low-rank changes to the way up.

By the student's own loss, see `models.training.variants.fit_student`: the student stands still, and
what learns here has its neighbours to go by. Two of ImageRAGTurbo's losses (§3.4: adversarial, and
2.5 times the distance to the teacher's sample from the same noise) were tried before and added 0.01
of accuracy: the adversarial part learned nothing here, the distance makes pictures smooth.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.hub.hspace.lora import DecoderLora
from models.hub.hspace.middle import Adapter, HSpace
from models.training.variants.batches import Drawn, LatentBatches
from models.training.variants.fit_student import (
    QUICKER,
    TURNS,
    Distillation,
    distillation_loss,
)
from models.training.variants.loop import Stage
from models.training.variants.matching import Matching
from models.training.variants.neighbours import HBank
from models.training.variants.network import Generator
from models.training.variants.settings import VariantsConfig

__all__ = ["Retrieval", "fit_adapter"]

_NEIGHBOURS = 1


class Retrieval(nn.Module):
    """Adapter and decoder changes, hooked to a student.

    Args:
        student: Stands still; gets the hooks.
        adapter: Whether the middle is changed; else the decoder alone is, without retrieval, the
            control that the paper does not show.
    """

    def __init__(self, student: Generator, *, adapter: bool = True):
        super().__init__()
        channels = student.unet.config.block_out_channels[-1]  # pyright: ignore[reportAttributeAccessIssue]
        self._student = (student,)  # in a tuple: its weights are none of this one's
        self.space = HSpace(student.unet, Adapter(channels) if adapter else None)
        self.lora = DecoderLora(student.unet)

    @property
    def student(self) -> Generator:
        """What the hooks are on."""
        return self._student[0]

    def remove(self) -> None:
        """Take all hooks from the student."""
        self.space.remove()
        self.lora.remove()


class _Training(nn.Module):
    """What learns: the retrieval, and the follower of what is drawn with it."""

    def __init__(self, retrieval: Retrieval, matching: Matching):
        super().__init__()
        self.retrieval, self.matching = retrieval, matching

    def loss(
        self, drawn: Drawn, bank: HBank, batches: LatentBatches, *, learns: bool
    ) -> tuple[Tensor, dict[str, float]]:
        """See `distillation_loss`."""
        space, student = self.retrieval.space, self.retrieval.student

        def velocity(latents: Tensor, now: Tensor, drawn: Drawn) -> Tensor:
            if space.adapter is not None:
                space.retrieved, _ = bank.retrieve(
                    batches, drawn.condition.text, drawn.rows, count=_NEIGHBOURS
                )
            try:
                return student(latents, now, drawn.condition)
            finally:
                space.retrieved = None  # of this batch alone

        return distillation_loss(velocity, self.matching, drawn, learns=learns)


def fit_adapter(
    config: VariantsConfig,
    batches: LatentBatches,
    teacher: Generator,
    distilled: Distillation,
    bank: HBank,
    *,
    adapter: bool = True,
) -> Retrieval:
    """Train, or go on, or load what is done; the hooks stay on the student.

    Args:
        config: The run.
        batches: Of the catalogue.
        teacher: Frozen.
        distilled: The student, which stays as it is, and its follower.
        bank: Where neighbours come from, held-out combinations among them.
        adapter: See `Retrieval`.
    """
    schedule = config.stages["adapter"]
    torch.manual_seed(config.seed)
    retrieval = Retrieval(distilled.student, adapter=adapter)
    model = _Training(retrieval, Matching(teacher, distilled.matching.follower)).to(config.device)
    stage = Stage(
        "adapter" if adapter else "lora",
        model,
        schedule,
        config.work / ("adapter.safetensors" if adapter else "lora.safetensors"),
        seed=config.seed + 4,
        save_every_s=config.save_every_s,
        quicker=("matching.", QUICKER),
    )
    stage.run(
        lambda step: model.loss(
            batches.draw(step, schedule.batch), bank, batches, learns=step % TURNS == 0
        )
    )
    model.load_state_dict(stage.average.state)
    return retrieval.eval()
