"""Trains the attribute tagger that ships, a small network over the vectors of one encoder.

One softmax a facet, cross-entropy where the value is known. The study
(``lookalike study tagger``) says why it is no recurrent decoder. Temperatures and thresholds are
fitted on the val split of the catalogue, which the network has not learned from.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from engine.query.lexicon import default_lexicon
from engine.types import Facet
from models.attributes import TaggedFacet
from models.compact import WEIGHTS, CompactEncoder
from models.training.calibration import fit_temperature, threshold_for_precision
from models.training.pairs import load_clothing, load_kagl
from models.training.tag_features import TowerFeatures, cache_features
from models.training.tagger_export import FacetNetwork, export_tagger
from models.training.tagger_labels import UNKNOWN, FacetLabels, label_catalogue, label_photos

__all__ = [
    "TaggerConfig",
    "TaggerReport",
    "Vectors",
    "calibrate",
    "fit",
    "train_tagger",
]

_log = logging.getLogger(__name__)
_VIEWS = (0, 1)
"""The picture and its mirror image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggerConfig:
    """A run.

    Attributes:
        data: Folder with ``kagl.parquet`` and, if it is there, ``clothing.parquet``.
        out: Gets ``tagger/``.
        work: Keeps the vectors.
        encoder: Served folder of the encoder whose vectors are read.
        hidden: Width of the perceptron.
        none_weight: Weight of "none" in the loss: the shoes without sleeves outnumber by far the
            garments whose sleeves are known.
        precision: Share of said values of an optional facet that must be right on val.
        seed: Of weights and batches.
    """

    data: Path
    out: Path
    work: Path
    encoder: Path = WEIGHTS
    hidden: int = 384
    dropout: float = 0.5
    epochs: int = 16
    batch: int = 512
    rate: float = 2e-3
    weight_decay: float = 0.3
    none_weight: float = 0.1
    precision: float = 0.85
    seed: int = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggerReport:
    """What came out.

    Attributes:
        facets: With temperatures and thresholds.
        accuracy: Facet → share of the val rows with a value whose value is the likeliest.
    """

    folder: Path
    seconds: float
    parameters: int
    facets: tuple[TaggedFacet, ...]
    accuracy: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Vectors:
    """Pictures as the tagger sees them.

    Attributes:
        views: (N, D) unit vectors each, of the same pictures.
        labels: Facet → labels of the N.
    """

    views: tuple[NDArray[np.float32], ...]
    labels: Mapping[Facet, FacetLabels]

    def take(self, rows: NDArray[np.int64]) -> Vectors:
        """Some of them."""
        return Vectors(
            views=tuple(each[rows] for each in self.views),
            labels={
                facet: FacetLabels(
                    values=each.values, codes=each.codes[rows], has_none=each.has_none
                )
                for facet, each in self.labels.items()
            },
        )


def train_tagger(config: TaggerConfig) -> TaggerReport:
    """Vectors, training, calibration, export.

    Raises:
        NotFound: ``kagl.parquet`` is not in the folder.
    """
    began = time.monotonic()
    pairs = load_kagl(config.data)
    tower = TowerFeatures(config.encoder, config.work)
    catalogue = Vectors(
        views=_vectors(config.work, "kagl", pairs.pictures, tower),
        labels=label_catalogue(pairs, default_lexicon()),
    )
    learned = [catalogue.take(pairs.rows("train"))]
    photos = load_clothing(config.data)
    if photos is not None:
        views = _vectors(config.work, "clothing", photos.pictures, tower)
        held = Vectors(views=views, labels=label_photos(photos.titles))
        learned.append(held.take(photos.rows("train")))
    network = fit(learned, config)
    val = catalogue.take(pairs.rows("val"))
    facets, accuracy = calibrate(network, val, precision=config.precision)
    encoder = CompactEncoder(config.encoder, threads=1).encoder_id
    folder = export_tagger(network, facets, config.out / "tagger", encoder=encoder.fingerprint)
    return TaggerReport(
        folder=folder,
        seconds=time.monotonic() - began,
        parameters=sum(each.numel() for each in network.parameters()),
        facets=facets,
        accuracy=accuracy,
    )


