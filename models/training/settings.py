"""What a training run of the compact encoder is given, and what it reports."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from pathlib import Path

from models.training.network import TowerConfig

__all__ = ["TrainConfig", "TrainReport"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """A training run.

    Attributes:
        data: Folder with ``kagl.parquet`` and, where there, ``kagl_224`` and ``clothing``.
        out: Folder that gets the folder `name`.
        name: Of the folder in `out`.
        work: Folder for caches and checkpoints, about 3 GB on the CPU schedule.
        device: ``cpu`` or ``cuda``.
        batch: Products a step.
        epochs: Passes over the training rows.
        limit_minutes: End by then, the learning rate following the clock when it is the tighter
            bound; ``None`` for all epochs, which makes the run repeatable to the bit.
        frozen_epochs: Passes during which the backbone's later layers stand still.
        views: Cached views of each picture, the untouched one included.
        drawn: Pictures drawn by `data_samples.draw`.
        start: Checkpoint of another run whose averaged weights this one starts from.
        refit_steps: Steps of `models.training.refit` at the end.
        watch_every: Steps between measurements on val.
        save_every: Steps between checkpoints.
        gallery: Pictures that the measurement searches; the final one searches all.
    """

    data: Path
    out: Path
    work: Path = Path("runs/compact")
    name: str = "compact"
    device: str = "cpu"
    seed: int = 7
    batch: int = 256
    epochs: int = 10
    limit_minutes: float | None = None
    frozen_epochs: float = 1.0
    views: int = 4
    drawn: int = 3000
    start: Path | None = None
    trunk_rate: float = 4e-4
    head_rate: float = 1e-3
    text_rate: float = 7e-4
    weight_decay: float = 0.05
    word_drop: float = 0.1
    colour_drop: float = 0.08
    phrase_weight: float = 0.3
    picture_attribute_weight: float = 0.3
    prompt_weight: float = 0.5
    text_attribute_weight: float = 0.1
    average_decay: float = 0.997
    refit_steps: int = 200
    refit_rate: float = 2e-4
    watch_every: int = 400
    save_every: int = 100
    gallery: int = 10_000
    towers: TowerConfig = field(default_factory=TowerConfig)

    @property
    def run_id(self) -> str:
        """Hash of everything that a cache or a checkpoint depends on.

        How long the run lasts, where its result goes and how that is fitted in the end are left
        out, so that a longer one goes on from where a shorter one ended.
        """
        free = (
            "out",
            "name",
            "work",
            "epochs",
            "limit_minutes",
            "watch_every",
            "save_every",
            "gallery",
            "refit_steps",
            "refit_rate",
        )
        fixed = {field.name: getattr(self, field.name) for field in fields(self)}
        decided = {name: value for name, value in fixed.items() if name not in free}
        return hashlib.sha256(repr(sorted(decided.items())).encode()).hexdigest()[:12]

    @classmethod
    def for_cuda(cls, *, data: Path, out: Path) -> TrainConfig:
        """The larger schedule: sharper pictures, bigger batches, more views and passes."""
        return cls(
            data=data,
            out=out,
            device="cuda",
            batch=1024,
            epochs=40,
            views=10,
            average_decay=0.999,
            towers=TowerConfig(height_px=192, width_px=160, text_layers=4),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainReport:
    """How a run ended.

    Attributes:
        folder: What was written.
        steps: Steps done, earlier runs that this one resumed included.
        seconds: Time that they took.
        val_recall_at_10: Val titles against every picture of the catalogue.
    """

    folder: Path
    steps: int
    seconds: float
    val_recall_at_10: float
