"""All stages of the small generator, one after another, each going on from where it was."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from models.compact import read_config
from models.training.variants.batches import LatentBatches
from models.training.variants.fit_adapter import fit_adapter
from models.training.variants.fit_autoencoder import encode_all, fit_autoencoder
from models.training.variants.fit_student import fit_student, frozen
from models.training.variants.fit_teacher import fit_teacher
from models.training.variants.preparation import prepare
from models.training.variants.settings import STAGES, VariantsConfig

__all__ = ["VariantsReport", "train_variants"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantsReport:
    """What a run came to.

    Attributes:
        folder: What was written; ``None`` where the run ended before the last stage.
        stages: Those that are complete.
        parameters: Of everything that is served.
        megabytes: Of the folder.
    """

    folder: Path | None
    stages: tuple[str, ...]
    parameters: int
    megabytes: float


def train_variants(config: VariantsConfig, *, until: str = STAGES[-1]) -> VariantsReport:
    """Train to the end of a stage, and export after the last.

    Args:
        config: The run; what is in its folder `work` is not done again.
        until: One of `STAGES`.
    """
    done = STAGES[: STAGES.index(until) + 1]
    catalogue = prepare(config)
    autoencoder = fit_autoencoder(config, catalogue.frames, catalogue.train)
    parameters = sum(each.numel() for each in autoencoder.parameters())
    report = VariantsReport(folder=None, stages=done, parameters=parameters, megabytes=0.0)
    if until == "autoencoder":
        return report
    latents = encode_all(
        autoencoder, catalogue.frames, config.work / "latents.npy", device=config.device
    )
    batches = LatentBatches(catalogue, latents, seed=config.seed, device=config.device)
    teacher = frozen(fit_teacher(config, batches))
    if until == "teacher":
        return report
    student = fit_student(config, batches, teacher)
    if until == "student":
        return report
    retrieval = fit_adapter(config, batches, teacher, student)
    from models.training.variants.export import export_variants

    folder = export_variants(
        autoencoder.cpu(),
        student.cpu(),
        retrieval.cpu(),
        catalogue.vocabulary,
        config.out / "variants",
        encoder=read_config(config.encoder).revision,
    )
    served = (student, retrieval.space, retrieval.lora)
    parameters += sum(each.numel() for part in served for each in part.parameters())
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    return VariantsReport(folder=folder, stages=done, parameters=parameters, megabytes=size)
