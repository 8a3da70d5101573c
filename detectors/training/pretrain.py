"""A backbone that knows clothes: the detector's own layers learn the types of packshots first.

The detector starts from its configuration, without anybody's weights. Boxes are few and training on
them is slow; labelled packshots are many and small.
"""

from __future__ import annotations

import io
import logging
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from PIL import Image

from detectors.training.files import training_file
from detectors.training.precision import half_precision

__all__ = ["pretrain_backbone", "write_packshots"]

_log = logging.getLogger(__name__)
_LEAST = 100
"""Packshots of a type that are worth a class."""
_MOST = 2_000
"""Packshots of one type: the most frequent have six thousand."""


def write_packshots(folder: Path, data: Path) -> Path:
    """One folder a type below ``train`` and ``val``, unless they are there.

    Raises:
        NotFound: There is no ``kagl.parquet`` in `data`.
    """
    done = folder / "done"
    if done.exists():
        return folder
    path = training_file(data, "kagl.parquet")
    shutil.rmtree(folder, ignore_errors=True)
    table = pq.read_table(path, columns=["id", "articleType", "split", "image"])
    train = Counter(
        kind
        for kind, split in zip(
            table["articleType"].to_pylist(), table["split"].to_pylist(), strict=True
        )
        if split == "train"
    )
    kept = {kind for kind, count in train.items() if count >= _LEAST}
    written: Counter[tuple[str, str]] = Counter()
    for row in table.to_pylist():
        split, kind = row["split"], row["articleType"]
        if split == "test" or kind not in kept or written[split, kind] >= _MOST:
            continue
        written[split, kind] += 1
        target = folder / split / kind.replace("/", " ")
        target.mkdir(parents=True, exist_ok=True)
        with Image.open(io.BytesIO(row["image"])) as picture:
            picture.convert("RGB").save(target / f"{row['id']}.jpg", quality=92)
    done.touch()
    return folder


def pretrain_backbone(
    ultralytics: Any,
    packshots: Path,
    out: Path,
    *,
    config: str,
    epochs: int,
    device: str,
    seed: int,
) -> Path:
    """Train the classification model of the same family and return its checkpoint.

    Args:
        ultralytics: See `detectors.training.quiet`.
        packshots: What `write_packshots` wrote.
        out: Folder of the run; a run that is complete there is not repeated.
        config: Name of the classification model's configuration.
        epochs: Passes over the packshots.
        device: ``cpu`` or ``cuda``.
        seed: Of the weights and the batches.
    """
    last = out / "weights" / "last.pt"
    done = out / "done"
    if done.exists():
        return last
    model = ultralytics.YOLO(str(last) if last.exists() else config)
    model.train(
        data=str(packshots),
        resume=last.exists(),
        imgsz=96,
        batch=128,
        epochs=epochs,
        project=str(out.parent),
        name=out.name,
        exist_ok=True,
        pretrained=False,
        amp=half_precision(device),
        plots=False,
        workers=0,
        seed=seed,
        optimizer="AdamW",
        lr0=2e-3,
        cos_lr=True,
        erasing=0.0,
        auto_augment=None,
        device=device,
    )
    done.touch()
    _log.info("pretrained %s", last)
    return last
