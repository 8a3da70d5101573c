"""Trains the composer on the vectors of a catalogue: minutes on a CPU.

Every product of the train split that fits a question is a right answer, all others of a gallery
are wrong ones. With k a learned scale, c the composed vector, g the gallery and p the right answers

    loss = log sum_g exp(k c.g) - log sum_p exp(k c.p + a r.p)  + log sum_p exp(a r.p)

so that the probability of some right answer grows, of those that look like the reference r first.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file
from torch import Tensor, nn
from torch.nn import functional

from engine.evaluation.cache import caching
from engine.ports import DualEncoder
from engine.query.lexicon import default_lexicon
from engine.types import Vectors
from models.composer import FEATURES
from models.training.composer_data import (
    Prepared,
    catalogue_items,
    catalogue_questions,
    embed_pictures,
    prepare,
)
from models.training.export import swap_folder
from models.training.pairs import load_kagl

__all__ = ["Combiner", "ComposerConfig", "ComposerReport", "composed_loss", "fit", "train_composer"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposerConfig:
    """A training run.

    Attributes:
        data: Folder with ``kagl.parquet``.
        out: Folder that gets ``composer/``.
        work: Keeps the catalogue's vectors by the encoder's fingerprint.
        questions: Drawn from the train split.
        val_questions: Drawn from the val split, to tell the best step.
        gallery: Products of the train split that a step is measured against.
        likeness: a of the loss: how much the right answers that look like the reference are
            preferred.
    """

    data: Path
    out: Path
    work: Path = Path("runs/composer")
    seed: int = 7
    questions: int = 40_000
    val_questions: int = 1_500
    steps: int = 900
    batch: int = 256
    gallery: int = 6_000
    hidden: int = 320
    rate: float = 2e-3
    weight_decay: float = 0.02
    dropout: float = 0.1
    likeness: float = 4.0
    watch_every: int = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposerReport:
    """How a run ended.

    Attributes:
        folder: What was written.
        seconds: Time that training took, embedding left out.
        val_precision: precision@10 of val questions among all pictures of train and val.
        val_arithmetic: The same for the reference plus the difference of the descriptions.
    """

    folder: Path
    encoder: str
    steps: int
    seconds: float
    parameters: int
    val_precision: float
    val_arithmetic: float


class Combiner(nn.Module):
    """The network of `models.composer`, to be trained.

    Args:
        dims: Length D of the vectors.
        hidden: Width of the hidden layer.
        dropout: Of the hidden layer, in training.
    """

    def __init__(self, dims: int, hidden: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.input = nn.Linear(4 * dims + len(FEATURES), hidden)
        self.gate = nn.Linear(hidden, dims)
        self.shift = nn.Linear(hidden, dims)
        self.dropout = nn.Dropout(dropout)
        self.arithmetic = nn.Parameter(torch.zeros(1))
        self.scale = nn.Parameter(torch.tensor(3.0))
        # Begins as the plain arithmetic: the whole reference plus the change in words.
        nn.init.zeros_(self.shift.weight)
        nn.init.zeros_(self.shift.bias)
        nn.init.zeros_(self.gate.weight)
        nn.init.constant_(self.gate.bias, 4.0)

    def forward(
        self, reference: Tensor, words: Tensor, target: Tensor, source: Tensor, features: Tensor
    ) -> Tensor:
        """Composed unit vectors (B, D) from vectors (B, D) and features (B, F)."""
        given = torch.cat([reference, words, target, source, features], dim=1)
        hidden = self.dropout(functional.gelu(self.input(given), approximate="tanh"))
        moved = torch.sigmoid(self.gate(hidden)) * reference
        moved = moved + self.arithmetic.exp() * (target - source) + self.shift(hidden)
        return functional.normalize(moved, dim=1)


def composed_loss(
    composed: Tensor,
    reference: Tensor,
    gallery: Tensor,
    right: Tensor,
    *,
    scale: Tensor | float,
    likeness: float,
) -> Tensor:
    """The loss above, averaged over the batch.

    Args:
        composed: (B, D) unit vectors.
        reference: (B, D) unit vectors.
        gallery: (N, D) unit vectors.
        right: (B, N) bool, at least one true in each row.
        scale: k.
        likeness: a.
    """
    logits = scale * composed @ gallery.T  # (B, N)
    with torch.no_grad():
        alike = (likeness * reference @ gallery.T).masked_fill(~right, float("-inf"))
        alike = alike - alike.logsumexp(dim=1, keepdim=True)
    chosen = (logits + alike).logsumexp(dim=1)
    return (logits.logsumexp(dim=1) - chosen).mean()


def train_composer(config: ComposerConfig, encoder: DualEncoder) -> ComposerReport:
    """Embed the catalogue, train, and write weights that belong to this encoder.

    Raises:
        NotFound: The data are not there.
    """
    lexicon = default_lexicon()
    pairs = load_kagl(config.data)
    towers = caching(encoder, config.work)
    pictures = embed_pictures(pairs, towers)
    items = catalogue_items(pairs, lexicon)
    train, val = pairs.rows("train"), pairs.rows("val")
    asked, checked = (
        prepare(each, items, pictures, encoder=towers, lexicon=lexicon, seed=config.seed)
        for each in catalogue_questions(
            items,
            train,
            val,
            lexicon,
            count=config.questions,
            val_count=config.val_questions,
            seed=config.seed,
        )
    )
    towers.save()
    _log.info("%d questions for training, %d for val", len(asked.rows), len(checked.rows))
    return fit(config, asked, checked, pictures, train, val, encoder.encoder_id.fingerprint)


def fit(
    config: ComposerConfig,
    asked: Prepared,
    checked: Prepared,
    pictures: Vectors,
    train: NDArray[np.int64],
    val: NDArray[np.int64],
    fingerprint: str,
) -> ComposerReport:
    """Train on prepared questions, keep the step that is best on val, and write it."""
    torch.manual_seed(config.seed)
    chance = np.random.default_rng(config.seed)
    model = Combiner(pictures.shape[1], config.hidden, config.dropout)
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=config.rate, weight_decay=config.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=config.rate, total_steps=config.steps, pct_start=0.1
    )
    vectors = torch.from_numpy(pictures)
    searched = np.concatenate([train, val])
    place = np.full(len(pictures), -1, np.int64)
    start = time.perf_counter()
    best, kept = -1.0, _tensors(model)
    for step in range(1, config.steps + 1):
        at = chance.choice(len(asked.rows), min(config.batch, len(asked.rows)), replace=False)
        drawn = chance.choice(train, min(config.gallery, len(train)), replace=False)
        # Each question brings a few of its right answers, so that none goes without.
        own = [chance.choice(asked.targets[q], min(4, len(asked.targets[q]))) for q in at]
        gallery = np.unique(np.concatenate([drawn, *own]))
        place[:] = -1
        place[gallery] = np.arange(len(gallery))
        right = _right([asked.targets[q] for q in at], place, len(gallery))
        loss = composed_loss(
            model(*asked.batch(at)),
            asked.reference[torch.from_numpy(at)],
            vectors[torch.from_numpy(gallery)],
            right,
            scale=model.scale.exp(),
            likeness=config.likeness,
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % config.watch_every == 0 or step == config.steps:
            value = precision(_all_composed(model, checked), checked, pictures, searched)
            _log.info("step %d loss %.3f val precision@10 %.4f", step, loss.item(), value)
            if value > best:
                best, kept = value, _tensors(model)
    plain = functional.normalize(checked.reference + checked.target - checked.source, dim=1)
    seconds = time.perf_counter() - start
    folder = _write(config, kept, fingerprint)
    return ComposerReport(
        folder=folder,
        encoder=fingerprint,
        steps=config.steps,
        seconds=seconds,
        parameters=sum(tensor.size for tensor in kept.values()),
        val_precision=best,
        val_arithmetic=precision(plain.numpy(), checked, pictures, searched),
    )


def precision(
    composed: NDArray[np.float32],
    questions: Prepared,
    pictures: Vectors,
    searched: NDArray[np.int64],
    *,
    depth: int = 10,
) -> float:
    """Mean share of right answers among the first `depth` pictures of an exact search."""
    gallery = pictures[searched]
    found: list[float] = []
    for start in range(0, len(composed), 256):
        scores = composed[start : start + 256] @ gallery.T
        for row, each in enumerate(scores, start):
            first = searched[np.argpartition(-each, depth)[: depth + 1]]
            order = first[np.argsort(-(pictures[first] @ composed[row]), kind="stable")]
            order = order[order != questions.rows[row]][:depth]
            right = np.isin(order, questions.targets[row]).sum()
            found.append(float(right) / min(depth, len(questions.targets[row])))
    return float(np.mean(found))


def _right(targets: Sequence[NDArray[np.int64]], place: NDArray[np.int64], size: int) -> Tensor:
    right = np.zeros((len(targets), size), np.bool_)
    for row, rows in enumerate(targets):
        held = place[rows]
        right[row, held[held >= 0]] = True
    return torch.from_numpy(right)


def _all_composed(model: Combiner, questions: Prepared) -> NDArray[np.float32]:
    model.eval()
    with torch.no_grad():
        composed = model(*questions.batch(np.arange(len(questions.rows)))).numpy()
    model.train()
    return composed


def _tensors(model: Combiner) -> dict[str, NDArray[np.float16]]:
    return {
        name: tensor.detach().numpy().astype(np.float16)
        for name, tensor in model.state_dict().items()
        if name != "scale"
    }


def _write(
    config: ComposerConfig, tensors: dict[str, NDArray[np.float16]], fingerprint: str
) -> Path:
    """Write the folder, then put it in the place of the old one."""
    folder = config.out / "composer"
    partial = config.out / "composer.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    save_file(tensors, partial / "composer.safetensors")
    (partial / "composer.safetensors").chmod(0o644)  # safetensors lets its owner alone read it
    digest = hashlib.sha256((partial / "composer.safetensors").read_bytes()).hexdigest()[:16]
    described = {
        "name": "composer",
        "revision": digest,
        "encoder": fingerprint,
        "hidden": config.hidden,
        "seed": config.seed,
        "steps": config.steps,
    }
    (partial / "config.json").write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")
    return swap_folder(partial, folder)
