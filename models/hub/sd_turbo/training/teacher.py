"""What the teacher draws from prompts and noise: the goals of the distillation, sampled once."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from diffusers.schedulers.scheduling_euler_discrete import EulerDiscreteScheduler
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor

from models.hub.sd_turbo.training.catalogue import AdapterCatalogue
from models.hub.sd_turbo.training.settings import SdAdapterConfig

__all__ = ["Goal", "TeacherLatents"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Goal:
    """A batch: rows of the catalogue (B,), unit noise and the teacher's latents (B, 4, h, w)."""

    rows: NDArray[np.int64]
    noise: Tensor
    latents: Tensor


class TeacherLatents:
    """Samples batches of the teacher and keeps them; a run that was stopped goes on.

    Args:
        config: The run.
        catalogue: Gives the prompts.
        pipeline: Stable Diffusion, on its device; its own sampler is replaced by Euler's method.
        revision: Of the teacher: another one's samples are others.
    """

    def __init__(
        self, config: SdAdapterConfig, catalogue: AdapterCatalogue, pipeline: Any, revision: str
    ) -> None:
        self._config, self._catalogue = config, catalogue
        schedule = EulerDiscreteScheduler.from_config(
            pipeline.scheduler.config, timestep_spacing="trailing", use_karras_sigmas=False
        )
        parts = {**pipeline.components, "scheduler": schedule}
        self._sampler: Any = StableDiffusionPipeline(**parts, requires_safety_checker=False)
        self._sampler.set_progress_bar_config(disable=True)
        self._device = pipeline.device
        settings: Any = pipeline.unet.config
        self._shape = (int(settings.in_channels), *(int(settings.sample_size),) * 2)
        told = f"{config.seed}-{config.schedule.batch}-{config.teacher_steps}-{config.guidance:g}"
        self._folder = config.work / f"teacher-{revision}-{told}"

    def batch(self, step: int) -> Goal:
        """That of a step; sampled if it is the first to ask."""
        number = step % self._config.samples
        count = self._config.schedule.batch
        rng = np.random.default_rng((self._config.seed, 2, number))
        rows = rng.choice(self._catalogue.train, count)
        draws = torch.Generator().manual_seed(self._config.seed * 1_000_003 + number)
        noise = torch.randn(count, *self._shape, generator=draws).to(self._device)
        path = self._folder / f"{number:06d}.safetensors"
        if not path.exists():
            self._sample(path, rows, noise)
        latents = load_file(path)["latents"].to(self._device).float()
        return Goal(rows=rows, noise=noise, latents=latents)

    @torch.no_grad()
    def _sample(self, path: Path, rows: NDArray[np.int64], noise: Tensor) -> None:
        # bf16 needs no scaling anywhere; on a CPU it is emulated and slow.
        with torch.autocast(self._device.type, torch.bfloat16, self._device.type == "cuda"):
            made = self._sampler(
                prompt=[self._catalogue.prompts[row] for row in rows.tolist()],
                latents=noise,
                num_inference_steps=self._config.teacher_steps,
                guidance_scale=self._config.guidance,
                output_type="latent",
            ).images
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".partial")
        save_file({"latents": made.half().cpu().contiguous()}, fresh)
        fresh.replace(path)
        if int(path.stem) % 50 == 0:
            _log.info("teacher batch %s", path.stem)
