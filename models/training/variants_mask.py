"""Trains the network that says which pixels of a box are the garment."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.training.checkpoint import AveragedWeights, load_checkpoint, save_checkpoint
from models.training.variants_mask_crops import CropSet, MaskCrop, draw_batch
from models.training.variants_mask_export import export_mask
from models.training.variants_mask_network import MaskNetwork

__all__ = ["MaskConfig", "MaskReport", "overlap", "train_mask"]

_log = logging.getLogger(__name__)
_WARM_STEPS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskConfig:
    """A run.

    Attributes:
        out: Gets ``variant-mask/``.
        work: Keeps the checkpoint, from which a run goes on.
        classes: Coarse classes of the detector, in its order.
        epochs: Passes over the crops.
        rate: Peak of the rate; a third of it for what ImageNet taught.
        imagenet: Start from ImageNet's weights.
    """

    out: Path
    work: Path
    classes: tuple[str, ...]
    device: str = "cpu"
    epochs: int = 5
    batch: int = 16
    rate: float = 2e-3
    weight_decay: float = 0.02
    average_decay: float = 0.995
    save_every: int = 200
    seed: int = 7
    imagenet: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskReport:
    """What came out; `val_iou` is over crops of the val split, unshaken by nothing but chance."""

    folder: Path
    seconds: float
    parameters: int
    val_iou: float


def train_mask(
    config: MaskConfig, train: Iterable[MaskCrop], val: Iterable[MaskCrop]
) -> MaskReport:
    """Train, or go on from the checkpoint in `config.work`, and export.

    Args:
        config: The run.
        train: To learn from.
        val: To report on; nothing is chosen by it.
    """
    torch.manual_seed(config.seed)
    crops, held = CropSet.of(list(train)), CropSet.of(list(val))
    network = MaskNetwork(len(config.classes), imagenet=config.imagenet).to(config.device)
    network = network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    average = AveragedWeights(network, config.average_decay)
    pretrained = [each for each in network.down.parameters() if each.requires_grad]
    known = {id(each) for each in network.down.parameters()}
    fresh = [each for each in network.parameters() if id(each) not in known]
    optimiser = torch.optim.AdamW(
        [{"params": pretrained, "peak": config.rate / 3}, {"params": fresh, "peak": config.rate}],
        weight_decay=config.weight_decay,
    )
    step, elapsed_s, checkpoint = 0, 0.0, config.work / "checkpoint.safetensors"
    if checkpoint.exists():
        step, elapsed_s = load_checkpoint(
            checkpoint, model=network, average=average, optimiser=optimiser
        )
        _log.info("resumed step=%d", step)
    steps = config.epochs * (len(crops.places) // config.batch)
    _log.info("%d crops, %d steps", len(crops.places), steps)
    warm = max(1, min(_WARM_STEPS, steps // 10))
    before_s, began = elapsed_s, time.monotonic()
    network.train()
    while step < steps:
        generator = torch.Generator().manual_seed(config.seed * 1_000_003 + step)
        rows = _rows(len(crops.places), step, config)
        frames, kinds, masks = draw_batch(
            crops, rows, len(config.classes), generator, device=config.device
        )
        for group in optimiser.param_groups:
            cosine = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * step / steps))
            group["lr"] = group["peak"] * min(1.0, (step + 1) / warm) * cosine
        loss = _loss(network.logits_of(frames, kinds), masks)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        average.update(network, step)
        step += 1
        elapsed_s = before_s + time.monotonic() - began
        if step % 50 == 0:
            _log.info("step=%d loss=%.4f elapsed_s=%.0f", step, float(loss.detach()), elapsed_s)
        if step % config.save_every == 0 or step == steps:
            save_checkpoint(
                checkpoint, model=network, average=average, optimiser=optimiser,
                step=step, elapsed_s=elapsed_s,
            )  # fmt: skip
    network.load_state_dict(average.state)
    network = network.cpu().eval()
    val_iou = overlap(network, held, len(config.classes))
    folder = export_mask(network, config.classes, config.out / "variant-mask")
    return MaskReport(
        folder=folder,
        seconds=elapsed_s,
        parameters=sum(each.numel() for each in network.parameters()),
        val_iou=val_iou,
    )


@torch.no_grad()
def overlap(network: MaskNetwork, crops: CropSet, classes: int, *, seed: int = 1) -> float:
    """Mean overlap (intersection over union) of masks at a half, over shaken frames."""
    found: list[Tensor] = []
    for start in range(0, len(crops.places), 32):
        rows = torch.arange(start, min(start + 32, len(crops.places)))
        generator = torch.Generator().manual_seed(seed + start)
        frames, kinds, masks = draw_batch(crops, rows, classes, generator)
        said, true = network.logits_of(frames, kinds) > 0, masks > 0.5
        both, either = (said & true).sum((1, 2)), (said | true).sum((1, 2))
        found.append(both / either.clamp(min=1))
    return float(torch.cat(found).mean())


def _rows(count: int, step: int, config: MaskConfig) -> Tensor:
    each = count // config.batch
    epoch, place = divmod(step, each)
    generator = torch.Generator().manual_seed(config.seed + 7919 * epoch)
    order = torch.randperm(count, generator=generator)
    return order[place * config.batch : (place + 1) * config.batch]


def _loss(logits: Tensor, masks: Tensor) -> Tensor:
    """Cross-entropy, and one less the overlap, so that small things count as large ones do."""
    said = torch.sigmoid(logits)
    both = (said * masks).sum((1, 2))
    either = (said + masks - said * masks).sum((1, 2))
    apart = 1 - (both + 1) / (either + 1)
    return functional.binary_cross_entropy_with_logits(logits, masks) + apart.mean()
