"""Trains the dual encoder from pictures and titles: ``lookalike train encoder``.

One run, two parts. First the new layers (heads, colour path, text tower) learn on the backbone's
ImageNet features; then the backbone's later layers learn too, at a smaller rate. The early layers
stay as ImageNet left them, which lets their output be cached. Depthwise filters stay as well: their
gradients cost as much as all others together on a CPU.

Embeddings of past batches as further negatives (Wang et al. 2020, https://arxiv.org/abs/1912.06798)
were tried and are left out: the model told old ones apart by their age, and recall@10 among 10,000
pictures fell from 0.608 to 0.555 within 185 steps of 4,096 of them.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from torch import Tensor, nn

from models.training.batches import Batch, Batches
from models.training.checkpoint import load_average
from models.training.loop import Trainer, run_to_the_end
from models.training.losses import (
    attribute_loss,
    contrastive_loss,
    phrase_matches,
    title_matches,
)
from models.training.network import DualTower
from models.training.preparation import Prepared, build_model, prepare
from models.training.prompts import LabelPrompts, label_prompts, prompt_loss
from models.training.settings import TrainConfig, TrainReport

__all__ = ["PairObjective", "batches_of", "train"]


class PairObjective:
    """Titles, phrases and labels against pictures; see `models/weights/teacher.md`.

    Args:
        config: Rates and weights.
        prompts: Names of the labels.
        frozen_steps: Steps before the backbone learns.
    """

    def __init__(self, config: TrainConfig, prompts: LabelPrompts, *, frozen_steps: int):
        self._config = config
        self._prompts = prompts
        self._frozen_steps = frozen_steps

    def groups(self, model: DualTower) -> list[dict[str, Any]]:
        """Backbone, new layers and text tower, each at its own rate."""
        config = self._config
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
                "peak": rates[part],
                "from": self._frozen_steps if part == "trunk" else 0,
                "weight_decay": config.weight_decay if decays else 0.0,
            }
            for (part, decays), parameters in groups.items()
        ]

    def loss(self, model: DualTower, batch: Batch, step: int) -> tuple[Tensor, dict[str, float]]:
        """Contrastive over titles and phrases, cross-entropy over attributes and label names."""
        config, prompts = self._config, self._prompts
        trunk_learns = step >= self._frozen_steps
        with torch.set_grad_enabled(trunk_learns and torch.is_grad_enabled()):
            pooled = model.image.trunk(batch.features)
        images = model.image.head(pooled, batch.thumbnails)
        titles = model.text(batch.titles)
        phrases = model.text(batch.phrases)

        same, usable = title_matches(batch.title_numbers, batch.title_numbers)
        scale = model.log_scale.exp()
        cosines = titles @ images.T
        by_title = contrastive_loss(scale * cosines, same, usable)
        by_picture = contrastive_loss(scale * cosines.T, same, usable)

        match, known = phrase_matches(batch.named, batch.labels, batch.labels)
        phrase_scale = model.log_scale_phrase.exp()
        by_phrase = contrastive_loss(phrase_scale * phrases @ images.T, match, known)

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
        parts = {
            "title": by_title,
            "phrase": by_phrase,
            "picture_attributes": picture_attributes,
            "text_attributes": text_attributes,
            "name": by_name,
            "scale": scale,
        }
        return loss, {name: float(each.detach()) for name, each in parts.items()}


def batches_of(ready: Prepared, config: TrainConfig) -> Batches:
    """The batches of a run."""
    return Batches(
        ready.sources,
        ready.tokenizer,
        ready.label_names,
        size=config.batch,
        seed=config.seed,
        word_drop=config.word_drop,
        colour_drop=config.colour_drop,
    )


def train(config: TrainConfig) -> TrainReport:
    """The whole recipe: prepare, train (or go on), measure on val, export.

    Raises:
        NotFound: The training data are not there.
    """
    # Caches and checkpoints fit one run only; another seed or size must never pick them up.
    config = dataclasses.replace(config, work=config.work / config.run_id)
    ready = prepare(config)
    batches = batches_of(ready, config)
    model = build_model(config.towers, ready.label_names, seed=config.seed)
    if config.start is not None:
        model.load_state_dict(load_average(config.start))
    objective = PairObjective(
        config,
        label_prompts(ready.label_names, ready.tokenizer).to(config.device),
        frozen_steps=round(config.frozen_epochs * batches.steps_per_epoch),
    )
    checkpoint = config.work / "checkpoint.safetensors"
    return run_to_the_end(Trainer(config, batches, model, checkpoint, objective), ready)
