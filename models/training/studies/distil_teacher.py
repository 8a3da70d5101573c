"""The teacher of the distillation study: its views, its training, the targets that it gives.

A student must see the view that its target was made from. So there is a fixed table of views; the
frozen part of the teacher turns each into features and into the student's smaller frame at once,
and the targets of all of them are computed before any student trains.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from models.onnx_session import open_session
from models.training.network import ImageTower, TowerConfig, load_imagenet
from models.training.pairs import Pairs
from models.training.studies.distil_data import ClassBatches
from models.training.studies.distil_metric import metric_loss
from models.training.studies.distil_networks import (
    TEACHER_HW,
    TeacherFront,
    TeacherTail,
    export_network,
)
from models.training.studies.distil_settings import TeacherConfig
from models.training.views import FeatureCache, Stem, fill_cache

__all__ = ["ViewTable", "build_front", "build_teacher", "degrade", "fill_views", "load_views"]

_log = logging.getLogger(__name__)
_BATCH = 128
_VIEW_SEED = 7
DEGRADED_HW = (20, 15)
"""Pixels that are left of a picture in the cross-quality condition."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ViewTable:
    """All views of a list of n pictures.

    Attributes:
        frames: uint8 (V, n, 64, 48, 3), what the student sees.
        middle: V arrays float16 (n, 112, 8, 6), features of the teacher's frozen part.
        targets: float32 (V, n, dims), the teacher's unit vectors.
    """

    frames: NDArray[np.uint8]
    middle: Sequence[NDArray[np.float16]]
    targets: NDArray[np.float32]


def degrade(frames: Tensor) -> Tensor:
    """Shrink pictures to 20×15 px and enlarge them again: uint8 (B, H, W, 3) to the same."""
    pixels = frames.permute(0, 3, 1, 2).float()
    small = functional.interpolate(pixels, DEGRADED_HW, mode="bilinear", antialias=True)
    large = functional.interpolate(small, frames.shape[1:3], mode="bicubic")
    return large.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)


def build_front(folder: Path, *, dims: int, seed: int) -> tuple[ImageTower, Stem]:
    """A teacher with ImageNet weights, and its frozen part as a fast function."""
    torch.manual_seed(seed)
    tower = ImageTower(TowerConfig(dims=dims, height_px=TEACHER_HW[0], width_px=TEACHER_HW[1]))
    load_imagenet(tower)
    path = export_network(
        TeacherFront(tower), folder / "front.onnx", TEACHER_HW, outputs=("middle", "frames")
    )
    session = open_session(path, threads=torch.get_num_threads())

    def run(pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        middle, frames = session.run(None, {"pictures": pictures})
        return np.asarray(middle), np.asarray(frames)

    return tower, run


def fill_views(
    folder: Path,
    name: str,
    pairs: Pairs,
    rows: NDArray[np.int64],
    front: Stem,
    *,
    views: int,
    degraded: bool = False,
) -> list[FeatureCache]:
    """Features and frames of each view; odd views are mirrored, view 0 is the untouched picture."""

    def mirrored(pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return front(np.ascontiguousarray(pictures[:, :, ::-1]))

    def worse(pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return front(degrade(torch.from_numpy(pictures)).contiguous().numpy())

    pictures = [pairs.pictures[row] for row in rows]
    return [
        fill_cache(
            folder,
            name,
            pictures,
            worse if degraded else mirrored if view % 2 else front,
            view=view,
            seed=_VIEW_SEED,
            height_px=TEACHER_HW[0],
            width_px=TEACHER_HW[1],
        )
        for view in range(views)
    ]


def build_teacher(
    tower: ImageTower,
    views: Sequence[FeatureCache],
    labels: NDArray[np.int64],
    config: TeacherConfig,
    path: Path,
) -> TeacherTail:
    """Train the later layers and the new head from labels, or load them.

    Batch statistics stay those of ImageNet, and depthwise filters stay as well: they cost as much
    time as all else together.
    """
    tail = TeacherTail(tower).eval()
    if path.exists():
        tower.load_state_dict(load_file(path))
        return tail
    tower.lower.requires_grad_(False)
    tower.middle.requires_grad_(False)
    for module in tower.upper.modules():
        if isinstance(module, nn.Conv2d) and module.groups > 1:
            module.weight.requires_grad_(False)
    upper = [each for each in tower.upper.parameters() if each.requires_grad]
    known = {id(each) for each in upper}
    head = [each for each in tower.parameters() if each.requires_grad and id(each) not in known]
    optimiser = torch.optim.AdamW(
        [
            {"params": head, "lr": config.head_rate, "peak": config.head_rate},
            {"params": upper, "lr": config.upper_rate, "peak": config.upper_rate},
        ],
        weight_decay=config.weight_decay,
    )
    batches = ClassBatches(
        labels,
        classes=config.classes,
        pictures=config.pictures,
        views=len(views),
        seed=config.seed,
    )
    frames = np.stack([each.thumbnails for each in views])
    torch.manual_seed(config.seed)  # dropout
    tower.bend.train()
    began, losses = time.monotonic(), []
    for step in range(config.steps):
        places, view_of = batches.draw(step)
        middle = np.stack(
            [views[view].features[place] for place, view in zip(places, view_of, strict=True)]
        )
        ramp = min(1.0, (step + 1) / (0.05 * config.steps + 1))
        share = ramp * 0.5 * (1 + math.cos(math.pi * step / config.steps))
        for group in optimiser.param_groups:
            group["lr"] = group["peak"] * share
        vectors = tail(torch.from_numpy(middle).float(), torch.from_numpy(frames[view_of, places]))
        loss = metric_loss(config, vectors, torch.from_numpy(labels[places]))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
        if (step + 1) % 50 == 0:
            _log.info(
                "teacher step=%d/%d loss=%.4f seconds=%.0f",
                step + 1,
                config.steps,
                float(np.mean(losses[-50:])),
                time.monotonic() - began,
            )
    tail.eval()
    fresh = path.with_suffix(".partial")
    save_file({name: each.contiguous() for name, each in tower.state_dict().items()}, fresh)
    fresh.replace(path)
    return tail


def load_views(
    tail: TeacherTail, views: Sequence[FeatureCache], folder: Path, name: str
) -> ViewTable:
    """Views with the teacher's vectors, computed once."""
    targets: list[NDArray[np.float32]] = []
    for view, cache in enumerate(views):
        path = folder / f"{name}-{view}-targets.npy"
        if not path.exists():
            fresh = path.with_suffix(".partial.npy")
            np.save(fresh, _embed(tail, cache))
            fresh.replace(path)
            _log.info("targets name=%s view=%d rows=%d", name, view, len(cache.thumbnails))
        targets.append(np.load(path))
    return ViewTable(
        frames=np.stack([each.thumbnails for each in views]),
        middle=[each.features for each in views],
        targets=np.stack(targets),
    )


@torch.no_grad()
def _embed(tail: TeacherTail, cache: FeatureCache) -> NDArray[np.float32]:
    parts: list[NDArray[np.float32]] = []
    for start in range(0, len(cache.thumbnails), _BATCH):
        rows = slice(start, start + _BATCH)
        middle = torch.from_numpy(np.array(cache.features[rows])).float()
        frames = torch.from_numpy(np.array(cache.thumbnails[rows]))
        parts.append(tail(middle, frames).numpy())
    return np.concatenate(parts)
