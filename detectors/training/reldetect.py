"""Trains all of RelDetect that is trained: the relations, and two numbers a fine class."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detectors.calibrations import Calibration, write_calibrations
from detectors.knowledge import default_knowledge
from detectors.relations import load_relations
from detectors.taxonomy import default_taxonomy
from detectors.training.fine_arms import fit_to_budget, relation_scores
from detectors.training.fine_photos import Detect, see_photos, street_fine
from detectors.training.relation_pairs import draw_pairs
from detectors.training.relations import (
    RelationsConfig,
    average_precision,
    fit_relations,
    save_relations,
)
from detectors.training.street import StreetPhoto, read_street
from detectors.training.street_relations import read_relations
from engine.evaluation.fine import draw_budget

__all__ = ["RelDetectReport", "train_reldetect"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelDetectReport:
    """How a run ended.

    Attributes:
        folder: What was written.
        seconds: Time that it took.
        parameters: Of the network.
        calibrated: Fine classes with their two numbers.
        val_precision: Relation → average precision over noisy views of the val photos, and the
            share of pairs that it holds of.
    """

    folder: Path
    seconds: float
    parameters: int
    calibrated: int
    val_precision: Mapping[str, tuple[float, float]]


def train_reldetect(
    data: Path, out: Path, config: RelationsConfig, detect: Detect, *, limit: int | None = None
) -> RelDetectReport:
    """Annotate the train photos, train the network, fit the calibrations; writes ``relations/``.

    Args:
        data: Folder with ``ccp.parquet``.
        out: Gets ``relations/``.
        config: Of the network.
        detect: Whose boxes the calibrations are fitted to.
        limit: Most photos of a split.

    Raises:
        NotFound: The photos are not there.
    """
    began = time.monotonic()
    taxonomy = default_taxonomy()
    photos = read_street(data, taxonomy)
    train, val = (
        [each for each in photos if each.split == split][:limit] for split in ("train", "val")
    )
    _log.info("relations of %d photos", len(train))
    tensors = fit_relations(read_relations(train), taxonomy.classes, config)
    held_out = draw_pairs(
        read_relations(val),
        taxonomy.classes,
        views=4,
        noise=config.noise,
        negatives=np.inf,
        rng=np.random.default_rng((config.seed, 2)),
    )
    written = out / "relations.new"
    shutil.rmtree(written, ignore_errors=True)
    save_relations(tensors, taxonomy.classes, written)
    fitted = _calibrations(train, written, detect)
    write_calibrations(fitted, default_knowledge(), written)
    served = out / "relations"
    shutil.rmtree(served, ignore_errors=True)
    written.rename(served)
    return RelDetectReport(
        folder=served,
        seconds=time.monotonic() - began,
        parameters=sum(each.size for each in tensors.values()),
        calibrated=len(fitted),
        val_precision=average_precision(tensors, held_out),
    )


def _calibrations(
    photos: Sequence[StreetPhoto], folder: Path, detect: Detect
) -> dict[str, Calibration]:
    taxonomy, definitions = default_taxonomy(), default_knowledge()
    network = load_relations(folder)
    seen = see_photos(street_fine(photos), detect, taxonomy, {})
    scores = [relation_scores(photo, network, definitions) for photo in seen]
    budget = draw_budget(seen, 1.0, seed=0)
    return fit_to_budget(seen, scores, budget, definitions, taxonomy.classes)
