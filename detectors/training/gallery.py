"""Trains the gallery graph and the arms of its study on street photos: minutes on a CPU.

Loss: binary cross-entropy of each box, wrong ones weighed less as there are more of them; half of
a contrastive loss of box and title, y d² + (1 - y) max(0, m - d)²; half of the cross-entropy of
the product's class, read from the boxes that show it. Titles are left out of a third of the
galleries, beside those that have none or a wrong one.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file
from torch import Tensor, nn
from torch.nn import functional

from detectors.galleries import ProductRef
from detectors.gallery_graph import Edges
from detectors.gallery_titles import TitleKind, draw_title_kind
from detectors.training.gallery_batches import Example, dense_batch, example_of, thinned
from detectors.training.gallery_cases import GalleryCase, GalleryDomain, draw_cases
from detectors.training.gallery_net import BoxTitleNet, DenseGalleries, GalleryNet
from engine.evaluation.main_product import average_precision
from engine.types import Vectors

__all__ = ["ARMS", "GalleryConfig", "GalleryReport", "calibrate", "fit", "train_gallery"]

_log = logging.getLogger(__name__)

ARMS: Mapping[str, Edges | None] = {
    "gcn": "full", "gcn-same": "same", "gcn-cross": "cross", "context": "mean", "mlp": "none",
    "contrastive": None,
}  # fmt: skip
"""What is trained; ``gcn`` is served, the others are measured against it."""
_AUXILIARY = ("category.", "box_side.", "title_side.")
_TITLES_EACH = 5
_TEXT_BATCH = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryConfig:
    """A training run.

    Attributes:
        out: Folder that gets ``gallery/``.
        epochs: Passes over the products, each with a gallery drawn anew.
        val_each: Galleries a val product, to tell the best epoch.
        title_dropout: Share of the galleries whose title is left out.
        thinning: Share of the boxes that are left out.
        margin: m of the contrastive loss.
        auxiliary: Weight of each auxiliary loss.
        check_every: Epochs between looks at val.
    """

    out: Path
    seed: int = 7
    epochs: int = 30
    batch: int = 32
    val_each: int = 4
    rate: float = 1.5e-3
    weight_decay: float = 0.02
    dropout: float = 0.3
    title_dropout: float = 0.3
    thinning: float = 0.1
    margin: float = 0.5
    auxiliary: float = 0.5
    check_every: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryReport:
    """How a run ended: where it wrote, the time, and mean AP on val with and without a title."""

    folder: Path
    seconds: float
    val_ap: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """A shop with a few titles of each product, and the vectors of all these titles."""

    domain: GalleryDomain
    vectors: Mapping[str, NDArray[np.float32]]


def train_gallery(
    config: GalleryConfig,
    train: GalleryDomain,
    val: GalleryDomain,
    *,
    embed_texts: Callable[[Sequence[str]], Vectors],
    encoder: str,
    classes: Sequence[str],
    detector: str,
    arms: Sequence[str] = tuple(ARMS),
) -> GalleryReport:
    """Train every arm on the same galleries and write them.

    Args:
        config: How.
        train: The shop's train split.
        val: Its val split.
        embed_texts: Of the encoder that embedded the boxes.
        encoder: Its fingerprint.
        classes: Of the detector.
        detector: Its revision.
        arms: Of `ARMS`.
    """
    start = time.perf_counter()
    prepared = [
        _prepare(domain, embed_texts, config.seed + number)
        for number, domain in enumerate((train, val))
    ]
    models, val_ap = fit(config, arms, *prepared, classes=len(classes))
    for arm, found in val_ap.items():
        _log.info("%s: val AP %.4f with a title, %.4f without", arm, *found)
    described = {
        "name": "gallery",
        "encoder": encoder,
        "classes": list(classes),
        "detector": detector,
        "dims": len(next(iter(prepared[0].vectors.values()))),
        "edges": ARMS["gcn"],
        "seed": config.seed,
        "epochs": config.epochs,
    }
    folder = _write(config.out, {arm: _tensors(model) for arm, model in models.items()}, described)
    return GalleryReport(folder=folder, seconds=time.perf_counter() - start, val_ap=val_ap)


def fit(
    config: GalleryConfig, arms: Sequence[str], train: _Prepared, val: _Prepared, *, classes: int
) -> tuple[dict[str, nn.Module], dict[str, tuple[float, float]]]:
    """Train arms on the same batches and keep the epoch of each that is best on val.

    Returns:
        The networks, and the mean AP of each on val, with and without a title.
    """
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    dims = len(next(iter(train.vectors.values())))
    steps = config.epochs * max(1, -(-len(train.domain.products) // config.batch))
    runs = [_Run(arm, _network(arm, dims, classes, config), config, steps) for arm in arms]
    checked = [
        _checked(_examples(val, config.val_each, config.seed, kind, classes))
        for kind in (TitleKind.RIGHT, TitleKind.MISSING)
    ]
    for epoch in range(config.epochs):
        drawn = _drawn(train, config, epoch, rng, classes)
        order = rng.permutation(len(drawn))
        for at in range(0, len(drawn), config.batch):
            examples = [drawn[place] for place in order[at : at + config.batch]]
            batch, labels = dense_batch(examples)
            for run in runs:
                run.step(batch, labels, examples)
        if epoch % config.check_every == 0 or epoch == config.epochs - 1:
            for run in runs:
                run.check(checked, epoch)
    for run in runs:
        run.model.load_state_dict(run.kept)
        if isinstance(run.model, GalleryNet):
            calibrate(run.model, [batch for each in checked for batch in each])
        run.model.eval()
    return {run.arm: run.model for run in runs}, {run.arm: run.found for run in runs}


_Checked = list[tuple[DenseGalleries, list[NDArray[np.bool_]]]]


class _Run:
    """One arm on its way: network, optimiser, and the best epoch so far."""

    def __init__(self, arm: str, model: nn.Module, config: GalleryConfig, steps: int) -> None:
        self.arm, self.model, self._config = arm, model, config
        self._optimiser = torch.optim.AdamW(
            model.parameters(), lr=config.rate, weight_decay=config.weight_decay
        )
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimiser, max_lr=config.rate, total_steps=steps + 1, pct_start=0.1
        )
        self._losses: list[float] = []
        self.kept, self.found = _state(model), (-1.0, -1.0)

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
            self.kept, self.found = _state(self.model), (titled, untitled)


def _network(arm: str, dims: int, classes: int, config: GalleryConfig) -> nn.Module:
    edges = ARMS[arm]
    if edges is None:
        return BoxTitleNet(dims=dims, classes=classes, dropout=config.dropout)
    return GalleryNet(dims=dims, classes=classes, edges=edges, dropout=config.dropout)


def _loss(
    model: nn.Module,
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
            logits, real, pos_weight=weight.clamp(0.5, 10)
        )
    weight = config.auxiliary if isinstance(model, GalleryNet) else 1.0
    trusted = torch.tensor([not each.is_wrong for each in examples])[:, None] & batch.mask
    distance = model.box_title_distance(hidden, batch)
    contrast = torch.where(
        shows, distance.square(), (config.margin - distance).clamp_min(0).square()
    )
    if trusted.any():
        total = total + weight * contrast[trusted].mean()
    if shows.any():
        place = torch.tensor([each.place for each in examples])[:, None].expand_as(shows)
        total = total + config.auxiliary * functional.cross_entropy(
            model.category(hidden[shows]), place[shows]
        )
    return total


def _scores(model: nn.Module, batch: DenseGalleries) -> Tensor:
    if isinstance(model, GalleryNet):
        return model(batch)
    return -model.box_title_distance(model.hidden(batch), batch)


def _checked(examples: Sequence[Example], *, batch: int = 128) -> _Checked:
    kept = [each for each in examples if each.labels.any()]
    return [
        (dense_batch(kept[at : at + batch])[0], [each.labels for each in kept[at : at + batch]])
        for at in range(0, len(kept), batch)
    ]


@torch.no_grad()
def _mean_ap(model: nn.Module, checked: _Checked) -> float:
    model.eval()
    found: list[float] = []
    for batch, labels in checked:
        scores = _scores(model, batch).numpy()
        found += [
            average_precision(row[: len(each)], each)
            for row, each in zip(scores, labels, strict=True)
        ]
    return float(np.mean(found)) if found else 0.0


def calibrate(model: GalleryNet, checked: _Checked) -> None:
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


def _prepare(
    domain: GalleryDomain, embed_texts: Callable[[Sequence[str]], Vectors], seed: int
) -> _Prepared:
    rng = np.random.default_rng(seed)
    titles = {
        product: [domain.title_of(product, rng) for _ in range(_TITLES_EACH)]
        for product in domain.products
    }

    def title_of(product: ProductRef, chance: np.random.Generator) -> str:
        return titles[product][int(chance.integers(_TITLES_EACH))]

    texts = sorted({each for held in titles.values() for each in held} | {""})
    vectors = np.concatenate(
        [embed_texts(texts[at : at + _TEXT_BATCH]) for at in range(0, len(texts), _TEXT_BATCH)]
    )
    pooled = GalleryDomain(
        name=domain.name,
        products=domain.products,
        views=domain.views,
        title_of=title_of,
        plans=domain.plans,
    )
    return _Prepared(domain=pooled, vectors=dict(zip(texts, vectors, strict=True)))


def _drawn(
    train: _Prepared, config: GalleryConfig, epoch: int, rng: np.random.Generator, classes: int
) -> list[Example]:
    found: list[Example] = []
    for case in draw_cases(train.domain, each=1, seed=config.seed * 1000 + epoch):
        kind = draw_title_kind(rng)
        if rng.random() < config.title_dropout:
            kind = TitleKind.MISSING
        example = _example(case, kind, train, classes)
        if example is not None:
            found.append(thinned(example, rng, share=config.thinning))
    return found


def _examples(
    held: _Prepared, each: int, seed: int, kind: TitleKind, classes: int
) -> list[Example]:
    cases = draw_cases(held.domain, each=each, seed=seed)
    found = (_example(case, kind, held, classes) for case in cases)
    return [each for each in found if each is not None]


def _example(case: GalleryCase, kind: TitleKind, held: _Prepared, classes: int) -> Example | None:
    if not len(case.labels):
        return None
    title = {
        TitleKind.RIGHT: held.vectors[case.title],
        TitleKind.WRONG: held.vectors[case.wrong_title],
        TitleKind.MISSING: None,
    }[kind]
    return example_of(case, title, classes=classes, is_wrong=kind is TitleKind.WRONG)


def _state(model: nn.Module) -> dict[str, Tensor]:
    return {name: each.detach().clone() for name, each in model.state_dict().items()}


def _tensors(model: nn.Module) -> dict[str, NDArray[np.float16]]:
    return {
        name: each.detach().numpy().astype(np.float16)
        for name, each in model.state_dict().items()
        if not name.startswith(_AUXILIARY)
    }


def _write(
    out: Path,
    arms: Mapping[str, Mapping[str, NDArray[np.float16]]],
    described: Mapping[str, object],
) -> Path:
    """Write the folder, then put it in the place of the old one."""
    folder, partial, old = (out / f"gallery{end}" for end in ("", ".partial", ".old"))
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for arm, tensors in arms.items():
        path = partial / f"{arm}.safetensors"
        save_file(dict(tensors), path)
        path.chmod(0o644)  # safetensors lets its owner alone read it
    digest = hashlib.sha256((partial / "gcn.safetensors").read_bytes()).hexdigest()[:16]
    (partial / "config.json").write_text(
        json.dumps({**described, "revision": digest}, indent=1) + "\n", encoding="utf-8"
    )
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    partial.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
    return folder
