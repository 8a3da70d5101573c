"""What a training run of the small generator is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["STAGES", "StageConfig", "VariantsConfig"]

STAGES = ("autoencoder", "teacher", "consistency", "student", "adapter")
"""In the order in which each needs the one before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageConfig:
    """One stage.

    Attributes:
        steps: How many; the learning rate falls to nothing along a cosine.
        batch: Pictures a step.
        rate: Peak learning rate of AdamW.
        decay: Of the averaged weights.
        warm: Steps in which the rate rises.
    """

    steps: int
    batch: int
    rate: float
    decay: float = 0.999
    warm: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantsConfig:
    """A run of all stages.

    Attributes:
        data: Folder with ``kagl.parquet`` and, where there, ``kagl_224.parquet``.
        out: Folder that gets ``variants/``.
        work: Caches and checkpoints, about 1.3 GB.
        encoder: Served folder of the encoder whose texts condition the generator.
        device: ``cpu`` or ``cuda``.
        seed: Of everything that is drawn.
        save_every_s: Seconds between checkpoints.
        stages: Name → schedule.
    """

    data: Path
    out: Path = Path("models/weights")
    work: Path = Path("runs/variants")
    encoder: Path = Path("models/weights/compact")
    device: str = "cpu"
    seed: int = 7
    save_every_s: float = 120.0
    stages: dict[str, StageConfig] = field(
        default_factory=lambda: {
            "autoencoder": StageConfig(steps=2_600, batch=32, rate=1e-3, decay=0.995),
            "teacher": StageConfig(steps=4_500, batch=64, rate=6e-4),
            "consistency": StageConfig(steps=2_400, batch=48, rate=1e-4, decay=0.99),
            "student": StageConfig(steps=2_400, batch=48, rate=1e-4, decay=0.99),
            "adapter": StageConfig(steps=1_200, batch=48, rate=3e-4, decay=0.99),
        }
    )

    @classmethod
    def for_cuda(cls, *, data: Path, out: Path, work: Path) -> VariantsConfig:
        """The larger schedule: bigger batches and many more passes."""
        return cls(
            data=data,
            out=out,
            work=work,
            device="cuda",
            stages={
                "autoencoder": StageConfig(steps=20_000, batch=256, rate=1e-3),
                "teacher": StageConfig(steps=60_000, batch=512, rate=8e-4, decay=0.9995),
                "consistency": StageConfig(steps=10_000, batch=256, rate=1e-4),
                "student": StageConfig(steps=15_000, batch=256, rate=5e-5),
                "adapter": StageConfig(steps=5_000, batch=256, rate=2e-4),
            },
        )
