"""Trains the gallery graph and the arms of its study on street photos: minutes on a CPU."""

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
from numpy.typing import NDArray
from safetensors.numpy import save_file
from torch import nn

from detectors.training.gallery_cases import GalleryDomain
from detectors.training.gallery_fit import ARMS, GalleryConfig, ValAP, fit
from detectors.training.gallery_titled import give_titles
from engine.types import Vectors

__all__ = ["GalleryReport", "train_gallery"]

_log = logging.getLogger(__name__)

_AUXILIARY = ("category.", "box_side.", "title_side.")


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryReport:
    """How a run ended: where it wrote, the time, and mean AP on val with and without a title."""

    folder: Path
    seconds: float
    val_ap: Mapping[str, ValAP]


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
    shop, checked = (
        give_titles(domain, embed_texts, config.seed + number)
        for number, domain in enumerate((train, val))
    )
    models, val_ap = fit(config, arms, shop, checked, classes=len(classes))
    for arm, found in val_ap.items():
        _log.info("%s: val AP %.4f with a title, %.4f without", arm, *found)
    described = {
        "name": "gallery",
        "encoder": encoder,
        "classes": list(classes),
        "detector": detector,
        "dims": shop.dims,
        "edges": ARMS["gcn"],
        "seed": config.seed,
        "epochs": config.epochs,
    }
    folder = _write(config.out, {arm: _tensors(model) for arm, model in models.items()}, described)
    return GalleryReport(folder=folder, seconds=time.perf_counter() - start, val_ap=val_ap)


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