def _vectors(
    work: Path, name: str, pictures: Sequence[bytes], tower: TowerFeatures
) -> tuple[NDArray[np.float32], ...]:
    held = [cache_features(work, name, pictures, tower, view=view) for view in _VIEWS]
    return tuple(np.asarray(each.vectors) for each in held)


def fit(learned: Sequence[Vectors], config: TaggerConfig) -> FacetNetwork:
    """Train on several sets of pictures at once; the first one has every facet.

    A set without a facet knows nothing of it.
    """
    torch.manual_seed(config.seed)
    rng = np.random.default_rng((config.seed, 5))
    labels = learned[0].labels
    views = [
        torch.from_numpy(np.concatenate([each.views[number] for each in learned]))
        for number in range(len(learned[0].views))
    ]
    codes = torch.from_numpy(np.stack([_joined(facet, learned) for facet in labels], axis=1))
    sizes = [each.outputs for each in labels.values()]
    weights = [_class_weights(each, config.none_weight) for each in labels.values()]
    network = FacetNetwork(
        views[0].shape[1], sum(sizes), hidden=config.hidden, dropout=config.dropout
    )
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=config.rate, weight_decay=config.weight_decay
    )
    batches = math.ceil(len(codes) / config.batch)
    step, total = 0, batches * config.epochs
    network.train()
    for epoch in range(config.epochs):
        mean = 0.0
        for rows in np.array_split(rng.permutation(len(codes)), batches):
            for group in optimiser.param_groups:
                group["lr"] = config.rate * 0.5 * (1 + math.cos(math.pi * step / total))
            logits = network(views[rng.integers(len(views))][rows]).split(sizes, dim=1)
            losses = [
                _error(each, codes[rows, column], weights[column])
                for column, each in enumerate(logits)
            ]
            loss = torch.stack(losses).sum()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            mean += float(loss.detach()) / batches
            step += 1
        _log.info("tagger epoch=%d/%d loss=%.3f", epoch + 1, config.epochs, mean)
    return network.eval()


def _joined(facet: Facet, learned: Sequence[Vectors]) -> NDArray[np.int64]:
    """Codes of a facet over all sets."""
    return np.concatenate(
        [
            each.labels[facet].codes
            if facet in each.labels
            else np.full(len(each.views[0]), UNKNOWN, np.int64)
            for each in learned
        ]
    )


def _class_weights(labels: FacetLabels, none_weight: float) -> Tensor:
    weights = torch.ones(labels.outputs)
    if labels.has_none:
        weights[0] = none_weight
    return weights


def _error(logits: Tensor, codes: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean of the cross-entropy over the rows whose value is known; 0 where none is."""
    known = codes >= 0
    if not bool(known.any()):
        return logits.sum() * 0
    return functional.cross_entropy(logits[known], codes[known], weight=weights)


def calibrate(
    network: FacetNetwork, val: Vectors, *, precision: float
) -> tuple[tuple[TaggedFacet, ...], dict[str, float]]:
    """Temperature of each facet and threshold of each optional one, on rows that were not learned.

    "None" got less weight in training, so it comes out too small; that errs towards saying
    something, and the threshold sees to what is said.

    Returns:
        The facets, and facet → share of the val rows with a value whose value is the likeliest.
    """
    with torch.no_grad():
        logits = network(torch.from_numpy(val.views[0])).numpy()
    facets: list[TaggedFacet] = []
    accuracy: dict[str, float] = {}
    start = 0
    for facet, labels in val.labels.items():
        own = logits[:, start : start + labels.outputs]
        start += labels.outputs
        known = labels.codes >= 0
        valued = known & (labels.codes >= labels.has_none)
        temperature = fit_temperature(own[valued], labels.codes[valued])
        held = TaggedFacet(
            facet=facet,
            labels=labels.values,
            temperature=round(temperature, 4),
            has_none=labels.has_none,
        )
        shares = held.shares(own[known])
        best = shares.argmax(axis=1) + labels.has_none
        right = best == labels.codes[known]
        accuracy[facet.value] = float(right[valued[known]].mean()) if valued.any() else 0.0
        if labels.has_none:
            threshold = threshold_for_precision(shares.max(axis=1), right, precision=precision)
            held = replace(held, sure_from=round(threshold, 4))
        facets.append(held)
    return tuple(facets), accuracy
