"""The training loop that the teacher and the student share."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from models.training.batches import Batch, Batches
from models.training.checkpoint import AveragedWeights, load_checkpoint, save_checkpoint
from models.training.export import export_compact
from models.training.network import DualTower
from models.training.preparation import Prepared, build_model
from models.training.recall import embed_cached, embed_titles, title_recall
from models.training.refit import refit
from models.training.settings import TrainConfig, TrainReport

__all__ = ["Objective", "Trainer", "run_to_the_end"]

_log = logging.getLogger(__name__)
_MAX_LOG_SCALE = math.log(100)
_WARM_STEPS = 150


class Objective(Protocol):
    """What is learned, and by which weights."""

    def groups(self, model: DualTower) -> list[dict[str, Any]]:
        """AdamW's parameter groups, each with its ``peak`` rate and the step it starts ``from``."""
        ...

    def loss(self, model: DualTower, batch: Batch, step: int) -> tuple[Tensor, dict[str, float]]:
        """The loss of one step, and its parts to log."""
        ...


class Trainer:
    """One run over prepared data; `run` may be called again to go on.

    Args:
        config: The run.
        batches: Where batches come from.
        model: What learns; moved to the device.
        checkpoint: Where the state is kept; restored from there when it exists.
        objective: What it learns.
    """

    def __init__(
        self,
        config: TrainConfig,
        batches: Batches,
        model: DualTower,
        checkpoint: Path,
        objective: Objective,
    ):
        self.config = config
        self.batches = batches
        self.model = model.to(config.device)
        self.objective = objective
        self.optimiser = torch.optim.AdamW(objective.groups(self.model))
        self.average = AveragedWeights(self.model, config.average_decay)
        self.checkpoint = checkpoint
        self.step = 0
        self.elapsed_s = 0.0
        if checkpoint.exists():
            self.step, self.elapsed_s = load_checkpoint(
                checkpoint, model=self.model, average=self.average, optimiser=self.optimiser
            )
            _log.info("resumed step=%d elapsed_s=%.0f", self.step, self.elapsed_s)

    @property
    def total_steps(self) -> int:
        """Steps of a run that no clock cuts short."""
        return self.config.epochs * self.batches.steps_per_epoch

    def progress(self) -> float:
        """Share of the schedule that is done, 0 to 1."""
        done = self.step / self.total_steps
        if self.config.limit_minutes is not None:
            done = max(done, self.elapsed_s / (60 * self.config.limit_minutes))
        return min(1.0, done)

    def _set_rates(self) -> None:
        cosine = 0.5 * (1 + math.cos(math.pi * self.progress()))
        for group in self.optimiser.param_groups:
            ramp = min(1.0, max(0.0, (self.step - group["from"] + 1) / _WARM_STEPS))
            group["lr"] = group["peak"] * ramp * (0.01 + 0.99 * cosine)

    def run(self, *, until: int | None = None) -> Iterator[dict[str, float]]:
        """Train, one step an iteration, until the schedule or step `until` ends."""
        before_s, began = self.elapsed_s, time.monotonic()
        for batch in self.batches.stream(self.step):
            if self.progress() >= 1 or (until is not None and self.step >= until):
                break
            torch.manual_seed(self.config.seed * 1_000_003 + self.step)  # dropout
            self._set_rates()
            self.model.train()
            self.model.image.lower.eval()
            loss, parts = self.objective.loss(self.model, batch.to(self.config.device), self.step)
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
            self.optimiser.step()
            with torch.no_grad():
                self.model.log_scale.clamp_(max=_MAX_LOG_SCALE)
                self.model.log_scale_phrase.clamp_(max=_MAX_LOG_SCALE)
            self.average.update(self.model, self.step)
            self.step += 1
            self.elapsed_s = before_s + time.monotonic() - began
            if self.step % self.config.save_every == 0:
                self.save()
            yield {"loss": float(loss.detach()), **parts}

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


def run_to_the_end(trainer: Trainer, ready: Prepared) -> TrainReport:
    """Train (or go on), log, measure on val, export the averaged weights."""
    config = trainer.config
    averaged = build_model(config.towers, ready.label_names, seed=config.seed).to(config.device)
    for parts in trainer.run():
        if trainer.step % 25 == 0:
            _log.info(
                "step=%d/%d progress=%.3f seconds_a_step=%.2f %s",
                trainer.step,
                trainer.total_steps,
                trainer.progress(),
                trainer.elapsed_s / max(1, trainer.step),
                " ".join(f"{name}={value:.3f}" for name, value in parts.items()),
            )
        if trainer.step % config.watch_every == 0:
            averaged.load_state_dict(trainer.average.state)
            recall = _val_recall(averaged, ready, config, config.gallery)
            _log.info("step=%d gallery=%d val_recall@10=%.4f", trainer.step, config.gallery, recall)
    trainer.save()
    averaged.load_state_dict(trainer.average.state)
    names = refit(averaged, ready, config) if config.refit_steps else ready.label_names
    recall = _val_recall(averaged, ready, config, None)
    _log.info("step=%d gallery=all val_recall@10=%.4f", trainer.step, recall)
    folder = export_compact(averaged.to("cpu"), ready.tokenizer, names, config.out / config.name)
    return TrainReport(
        folder=folder,
        steps=trainer.step,
        seconds=trainer.elapsed_s,
        val_recall_at_10=recall,
    )


def _val_recall(
    model: DualTower, ready: Prepared, config: TrainConfig, gallery: int | None
) -> float:
    """Recall@10 of val titles among `gallery` pictures, all where ``None``."""
    val = ready.catalogue.rows("val")
    others = np.setdiff1d(np.arange(len(ready.catalogue.ids)), val)
    if gallery is not None:
        others = others[: max(0, gallery - len(val))]
    rows = np.concatenate([val, others])
    pictures = embed_cached(model, ready.clean, rows, config.device)
    titles = embed_titles(
        model, ready.tokenizer, [ready.catalogue.titles[row] for row in val], config.device
    )
    return title_recall(titles, pictures, np.arange(len(val)))
