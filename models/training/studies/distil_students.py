"""Trains and measures one student, and keeps what it found."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.training.distil import (
    absolute_loss,
    attention_loss,
    hint_loss,
    relative_loss,
)
from models.training.studies.distil_data import ClassBatches
from models.training.studies.distil_metric import metric_loss
from models.training.studies.distil_networks import MIDDLE_CHANNELS, TEACHER_CHANNELS, StudentNet
from models.training.studies.distil_settings import StudentRun, run_key
from models.training.studies.distil_teacher import ViewTable, degrade

__all__ = ["RECALL_AT", "Found", "Material", "recall_at", "run_student", "train_student"]

_log = logging.getLogger(__name__)
RECALL_AT = (1, 4, 8)
_BATCH = 256
_WARM_STEPS = 50


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Material:
    """What students learn from and are measured on.

    Attributes:
        fit: Training pictures.
        fit_labels: (n,) their classes.
        unlabelled: Pictures without labels.
        parts: ``val`` and ``test``: pictures (one view) and classes.
        key: Of the pictures and the teacher.
    """

    fit: ViewTable
    fit_labels: NDArray[np.int64]
    unlabelled: ViewTable
    parts: dict[str, tuple[ViewTable, NDArray[np.int64]]]
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one student reached.

    Attributes:
        recall: (recall@1, recall@4, recall@8) on the run's part.
        loss: Mean of the last 50 steps.
        seconds: Of training.
    """

    recall: tuple[float, ...]
    loss: float
    seconds: float


def recall_at(
    vectors: NDArray[np.float32], labels: NDArray[np.int64], at: Sequence[int] = RECALL_AT
) -> tuple[float, ...]:
    """Share of queries with one of their class among the k nearest others.

    Every picture is a query and all others are the gallery. They are shuffled first: lists come
    class by class, and ties would go to neighbours in the list.

    Args:
        vectors: (N, D), unit length.
        labels: (N,).
        at: The k, rising.
    """
    order = np.random.default_rng(0).permutation(len(labels))
    vectors, labels = vectors[order], labels[order]
    most = min(at[-1], len(labels) - 1)
    hits = np.zeros(len(at))
    for start in range(0, len(labels), 1024):
        scores = vectors[start : start + 1024] @ vectors.T
        own = np.arange(len(scores))
        scores[own, start + own] = -np.inf
        nearest = np.argpartition(-scores, most - 1, axis=1)[:, :most]
        ranked = np.take_along_axis(
            nearest, np.argsort(-np.take_along_axis(scores, nearest, 1), 1, kind="stable"), 1
        )
        right = labels[ranked] == labels[start : start + 1024, None]
        hits += [right[:, :k].any(1).sum() for k in at]
    return tuple(float(each) / len(labels) for each in hits)


@torch.no_grad()
def _embed(
    student: StudentNet, frames: NDArray[np.uint8], *, degraded: bool
) -> NDArray[np.float32]:
    student.eval()
    parts: list[NDArray[np.float32]] = []
    for start in range(0, len(frames), _BATCH):
        batch = torch.from_numpy(frames[start : start + _BATCH])
        parts.append(student(degrade(batch) if degraded else batch)[0].numpy())
    return np.concatenate(parts)


def _middle(table: ViewTable, places: NDArray[np.int64], views: NDArray[np.int64]) -> Tensor:
    rows = [table.middle[view][place] for place, view in zip(places, views, strict=True)]
    return torch.from_numpy(np.stack(rows)).float()


def _loss(
    run: StudentRun,
    vectors: Tensor,
    middle: Tensor,
    regressor: nn.Module,
    labels: Tensor,
    targets: Tensor,
    hints: Tensor | None,
) -> Tensor:
    """Metric loss on the labelled rows, which come first, and teachers' losses on all rows."""
    count = len(labels)
    loss = vectors.new_zeros(())
    if run.labels:
        loss = loss + run.labels * metric_loss(run, vectors[:count], labels)
    if run.absolute:
        loss = loss + run.absolute * absolute_loss(vectors, targets)
    if run.relative:
        loss = loss + run.relative * relative_loss(vectors, targets)
    if hints is not None and run.hint:
        loss = loss + run.hint * hint_loss(regressor(middle[:count]), hints)
    if hints is not None and run.attention:
        loss = loss + run.attention * attention_loss(middle[:count], hints)
    return loss


def train_student(run: StudentRun, material: Material) -> tuple[StudentNet, list[float]]:
    """Train one student from scratch; the loss of each step comes back with it."""
    torch.manual_seed(run.seed)
    student = StudentNet(material.fit.targets.shape[-1])
    regressor = nn.Conv2d(MIDDLE_CHANNELS, TEACHER_CHANNELS, 1)
    optimiser = torch.optim.AdamW(
        [*student.parameters(), *regressor.parameters()],
        lr=run.rate,
        weight_decay=run.weight_decay,
    )
    table, extra = material.fit, material.unlabelled
    batches = ClassBatches(
        material.fit_labels,
        classes=run.classes,
        pictures=run.pictures,
        views=len(table.frames),
        seed=run.seed,
    )
    student.train()
    losses: list[float] = []
    for step in range(run.steps):
        places, views = batches.draw(step)
        frames, targets = table.frames[views, places], table.targets[views, places]
        if run.unlabelled:
            rng = np.random.default_rng((run.seed, step, 1))
            others = rng.integers(0, extra.frames.shape[1], run.unlabelled)
            seen = rng.integers(0, len(extra.frames), run.unlabelled)
            frames = np.concatenate([frames, extra.frames[seen, others]])
            targets = np.concatenate([targets, extra.targets[seen, others]])
        batch = torch.from_numpy(frames)
        ramp = min(1.0, (step + 1) / _WARM_STEPS)
        for group in optimiser.param_groups:
            group["lr"] = run.rate * ramp * 0.5 * (1 + math.cos(math.pi * step / run.steps))
        vectors, middle = student(degrade(batch) if run.degraded else batch)
        loss = _loss(
            run,
            vectors,
            middle,
            regressor,
            torch.from_numpy(material.fit_labels[places]),
            torch.from_numpy(targets),
            _middle(table, places, views) if run.hint or run.attention else None,
        )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    return student.eval(), losses


def run_student(run: StudentRun, material: Material, folder: Path) -> Found:
    """Train and measure, or read what an earlier call of the same settings found."""
    path = folder / f"{run_key(material.key, run)}.json"
    if path.exists():
        kept = json.loads(path.read_text(encoding="utf-8"))
        return Found(
            recall=tuple(kept["recall"]), loss=float(kept["loss"]), seconds=float(kept["seconds"])
        )
    began = time.monotonic()
    student, losses = train_student(run, material)
    seconds = time.monotonic() - began
    views, labels = material.parts[run.part]
    found = Found(
        recall=recall_at(_embed(student, views.frames[0], degraded=run.degraded), labels),
        loss=float(np.mean(losses[-50:])),
        seconds=seconds,
    )
    folder.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".partial")
    fresh.write_text(json.dumps({"run": asdict(run), **asdict(found)}, indent=1), encoding="utf-8")
    fresh.replace(path)
    _log.info(
        "student arm=%s condition=%s part=%s seed=%d recall@1=%.3f loss=%.4f seconds=%.0f",
        run.arm,
        run.condition,
        run.part,
        run.seed,
        found.recall[0],
        found.loss,
        seconds,
    )
    return found
