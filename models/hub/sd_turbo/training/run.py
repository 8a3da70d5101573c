"""A run: bank, teacher's samples, adapter, each going on from where it was."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.hub.devices import device_for
from models.hub.sd_turbo.adapter import adapter_for, save_adapter
from models.hub.sd_turbo.checkpoint import find_pipeline, load_pipeline, quiet, revision_of
from models.hub.sd_turbo.engine import SdTurbo
from models.hub.sd_turbo.training.catalogue import build_bank, read_catalogue
from models.hub.sd_turbo.training.fit import SdRetrieval
from models.hub.sd_turbo.training.settings import SdAdapterConfig
from models.hub.sd_turbo.training.teacher import TeacherLatents
from models.training.variants.loop import Stage

__all__ = ["SdAdapterReport", "train_sd_adapter"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SdAdapterReport:
    """What a run came to.

    Attributes:
        folder: For `models.hub.sd_turbo.load.load_sd_turbo`.
        revision: Of what is in it.
        parameters: Of adapter and decoder changes.
        seconds: Of training, bank and samples left out.
    """

    folder: Path
    revision: str
    parameters: int
    seconds: float


def train_sd_adapter(config: SdAdapterConfig) -> SdAdapterReport:
    """Train, or go on, and write the adapter.

    Args:
        config: The run; what is in its folder `work` is not done again.

    Raises:
        InvalidInput: The catalogue has too few products, or a name is of no known form.
        ModelUnavailable: Weights or a package are missing.
        NotFound: ``kagl.parquet`` is not in `config.data`.
    """
    device = device_for(config.device)
    catalogue = read_catalogue(config.data)
    student = load_pipeline(find_pipeline(config.student))
    teacher = load_pipeline(find_pipeline(config.teacher))
    weights, taught = revision_of(student), revision_of(teacher)
    engine = SdTurbo(student, device=device)
    try:
        bank = build_bank(config, catalogue, engine)
    finally:
        engine.remove()
    with quiet():
        # The bank was made in serving's precision. What learns beside it needs single precision;
        # on a GPU the student keeps the values that serving rounds it to.
        student.to(torch.device(device), torch.float32)
        teacher.to(torch.device(device), torch.float32)
    samples = TeacherLatents(config, catalogue, teacher, taught)
    torch.manual_seed(config.seed)
    sizes = adapter_for(student.unet, rank=config.rank, engine=weights)
    model = SdRetrieval(student, teacher, sizes).to(device)
    stage = Stage(
        "sd-adapter",
        model,
        config.schedule,
        config.work / f"sd-adapter-{weights}-{taught}-{config.rank}.safetensors",
        seed=config.seed,
        save_every_s=config.save_every_s,
    )

    def loss(step: int) -> tuple[Tensor, dict[str, float]]:
        goal = samples.batch(step)
        prompts = [catalogue.prompts[row] for row in goal.rows.tolist()]
        own, pooled = _said(student, prompts)
        theirs, _ = _said(teacher, prompts)
        retrieved = bank.retrieve(
            pooled.cpu().numpy().astype(np.float32),
            catalogue.groups[goal.rows],
            count=config.neighbours,
            device=pooled.device,
        )
        # Sampling drew from the generator in the step that came first, and in no other.
        torch.manual_seed(config.seed * 7_919 + step)
        return model.loss(goal, own, theirs, retrieved)

    stage.run(loss)
    model.load_state_dict(stage.average.state)
    model.remove()
    adapter = model.space.adapter
    if adapter is None:  # it was built with one
        raise AssertionError
    folder = config.out / "sd-adapter"
    revision = save_adapter(folder, sizes, adapter, model.lora)
    _log.info("wrote %s", folder)
    parts = (adapter, model.lora)
    return SdAdapterReport(
        folder=folder,
        revision=revision,
        parameters=sum(each.numel() for part in parts for each in part.parameters()),
        seconds=stage.elapsed_s,
    )


@torch.no_grad()
def _said(pipeline: Any, prompts: list[str]) -> tuple[Tensor, Tensor]:
    """Tokens (B, T, D) and unit vectors (B, D)."""
    codes = pipeline.tokenizer(
        prompts,
        padding="max_length",
        max_length=pipeline.tokenizer.model_max_length,
        truncation=True,
        return_tensors="pt",
    ).input_ids
    found = pipeline.text_encoder(codes.to(pipeline.device))
    return found.last_hidden_state, torch.nn.functional.normalize(found.pooler_output, dim=1)
