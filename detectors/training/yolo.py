"""Trains the detector: an ultralytics YOLO of the nano class, from its configuration."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detectors.taxonomy import default_taxonomy
from detectors.training.dataset import DatasetConfig, write_dataset
from detectors.training.export import Link, export_detector
from detectors.training.precision import half_precision
from detectors.training.pretrain import pretrain_backbone, write_packshots
from detectors.training.quiet import quiet_ultralytics
from engine.processors import usable_cores

__all__ = ["MODEL", "DetectorConfig", "DetectorReport", "train_detector"]

MODEL = "yolo11n.yaml"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorConfig:
    """A training run.

    Attributes:
        data: Folder of the real data.
        out: Gets ``yolo/``, see `detectors.training.export`.
        work: Folder for data sets, runs and checkpoints; a run goes on from its last one.
        device: ``cpu`` or ``cuda``.
        model: Name of the detection model's configuration.
        backbone: Name of the classification model's; empty for a start from nothing.
        backbone_epochs: Passes over the packshots.
        epochs: Passes over the pictures with boxes.
        side_px: Longer side of what the detector reads.
        batch: Pictures a step.
        dataset: What it learns from.
    """

    data: Path
    out: Path = Path("detectors/weights")
    work: Path = Path("runs/detector")
    device: str = "cpu"
    model: str = MODEL
    backbone: str = "yolo11n-cls.yaml"
    backbone_epochs: int = 6
    epochs: int = 16
    side_px: int = 320
    batch: int = 16
    seed: int = 7

    @property
    def dataset(self) -> DatasetConfig:
        """The pictures."""
        return DatasetConfig(data=self.data, seed=self.seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorReport:
    """How a run ended: the served folder, the checkpoint, and the time that this call took."""

    folder: Path
    checkpoint: Path
    seconds: float


def train_detector(config: DetectorConfig, *, link: Link) -> DetectorReport:
    """Write the data sets, train the backbone and the detector, export; goes on where it stopped.

    Args:
        config: The run.
        link: See `detectors.training.export.export_detector`.

    Raises:
        NotFound: The training data are not in `config.data`.
    """
    began = time.monotonic()
    work = config.work.resolve()
    ultralytics = quiet_ultralytics(work / "ultralytics", threads=usable_cores())
    boxes = write_dataset(work / "boxes", config.dataset, default_taxonomy())
    start: Path | None = None
    if config.backbone:
        packshots = write_packshots(work / "packshots", config.data)
        start = pretrain_backbone(
            ultralytics,
            packshots,
            work / "backbone",
            config=config.backbone,
            epochs=config.backbone_epochs,
            device=config.device,
            seed=config.seed,
        )
    checkpoint = _train(ultralytics, config, boxes, start, work / "detector")
    folder = export_detector(
        ultralytics.YOLO(str(checkpoint)).model,
        config.out / "yolo",
        classes=default_taxonomy().classes,
        side_px=config.side_px,
        link=link,
    )
    return DetectorReport(folder=folder, checkpoint=checkpoint, seconds=time.monotonic() - began)


def _train(
    ultralytics: Any, config: DetectorConfig, boxes: Path, start: Path | None, out: Path
) -> Path:
    last, done = out / "weights" / "last.pt", out / "done"
    if done.exists():
        return last
    resume = last.exists()
    model = ultralytics.YOLO(str(last) if resume else config.model)
    if start is not None and not resume:
        model.load(str(start))  # the layers of equal name and shape: the backbone's
    model.train(
        data=str(boxes),
        resume=resume,
        imgsz=config.side_px,
        batch=config.batch,
        epochs=config.epochs,
        project=str(out.parent),
        name=out.name,
        exist_ok=True,
        amp=half_precision(config.device),
        cache="ram",
        plots=False,
        workers=0,
        seed=config.seed,
        optimizer="AdamW",
        lr0=1e-3,
        cos_lr=True,
        close_mosaic=config.epochs // 4,
        hsv_h=0.0,
        degrees=5.0,
        device=config.device,
    )
    done.touch()
    return last
