"""Trains the compact dual encoder: ``python -m models.training.encoder --data ../shared/data``.

One run, two parts. First the new layers (heads, colour path, text tower) learn on the backbone's
ImageNet features; then the backbone's later layers learn too, at a smaller rate. The early layers
stay as ImageNet left them, which lets their output be cached. Depthwise filters stay as well: their
gradients cost as much as all others together on a CPU.
"""

from __future__ import annotations

import dataclasses
import logging
import math
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from models.training.batches import Batch, Batches
from models.training.checkpoint import (
    AveragedWeights,
    load_average,
    load_checkpoint,
    save_checkpoint,
)
from models.training.export import export_compact
from models.training.losses import (
    EmbeddingMemory,
    attribute_loss,
    contrastive_loss,
    phrase_matches,
    title_matches,
)
from models.training.network import DualTower
from models.training.pairs import ATTRIBUTES
from models.training.preparation import Prepared, build_model, prepare
from models.training.prompts import LabelPrompts, label_prompts, prompt_loss
from models.training.recall import embed_cached, embed_titles, title_recall
from models.training.settings import TrainConfig, TrainReport

__all__ = ["TrainConfig", "TrainReport", "Trainer", "step_loss", "train"]

_log = logging.getLogger(__name__)
_MAX_LOG_SCALE = math.log(100)
_WARM_STEPS = 150


def step_loss(
    model: DualTower,
    batch: Batch,
    memory: EmbeddingMemory | None,
    prompts: LabelPrompts,
    config: TrainConfig,
    *,
    trunk_learns: bool,
) -> tuple[Tensor, dict[str, float]]:
    """Forward pass and the sum of losses; the batch enters the memory where there is one."""
    with torch.set_grad_enabled(trunk_learns and torch.is_grad_enabled()):
        pooled = model.image.trunk(batch.features)
    images = model.image.head(pooled, batch.thumbnails)
    titles = model.text(batch.titles)
    phrases = model.text(batch.phrases)
    all_images, all_texts = images, titles
    all_labels, all_numbers = batch.labels, batch.title_numbers
    if memory is not None:
        past_images, past_texts, past_numbers, past_labels = memory.view()
        all_images, all_texts = torch.cat([images, past_images]), torch.cat([titles, past_texts])
        all_labels = torch.cat([all_labels, past_labels])
        all_numbers = torch.cat([all_numbers, past_numbers])

    same, usable = title_matches(batch.title_numbers, all_numbers)
    usable[:, len(titles) :] &= ~same[:, len(titles) :]  # an old embedding is no positive
    scale = model.log_scale.exp()
    by_title = contrastive_loss(scale * titles @ all_images.T, same, usable)
    by_picture = contrastive_loss(scale * images @ all_texts.T, same, usable)

    match, known = phrase_matches(batch.named, batch.labels, all_labels)
    phrase_scale = model.log_scale_phrase.exp()
    by_phrase = contrastive_loss(phrase_scale * phrases @ all_images.T, match, known)

    picture_attributes = attribute_loss(model.heads(images), batch.labels)
    title_labels = batch.labels.masked_fill((batch.title_numbers < 0)[:, None], -1)
    phrase_labels = batch.labels.masked_fill(~batch.named, -1)
    text_attributes = attribute_loss(
        model.heads(torch.cat([titles, phrases])), torch.cat([title_labels, phrase_labels])
    )
    by_name = prompt_loss(images, model.text(prompts.tokens), prompts.sizes, batch.labels)
    loss = (
        0.5 * (by_title + by_picture)
        + config.phrase_weight * by_phrase
        + config.picture_attribute_weight * picture_attributes
        + config.text_attribute_weight * text_attributes
        + config.prompt_weight * by_name
    )
    if memory is not None:
        memory.push(images, titles, batch.title_numbers, batch.labels)
    parts = {
        "loss": loss,
        "title": by_title,
        "phrase": by_phrase,
        "picture_attributes": picture_attributes,
        "text_attributes": text_attributes,
        "prompt": by_name,
        "scale": scale,
    }
    return loss, {name: float(each.detach()) for name, each in parts.items()}


def _parameter_groups(model: DualTower, config: TrainConfig) -> list[dict[str, object]]:
    trunk = nn.ModuleList([model.image.middle, model.image.upper])
    model.image.lower.requires_grad_(False)
    for module in trunk.modules():
        if isinstance(module, nn.Conv2d) and module.groups > 1:
            module.weight.requires_grad_(False)
    trunk_ids = {id(each) for each in trunk.parameters()}
    text_ids = {id(each) for each in model.text.parameters()}
    groups: dict[tuple[str, bool], list[nn.Parameter]] = {}
    for name, each in model.named_parameters():
        if not each.requires_grad:
            continue
        part = "trunk" if id(each) in trunk_ids else "text" if id(each) in text_ids else "head"
        decays = each.ndim > 1 and "embed" not in name
        groups.setdefault((part, decays), []).append(each)
    rates = {"trunk": config.trunk_rate, "head": config.head_rate, "text": config.text_rate}
    return [
        {
            "params": parameters,
            "lr": rates[part],
            "peak": rates[part],
            "part": part,
            "weight_decay": config.weight_decay if decays else 0.0,
        }
        for (part, decays), parameters in groups.items()
    ]


