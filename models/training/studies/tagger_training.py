"""Trains and measures one tagger, and keeps what it found."""

from __future__ import annotations

import json
import logging
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from engine.types import Facet
from models.training.alignment import (
    IGNORED,
    Alignment,
    align_batch,
    fixed_order,
    minimal_loss_alignment,
    predicted_label_alignment,
    random_order,
)
from models.training.studies.tagger_data import Part, Vocabulary, count_labels
from models.training.studies.tagger_measures import (
    best_threshold,
    duplicate_rate,
    emitted_sets,
    score_sets,
)
from models.training.studies.tagger_network import AttentionDecoder, SigmoidTagger
from models.training.studies.tagger_settings import DECODERS, TaggerRun, run_key
from models.training.tags import COLUMN_FACETS

__all__ = ["Found", "Material", "run_tagger", "train_tagger"]

_log = logging.getLogger(__name__)
_CHUNK = 1024
_WARM_STEPS = 100

Answers = tuple[NDArray[np.bool_], NDArray[np.int64], float]
"""Sets (N, C), likeliest value of each column facet (N, F), duplicate rate."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Material:
    """What taggers learn from and are measured on.

    Attributes:
        words: The labels.
        train: Of it.
        val: To choose thresholds and to watch.
        test: To report.
        key: Of rows, labels and features.
    """

    words: Vocabulary
    train: Part
    val: Part
    test: Part
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one tagger reached on test.

    Attributes:
        scores: Condition → C-F1, O-F1, precision and recall.
        facets: Column facet → share of rows whose value it gives.
        duplicates: See `duplicate_rate`; 0 for sigmoids.
        course: C-F1 on val after each epoch.
        threshold: Of sigmoids, chosen on val.
        parameters: Of the network.
        seconds: Of training, measuring on val included.
    """

    scores: dict[str, dict[str, float]]
    facets: dict[str, float]
    duplicates: float
    course: list[float]
    threshold: float
    parameters: int
    seconds: float


def train_tagger(run: TaggerRun, material: Material) -> tuple[nn.Module, list[float], float]:
    """Train from scratch.

    Returns:
        The network, C-F1 on val after each epoch, and the threshold of its sigmoids.
    """
    torch.manual_seed(run.seed)
    network = _build(run, material)
    optimiser = torch.optim.AdamW(network.parameters(), lr=run.rate, weight_decay=run.weight_decay)
    part = material.train
    batches = math.ceil(len(part.rows) / run.batch)
    rng = np.random.default_rng((run.seed, 1))
    alignment = _alignment(run, part, rng)
    course: list[float] = []
    threshold, step = 0.5, 0
    for _ in range(run.epochs):
        network.train()
        order = rng.permutation(len(part.rows))
        for places in np.array_split(order, batches):
            vectors, maps = part.features(places, rng.integers(len(part.views), size=len(places)))
            total = batches * run.epochs
            ramp = min(1.0, (step + 1) / _WARM_STEPS)
            for group in optimiser.param_groups:
                group["lr"] = run.rate * ramp * 0.5 * (1 + math.cos(math.pi * step / total))
            inputs = (torch.from_numpy(vectors), torch.from_numpy(maps))
            if isinstance(network, AttentionDecoder):
                loss = _sequence_loss(network, inputs, part.true[places], alignment)
            else:
                only = part.known[places] if run.arm == "bce-unknown" else None
                loss = _sigmoid_loss(network(*inputs), part.true[places], only)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
            step += 1
        (found, _, _), threshold = _answer(network, material.val, material.words, None)
        course.append(score_sets(found, material.val.true, material.val.known).c_f1)
    return network.eval(), course, threshold


def run_tagger(run: TaggerRun, material: Material, folder: Path) -> Found:
    """Train and measure, or read what an earlier call of the same settings found."""
    path = folder / f"{run_key(material.key, run)}.json"
    if path.exists():
        kept = json.loads(path.read_text(encoding="utf-8"))
        return Found(**{name: kept[name] for name in Found.__slots__})
    began = time.monotonic()
    network, course, threshold = train_tagger(run, material)
    seconds = time.monotonic() - began
    test = material.test
    (sets, facets, duplicates), _ = _answer(network, test, material.words, threshold)
    titles = test.known & ~material.words.of_columns
    columns = test.known & material.words.of_columns
    conditions = {
        "named": test.known,
        "as-absent": np.ones_like(test.known),
        "titles": titles,
        "columns": columns,
    }
    found = Found(
        scores={
            name: asdict(score_sets(sets, test.true, counted))
            for name, counted in conditions.items()
        },
        facets=_facet_shares(facets, test, material.words),
        duplicates=duplicates,
        course=course,
        threshold=threshold,
        parameters=sum(each.numel() for each in network.parameters()),
        seconds=seconds,
    )
    folder.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".partial")
    fresh.write_text(json.dumps({"run": asdict(run), **asdict(found)}, indent=1), encoding="utf-8")
    fresh.replace(path)
    _log.info(
        "tagger arm=%s seed=%d c-f1=%.3f o-f1=%.3f duplicates=%.4f seconds=%.0f",
        run.arm,
        run.seed,
        found.scores["named"]["c_f1"],
        found.scores["named"]["o_f1"],
        duplicates,
        seconds,
    )
    return found


