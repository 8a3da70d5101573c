"""All stages of the small generator, one after another, each going on from where it was."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.compact import read_config
from models.training.variants.batches import LatentBatches
from models.training.variants.export import export_variants
from models.training.variants.fit_adapter import fit_adapter
from models.training.variants.fit_autoencoder import encode_all, fit_autoencoder
from models.training.variants.fit_consistency import fit_consistency
from models.training.variants.fit_student import fit_student
from models.training.variants.fit_teacher import fit_teacher
from models.training.variants.flow import GUIDANCE, few_steps, sample_flow
from models.training.variants.neighbours import HBank
from models.training.variants.network import Condition, Generator, frozen
from models.training.variants.preparation import prepare
from models.training.variants.settings import STAGES, VariantsConfig
from models.training.variants.watch import Watch

__all__ = ["VariantsReport", "train_variants"]

_log = logging.getLogger(__name__)
_LOOK_STEPS = 16
_SEED = 30_000
"""Of the noise of later steps in what is looked at."""


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


def train_variants(
    config: VariantsConfig, *, until: str = STAGES[-1], control: str | None = None
) -> VariantsReport:
    """Train to the end of a stage, and export after the last.

    Args:
        config: The run; what is in its folder `work` is not done again.
        until: One of `STAGES`.
        control: ``lora`` trains, in place of the last stage, what changes the decoder alone, the
            same steps without retrieval. For `lookalike study turbo`; it is never exported.
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
    watch = Watch(catalogue, autoencoder, config.encoder, device=config.device)
    watch.look("what the autoencoder leaves", lambda _noise, _said, rows: batches.of(rows))
    teacher = frozen(fit_teacher(config, batches))
    watch.look(
        "teacher",
        lambda noise, said, _: sample_flow(teacher, noise, said, steps=_LOOK_STEPS, scale=GUIDANCE),
    )
    if until == "teacher":
        return report
    consistent = fit_consistency(config, batches, teacher)
    _look_at_steps(watch, "consistency", consistent)
    if until == "consistency":
        return report
    distilled = fit_student(config, batches, teacher, consistent)
    student = distilled.student
    _look_at_steps(watch, "student", student)
    if until == "student":
        return report
    bank = HBank.build(student, batches, catalogue.pairs.rows("train"), config.work / "bank.npy")
    retrieval = fit_adapter(config, batches, teacher, distilled, bank, adapter=control is None)
    if control is not None:
        watch.look(f"{control}, one step", lambda noise, said, _: few_steps(student, [noise], said))
        return replace(report, stages=(*STAGES[:-1], control))

    def helped(noise: Tensor, said: Condition, rows: NDArray[np.int64]) -> Tensor:
        retrieval.space.retrieved, _ = bank.retrieve(batches, said.text, rows, count=1)
        try:
            return few_steps(student, [noise], said)
        finally:
            retrieval.space.retrieved = None

    watch.look("adapter, one step", helped)
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


def _look_at_steps(watch: Watch, name: str, student: Generator) -> None:
    def four(noise: Tensor, said: Condition, _: NDArray[np.int64]) -> Tensor:
        fresh = torch.randn((3, *noise.shape), generator=torch.Generator().manual_seed(_SEED))
        return few_steps(student, [noise, *fresh.to(noise)], said)

    watch.look(f"{name}, one step", lambda noise, said, _: few_steps(student, [noise], said))
    watch.look(f"{name}, four steps", four)