class Trainer:
    """One run over prepared data; `run` may be called again to go on.

    Args:
        config: The run.
        batches: Where batches come from.
        model: What learns; moved to the device.
        checkpoint: Where the state is kept; restored from there when it exists.
    """

    def __init__(self, config: TrainConfig, batches: Batches, model: DualTower, checkpoint: Path):
        self.config = config
        self.batches = batches
        self.model = model.to(config.device)
        self.optimiser = torch.optim.AdamW(_parameter_groups(self.model, config))
        self.average = AveragedWeights(self.model, config.average_decay)
        self.memory = EmbeddingMemory(
            config.memory, config.towers.dims, len(ATTRIBUTES), config.device
        )
        self.prompts = label_prompts(batches.label_names, batches.tokenizer).to(config.device)
        self.checkpoint = checkpoint
        self.step = 0
        self.elapsed_s = 0.0
        if checkpoint.exists():
            self.step, self.elapsed_s = load_checkpoint(
                checkpoint,
                model=self.model,
                average=self.average,
                optimiser=self.optimiser,
                memory=self.memory,
            )
            _log.info("resumed step=%d elapsed_s=%.0f", self.step, self.elapsed_s)

    @property
    def total_steps(self) -> int:
        """Steps of a run that no clock cuts short."""
        return self.config.epochs * self.batches.steps_per_epoch

    @property
    def frozen_steps(self) -> int:
        """Steps before the backbone learns."""
        return round(self.config.frozen_epochs * self.batches.steps_per_epoch)

    @property
    def memory_steps(self) -> int:
        """Steps before past batches serve as negatives."""
        return round(self.config.memory_from * self.batches.steps_per_epoch)

    def progress(self) -> float:
        """Share of the schedule that is done, 0 to 1."""
        done = self.step / self.total_steps
        if self.config.limit_minutes is not None:
            done = max(done, self.elapsed_s / (60 * self.config.limit_minutes))
        return min(1.0, done)

    def _set_rates(self) -> None:
        cosine = 0.5 * (1 + math.cos(math.pi * self.progress()))
        for group in self.optimiser.param_groups:
            since = self.step - (self.frozen_steps if group["part"] == "trunk" else 0)
            ramp = min(1.0, max(0.0, (since + 1) / _WARM_STEPS))
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
            loss, parts = step_loss(
                self.model,
                batch.to(self.config.device),
                self.memory if self.step >= self.memory_steps else None,
                self.prompts,
                self.config,
                trunk_learns=self.step >= self.frozen_steps,
            )
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
            yield parts

    def save(self) -> None:
        """Write the checkpoint."""
        save_checkpoint(
            self.checkpoint,
            model=self.model,
            average=self.average,
            optimiser=self.optimiser,
            memory=self.memory,
            step=self.step,
            elapsed_s=self.elapsed_s,
        )


def _watch(model: DualTower, ready: Prepared, config: TrainConfig, gallery: int | None) -> float:
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


def train(config: TrainConfig) -> TrainReport:
    """The whole recipe: prepare, train (or go on), measure on val, export.

    Raises:
        NotFound: The training data are not there.
    """
    # Caches and checkpoints fit one run only; another seed or size must never pick them up.
    config = dataclasses.replace(config, work=config.work / config.run_id)
    ready = prepare(config)
    batches = Batches(
        ready.sources,
        ready.tokenizer,
        ready.label_names,
        size=config.batch,
        seed=config.seed,
        word_drop=config.word_drop,
        colour_drop=config.colour_drop,
    )
    model = build_model(config.towers, ready.label_names, seed=config.seed)
    if config.start is not None:
        model.load_state_dict(load_average(config.start))
    trainer = Trainer(config, batches, model, config.work / "checkpoint.safetensors")
    averaged = build_model(config.towers, ready.label_names, seed=config.seed).to(config.device)
    for parts in trainer.run():
        if trainer.step % 25 == 0:
            shown = " ".join(f"{name}={value:.3f}" for name, value in parts.items())
            rate = trainer.elapsed_s / max(1, trainer.step)
            _log.info(
                "step=%d/%d progress=%.3f seconds_a_step=%.2f %s",
                trainer.step,
                trainer.total_steps,
                trainer.progress(),
                rate,
                shown,
            )
        if trainer.step % config.watch_every == 0:
            averaged.load_state_dict(trainer.average.state)
            recall = _watch(averaged, ready, config, config.gallery)
            _log.info("step=%d gallery=%d val_recall@10=%.4f", trainer.step, config.gallery, recall)
    trainer.save()
    averaged.load_state_dict(trainer.average.state)
    recall = _watch(averaged, ready, config, None)
    _log.info("step=%d gallery=all val_recall@10=%.4f", trainer.step, recall)
    folder = export_compact(
        averaged.to("cpu"), ready.tokenizer, ready.label_names, config.out / "compact"
    )
    return TrainReport(
        folder=folder,
        steps=trainer.step,
        seconds=trainer.elapsed_s,
        val_recall_at_10=recall,
    )
