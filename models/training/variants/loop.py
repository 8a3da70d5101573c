"""The loop that all stages share: resumable, its clock and its rate kept with the weights."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from models.training.checkpoint import AveragedWeights, load_checkpoint, save_checkpoint
from models.training.variants.settings import StageConfig

__all__ = ["Stage"]

_log = logging.getLogger(__name__)
_CLIP = 1.0


class Stage:
    """One model that learns; goes on from its checkpoint where there is one.

    Args:
        name: Of the stage, for the log.
        model: What learns; parameters that need no gradient stand still.
        config: Schedule.
        checkpoint: File of the state.
        seed: Step n draws from a generator seeded by it and n, so that a run that was stopped
            draws what it would have drawn.
        save_every_s: Seconds between checkpoints.
        quicker: Beginning of names, and how many times the rate those parameters learn at.
    """

    def __init__(
        self,
        name: str,
        model: nn.Module,
        config: StageConfig,
        checkpoint: Path,
        *,
        seed: int,
        save_every_s: float,
        quicker: tuple[str, float] | None = None,
    ):
        self.name, self.model, self.config, self.checkpoint = name, model, config, checkpoint
        self._seed, self._save_every_s = seed, save_every_s
        learning = [(name, each) for name, each in model.named_parameters() if each.requires_grad]
        prefix, times = quicker or ("", 1.0)
        others, quick = (
            [each for name, each in learning if name.startswith(prefix) == chosen]
            for chosen in (False, True)
        )
        groups = [{"params": others, "quicker": 1.0}, {"params": quick, "quicker": times}]
        self.optimiser = torch.optim.AdamW(
            [each for each in groups if each["params"]], lr=config.rate, weight_decay=0.01
        )
        self.average = AveragedWeights(model, config.decay)
        self.step, self.elapsed_s = 0, 0.0
        if checkpoint.exists():
            self.step, self.elapsed_s = load_checkpoint(
                checkpoint, model=model, average=self.average, optimiser=self.optimiser
            )
            _log.info("%s resumed step=%d elapsed_s=%.0f", name, self.step, self.elapsed_s)

    def run(self, loss: Callable[[int], tuple[Tensor, dict[str, float]]]) -> None:
        """Train to the end of the schedule.

        Args:
            loss: Of a step's number: the loss and its parts to log. torch's own generator is
                seeded for the step when it is called.
        """
        before_s, began, saved = self.elapsed_s, time.monotonic(), time.monotonic()
        shown: dict[str, float] = {}
        self.model.train()
        while self.step < self.config.steps:
            torch.manual_seed(self._seed * 1_000_003 + self.step)
            for group in self.optimiser.param_groups:
                group["lr"] = self._rate() * group["quicker"]
            value, parts = loss(self.step)
            self.optimiser.zero_grad(set_to_none=True)
            value.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), _CLIP)
            self.optimiser.step()
            self.average.update(self.model, self.step)
            self.step += 1
            self.elapsed_s = before_s + time.monotonic() - began
            for part, found in parts.items():
                shown[part] = 0.98 * shown.get(part, found) + 0.02 * found
            if self.step % 50 == 0:
                _log.info(
                    "%s step=%d/%d seconds=%.0f %s",
                    self.name,
                    self.step,
                    self.config.steps,
                    self.elapsed_s,
                    " ".join(f"{part}={found:.4f}" for part, found in shown.items()),
                )
            if time.monotonic() - saved > self._save_every_s:
                self.save()
                saved = time.monotonic()
        self.save()

    def _rate(self) -> float:
        ramp = min(1.0, (self.step + 1) / self.config.warm)
        cosine = 0.5 * (1 + math.cos(math.pi * self.step / self.config.steps))
        return self.config.rate * ramp * (0.01 + 0.99 * cosine)

    def save(self) -> None:
        """Write the checkpoint."""
        save_checkpoint(
            self.checkpoint,
            model=self.model,
            average=self.average,
            optimiser=self.optimiser,
            step=self.step,
            elapsed_s=self.elapsed_s,
        )
