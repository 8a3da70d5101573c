"""Fits the arms of the gallery graph's study on the same batches, and keeps the best of each.

Loss: binary cross-entropy of each box, wrong ones weighed less as there are more of them; half of
a contrastive loss of box and title, y d² + (1 - y) max(0, m - d)²; half of the cross-entropy of
the product's class, read from the boxes that show it. Titles are left out of a third of the
galleries, beside those that have none or a wrong one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from detectors.gallery_graph import Edges
from detectors.gallery_titles import TitleKind
from detectors.training.gallery_batches import Example, dense_batch
from detectors.training.gallery_net import BoxTitleNet, DenseGalleries, GalleryNet
from detectors.training.gallery_titled import TitledShop, drawn_examples, titled_examples
from engine.evaluation.main_product import average_precision

__all__ = ["ARMS", "GalleryConfig", "ValAP", "fit"]

_log = logging.getLogger(__name__)

ARMS: Mapping[str, Edges | None] = {
    "gcn": "full", "gcn-same": "same", "gcn-cross": "cross", "context": "mean", "mlp": "none",
    "contrastive": None,
}  # fmt: skip
"""What is trained; ``gcn`` is served, the others are measured against it."""
ValAP = tuple[float, float]
"""Mean AP on val, with and without titles."""
_Net = GalleryNet | BoxTitleNet
_Checked = list[tuple[DenseGalleries, list[NDArray[np.bool_]]]]
_MOST_WEIGHT = 10.0
_ALIKE = 8
"""Batches' worth of galleries that are sorted by size before they are cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryConfig:
    """A training run.

    Attributes:
        out: Folder that gets ``gallery/``.
        epochs: Passes over the products, each with a gallery drawn anew.
        val_each: Galleries a val product, to tell the best epoch.
        title_dropout: Share of the galleries whose title is left out.
        thinning: Share of the boxes that are left out.
        margin: m of the contrastive loss, of distances up to 2. At the 0.5 that is often used,
            boxes fall together and the contrastive baseline is far worse.
        auxiliary: Weight of each auxiliary loss.
        check_every: Epochs between looks at val.
    """

    out: Path
    seed: int = 7
    epochs: int = 20
    batch: int = 32
    val_each: int = 4
    rate: float = 1.5e-3
    weight_decay: float = 0.02
    dropout: float = 0.15
    hidden: int = 160
    title_dropout: float = 0.3
    thinning: float = 0.1
    margin: float = 1.5
    auxiliary: float = 0.5
    check_every: int = 2


