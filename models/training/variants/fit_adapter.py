"""Trains what retrieval adds: the H-space adapter and low-rank changes to the way up.

The losses of ImageRAGTurbo (§3.4): adversarial in the teacher's features, 2.5 times the smooth-L1
distance to the teacher's sample from the same noise, and a perceptual one. The last is left out:
the paper's is a VGG network on latents, and here the teacher's own features already judge.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from models.training.checkpoint import save_array
from models.training.variants.batches import Drawn, LatentBatches
from models.training.variants.fit_student import GUIDANCE
from models.training.variants.flow import picture_from, sample_flow
from models.training.variants.hspace import Adapter, HSpace
from models.training.variants.judge import Judge
from models.training.variants.loop import Stage
from models.training.variants.lora import DecoderLora
from models.training.variants.neighbours import HBank
from models.training.variants.network import Generator
from models.training.variants.settings import VariantsConfig

__all__ = ["Retrieval", "TeacherSamples", "fit_adapter"]

_log = logging.getLogger(__name__)
_DISTIL, _ADVERSARIAL = 2.5, 0.05
_QUICKER = 10.0
"""Of the judge's heads beside the adapter."""
_NEIGHBOURS = 1
_TEACHER_STEPS = 12
_SAMPLED_BATCHES = 48
"""At most; of guided teacher samples."""


class Retrieval(nn.Module):
    """Adapter, decoder changes and judge: all that learns here.

    Args:
        student: Stands still; gets the hooks.
        teacher: Stands still; the judge's features.
        adapter: Whether the middle is changed; else the decoder alone is, without retrieval, the
            control that the paper does not show.
    """

    def __init__(self, student: Generator, teacher: Generator, *, adapter: bool = True):
        super().__init__()
        channels = student.unet.config.block_out_channels[-1]  # pyright: ignore[reportAttributeAccessIssue]
        self._student = (student,)
        self.space = HSpace(student.unet, Adapter(channels) if adapter else None)
        self.lora = DecoderLora(student.unet)
        self.judge = Judge(teacher)

    def remove(self) -> None:
        """Take all hooks from the student."""
        self.space.remove()
        self.lora.remove()

    def loss(
        self, drawn: Drawn, noise: Tensor, aim: Tensor, bank: HBank, batches: LatentBatches
    ) -> tuple[Tensor, dict[str, float]]:
        """Of one step from pure noise, held against the teacher's sample from the same noise."""
        condition, device = drawn.condition, noise.device
        count = len(noise)
        if self.space.adapter is not None:
            self.space.retrieved, _ = bank.retrieve(
                batches, condition.text, drawn.rows, count=_NEIGHBOURS
            )
        end = torch.ones(count, device=device)
        level = torch.rand(count, device=device)
        fresh = torch.randn_like(noise)
        with torch.autocast(device.type, torch.bfloat16):
            made = picture_from(noise, self._student[0](noise, end, condition), end).float()
            self.space.retrieved = None  # of this batch alone
            on_real = self.judge(aim, condition, fresh, level)
            on_made = self.judge(made.detach(), condition, fresh, level)
            self.judge.requires_grad_(False)
            fooled = self.judge(made, condition, fresh, level)
            self.judge.requires_grad_(True)
        near = functional.smooth_l1_loss(made, aim)
        hinge = functional.relu(1 - on_real).mean() + functional.relu(1 + on_made).mean()
        adversarial = -fooled.float().mean()
        parts = {"distil": float(near.detach()), "adversarial": float(adversarial.detach())}
        return _DISTIL * near + _ADVERSARIAL * adversarial + hinge.float(), parts


class TeacherSamples:
    """Batches with the noise that they start from and where the teacher gets from there.

    Args:
        teacher: With guidance.
        batches: Where prompts come from.
        count: Pictures a batch.
        number: Batches, drawn again and again.
        path: Keeps what was sampled; sampling that was stopped goes on.
        seed: Of the noise.
    """

    def __init__(
        self,
        teacher: Generator,
        batches: LatentBatches,
        *,
        count: int,
        number: int,
        path: Path,
        seed: int,
    ):
        self._batches, self._count, self._seed = batches, count, seed
        held = np.load(path) if path.exists() else np.zeros((0, count, 8, 16, 12), np.float16)
        for place in range(len(held), number):
            drawn, noise = self._drawn(place)
            with torch.autocast(noise.device.type, torch.bfloat16):
                made = sample_flow(
                    teacher, noise, drawn.condition, steps=_TEACHER_STEPS, scale=GUIDANCE
                )
            held = np.concatenate([held, made.float().cpu().numpy().astype(np.float16)[None]])
            save_array(path, held)
            _log.info("teacher samples %d/%d", place + 1, number)
        self._held: NDArray[np.float16] = held

    def _drawn(self, number: int) -> tuple[Drawn, Tensor]:
        drawn = self._batches.draw(1_000_000 + number, self._count)
        generator = torch.Generator().manual_seed(self._seed + number)
        noise = torch.randn(drawn.latents.shape, generator=generator)
        return drawn, noise.to(drawn.latents.device)

    def batch(self, step: int) -> tuple[Drawn, Tensor, Tensor]:
        """What was drawn, its noise and the teacher's latents."""
        number = step % len(self._held)
        drawn, noise = self._drawn(number)
        aim = torch.from_numpy(self._held[number].astype(np.float32)).to(noise.device)
        return drawn, noise, aim


def fit_adapter(
    config: VariantsConfig,
    batches: LatentBatches,
    teacher: Generator,
    student: Generator,
    bank: HBank,
    *,
    adapter: bool = True,
) -> Retrieval:
    """Train, or go on, or load what is done; the hooks stay on the student.

    Args:
        config: The run.
        batches: Of the catalogue.
        teacher: Frozen.
        student: Frozen.
        bank: Where neighbours come from, held-out combinations among them.
        adapter: See `Retrieval`.
    """
    schedule = config.stages["adapter"]
    samples = TeacherSamples(
        teacher,
        batches,
        count=schedule.batch,
        number=min(_SAMPLED_BATCHES, schedule.steps),
        path=config.work / "teacher-samples.npy",
        seed=config.seed,
    )
    torch.manual_seed(config.seed)
    model = Retrieval(student, teacher, adapter=adapter).to(config.device)
    stage = Stage(
        "adapter" if adapter else "lora",
        model,
        schedule,
        config.work / ("adapter.safetensors" if adapter else "lora.safetensors"),
        seed=config.seed + 3,
        save_every_s=config.save_every_s,
        quicker=_QUICKER,
    )
    stage.run(lambda step: model.loss(*samples.batch(step), bank, batches))
    model.load_state_dict(stage.average.state)
    return model.eval()
