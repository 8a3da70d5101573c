"""What a training run of the adapter is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from models.training.variants.settings import StageConfig

__all__ = ["SdAdapterConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SdAdapterConfig:
    """A run. The paper's, where it says: rate, weights of the losses, guidance (§4).

    Its 64 GPUs with a batch of 2,048 for a week are not what the defaults are made for: those are
    for one GPU of 80 GB.

    Attributes:
        data: Folder with ``kagl.parquet`` and, where there, ``kagl_224.parquet``.
        student: Folder or repository of SD-Turbo.
        teacher: Of Stable Diffusion 2.1 base.
        out: Folder that gets ``sd-adapter/``.
        work: Caches and checkpoints: 180 kB a picture of the bank, 0.5 MB a sampled batch.
        device: ``cuda``, ``cuda:1`` or ``cpu``.
        seed: Of everything that is drawn.
        bank: Pictures that can be retrieved, at most.
        neighbours: Retrieved a prompt.
        rank: Of the decoder's low-rank changes; the paper does not tell its own.
        samples: Batches of the teacher's, drawn again and again.
        teacher_steps: Of the teacher's sampler.
        guidance: Of the teacher's sampler.
        save_every_s: Seconds between checkpoints.
        schedule: Steps, batch, rate.
    """

    data: Path
    student: str = "stabilityai/sd-turbo"
    teacher: str = "stabilityai/stable-diffusion-2-1-base"
    out: Path = Path("runs/sd-adapter")
    work: Path = Path("runs/sd-adapter/work")
    device: str = "cuda"
    seed: int = 7
    bank: int = 8_192
    neighbours: int = 1
    rank: int = 8
    samples: int = 2_000
    teacher_steps: int = 50
    guidance: float = 7.5
    save_every_s: float = 300.0
    schedule: StageConfig = field(
        default_factory=lambda: StageConfig(steps=20_000, batch=16, rate=1e-5, warm=500)
    )