def _build(run: TaggerRun, material: Material) -> nn.Module:
    first = material.train.views[0]
    classes = len(material.words.labels)
    vector, channels = first.vectors.shape[1], first.maps.shape[2]
    if run.arm not in DECODERS:
        return SigmoidTagger(
            classes=classes,
            vector=vector,
            channels=channels,
            hidden=2 * run.hidden,
            dropout=run.dropout,
        )
    parts = (material.train, material.val, material.test)
    return AttentionDecoder(
        classes=classes,
        steps=max(int(part.true.sum(1).max()) for part in parts) + 1,
        vector=vector,
        channels=channels,
        hidden=run.hidden,
        embedding=run.embedding,
        attention=run.attention,
        dropout=run.dropout,
    )


def _alignment(run: TaggerRun, part: Part, rng: np.random.Generator) -> Alignment:
    rank = np.argsort(np.argsort(count_labels(part), kind="stable"))
    match run.arm:
        case "rare-first":
            return fixed_order(rank)
        case "frequent-first":
            return fixed_order(-rank)
        case "mla":
            return minimal_loss_alignment
        case "pla":
            return predicted_label_alignment
        case _:
            return random_order(rng)


def _sequence_loss(
    network: AttentionDecoder,
    inputs: tuple[Tensor, Tensor],
    true: NDArray[np.bool_],
    alignment: Alignment,
) -> Tensor:
    """Cross-entropy over labels and end, with the labels where `alignment` puts them."""
    logits = network(*inputs).logits
    scores = logits.detach().log_softmax(2).numpy()
    labels = [np.flatnonzero(row) for row in true]
    targets = align_batch(scores, labels, alignment=alignment, end=network.classes)
    return functional.cross_entropy(
        logits.flatten(0, 1), torch.from_numpy(targets).flatten(), ignore_index=IGNORED
    )


def _sigmoid_loss(
    logits: Tensor, true: NDArray[np.bool_], only: NDArray[np.bool_] | None
) -> Tensor:
    weight = None if only is None else torch.from_numpy(only).float()
    return functional.binary_cross_entropy_with_logits(
        logits, torch.from_numpy(true).float(), weight=weight, reduction="sum"
    ) / len(true)


@torch.no_grad()
def _answer(
    network: nn.Module, part: Part, words: Vocabulary, threshold: float | None
) -> tuple[Answers, float]:
    """Sets and values; without a threshold the best one for these rows is taken."""
    network.eval()
    chosen: list[NDArray[np.int64]] = []
    shares: list[NDArray[np.float32]] = []
    for start in range(0, len(part.rows), _CHUNK):
        places = np.arange(start, min(len(part.rows), start + _CHUNK))
        vectors, maps = (torch.from_numpy(each) for each in part.features(places))
        if isinstance(network, AttentionDecoder):
            chosen.append(network(vectors, maps).chosen.numpy())
        else:
            shares.append(network(vectors, maps).sigmoid().numpy())
    if chosen:
        steps = np.concatenate(chosen)
        classes = len(words.labels)
        answers = (
            emitted_sets(steps, classes),
            _first_of_facets(steps, words),
            duplicate_rate(steps, classes),
        )
        return answers, 0.0
    sure = np.concatenate(shares)
    if threshold is None:
        threshold = best_threshold(sure, part.true, part.known)
    likeliest = [
        words.places(facet)[sure[:, words.places(facet)].argmax(1)] for facet in _facets(words)
    ]
    return (sure >= threshold, np.stack(likeliest, 1), 0.0), threshold


def _facets(words: Vocabulary) -> list[Facet]:
    return [facet for facet in COLUMN_FACETS if len(words.places(facet))]


def _first_of_facets(steps: NDArray[np.int64], words: Vocabulary) -> NDArray[np.int64]:
    """The first label of each column facet that was emitted before the end, -1 where none was."""
    before = np.logical_and.accumulate(steps != len(words.labels), axis=1)
    found: list[NDArray[np.int64]] = []
    for facet in _facets(words):
        fits = before & np.isin(steps, words.places(facet))
        first = fits.argmax(1)
        value = steps[np.arange(len(steps)), first]
        found.append(np.where(fits.any(1), value, -1))
    return np.stack(found, 1)


def _facet_shares(given: NDArray[np.int64], part: Part, words: Vocabulary) -> dict[str, float]:
    """Share of rows with a value in the vocabulary whose value is the one given."""
    shares: dict[str, float] = {}
    for column, facet in enumerate(_facets(words)):
        places = words.places(facet)
        there = part.true[:, places].any(1)
        value = places[part.true[:, places].argmax(1)]
        shares[facet.value] = float((given[:, column] == value)[there].mean())
    return shares