def fit(
    config: GalleryConfig, arms: Sequence[str], train: TitledShop, val: TitledShop, *, classes: int
) -> tuple[dict[str, _Net], dict[str, ValAP]]:
    """Train arms on the same batches and keep the epoch of each that is best on val.

    Returns:
        The networks, and the mean AP of each on val, with and without a title.
    """
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    steps = config.epochs * max(1, -(-len(train.domain.products) // config.batch))
    runs = [_Run(arm, _network(arm, train.dims, classes, config), config, steps) for arm in arms]
    checked = [
        _checked(
            titled_examples(val, kind, each=config.val_each, seed=config.seed, classes=classes)
        )
        for kind in (TitleKind.RIGHT, TitleKind.MISSING)
    ]
    for epoch in range(config.epochs):
        drawn = drawn_examples(
            train,
            rng,
            seed=config.seed * 1000 + epoch,
            classes=classes,
            title_dropout=config.title_dropout,
            thinning=config.thinning,
        )
        for examples in _batches(drawn, config.batch, rng):
            batch, labels = dense_batch(examples)
            for run in runs:
                run.step(batch, labels, examples)
        if epoch % config.check_every == 0 or epoch == config.epochs - 1:
            for run in runs:
                run.check(checked, epoch)
    for run in runs:
        run.model.load_state_dict(run.kept)
        if isinstance(run.model, GalleryNet):
            _calibrate(run.model, [batch for each in checked for batch in each])
        run.model.eval()
    return {run.arm: run.model for run in runs}, {run.arm: run.found for run in runs}


def _batches(
    drawn: Sequence[Example], size: int, rng: np.random.Generator
) -> Iterator[list[Example]]:
    """Batches in random order, each of galleries of like size: padding costs most of the time."""
    order = rng.permutation(len(drawn))
    batches: list[list[Example]] = []
    for at in range(0, len(drawn), _ALIKE * size):
        near = sorted(
            (drawn[k] for k in order[at : at + _ALIKE * size]), key=lambda e: len(e.nodes)
        )
        batches += [near[start : start + size] for start in range(0, len(near), size)]
    for number in rng.permutation(len(batches)):
        yield batches[number]


class _Run:
    """One arm on its way: network, optimiser, and the best epoch so far."""

    def __init__(self, arm: str, model: _Net, config: GalleryConfig, steps: int) -> None:
        self.arm, self.model, self._config = arm, model, config
        self._optimiser = torch.optim.AdamW(
            model.parameters(), lr=config.rate, weight_decay=config.weight_decay
        )
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimiser, max_lr=config.rate, total_steps=steps + 1, pct_start=0.1
        )
        self._losses: list[float] = []
        self.kept = _state(model)
        self.found: ValAP = (-1.0, -1.0)

    def step(self, batch: DenseGalleries, labels: Tensor, examples: Sequence[Example]) -> None:
        self.model.train()
        loss = _loss(self.model, batch, labels, examples, self._config)
        self._optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self._optimiser.step()
        self._schedule.step()
        self._losses.append(float(loss.detach()))

    def check(self, checked: Sequence[_Checked], epoch: int) -> None:
        titled, untitled = (_mean_ap(self.model, each) for each in checked)
        _log.info(
            "%s epoch %d loss %.4f val AP %.4f, without titles %.4f",
            self.arm, epoch + 1, np.mean(self._losses), titled, untitled,
        )  # fmt: skip
        self._losses.clear()
        if titled + untitled > sum(self.found):
            self.kept = _state(self.model)
            self.found = (titled, untitled)


def _network(arm: str, dims: int, classes: int, config: GalleryConfig) -> _Net:
    edges = ARMS[arm]
    if edges is None:
        return BoxTitleNet(dims=dims, classes=classes, dropout=config.dropout)
    return GalleryNet(
        dims=dims, classes=classes, edges=edges, hidden=config.hidden, dropout=config.dropout
    )


def _loss(
    model: _Net,
    batch: DenseGalleries,
    labels: Tensor,
    examples: Sequence[Example],
    config: GalleryConfig,
) -> Tensor:
    hidden = model.hidden(batch)
    shows = (labels > 0) & batch.mask
    total = hidden.new_zeros(())
    if isinstance(model, GalleryNet):
        real = labels[batch.mask]
        weight = (real.numel() - real.sum()) / real.sum().clamp_min(1)
        logits = model.head(hidden)[..., 0][batch.mask]
        total = functional.binary_cross_entropy_with_logits(
            logits, real, pos_weight=weight.clamp(max=_MOST_WEIGHT)
        )
    share = config.auxiliary if isinstance(model, GalleryNet) else 1.0
    trusted = torch.tensor([not each.is_wrong for each in examples])[:, None] & batch.mask
    distance = model.box_title_distance(hidden, batch)
    contrast = torch.where(
        shows, distance.square(), (config.margin - distance).clamp_min(0).square()
    )
    if trusted.any():
        total = total + share * contrast[trusted].mean()
    if shows.any():
        place = torch.tensor([each.place for each in examples])[:, None].expand_as(shows)
        total = total + config.auxiliary * functional.cross_entropy(
            model.category(hidden[shows]), place[shows]
        )
    return total


def _checked(examples: Sequence[Example], *, batch: int = 128) -> _Checked:
    kept = sorted(examples, key=lambda each: len(each.nodes))
    return [
        (dense_batch(kept[at : at + batch])[0], [each.labels for each in kept[at : at + batch]])
        for at in range(0, len(kept), batch)
    ]


@torch.no_grad()
def _mean_ap(model: _Net, checked: _Checked) -> float:
    model.eval()
    found: list[float] = []
    for batch, labels in checked:
        scores = model(batch).numpy()
        found += [
            average_precision(row[: len(each)], each)
            for row, each in zip(scores, labels, strict=True)
            if each.any()
        ]
    return float(np.mean(found)) if found else 0.0


def _calibrate(model: GalleryNet, checked: _Checked) -> None:
    """Scale and shift the logits so that they are probabilities on val (Platt 1999), in place.

    The loss weighs the boxes that show the product more than the others, so that what it leads
    to is too high. The order of boxes stays.
    """
    model.eval()
    with torch.no_grad():
        logits = torch.cat([model(batch)[batch.mask] for batch, _ in checked])
    labels = torch.from_numpy(np.concatenate([each for _, held in checked for each in held]))
    scale, shift = torch.ones(1, requires_grad=True), torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.LBFGS([scale, shift], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = functional.binary_cross_entropy_with_logits(logits * scale + shift, labels.float())
        loss.backward()
        return loss

    optimiser.step(closure)
    found = scale.detach().clamp_min(0.05)
    with torch.no_grad():
        model.head.weight.mul_(found)
        model.head.bias.mul_(found).add_(shift.detach())


def _state(model: _Net) -> dict[str, Tensor]:
    return {name: each.detach().clone() for name, each in model.state_dict().items()}
