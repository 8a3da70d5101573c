"""A Stable Diffusion pipeline with what ImageRAGTurbo adds, drawing squares from squares.

diffusers' own pipeline runs; a hook sits behind its UNet's middle block, and an adapter changes the
weights of its way up. Without anything from the catalogue neither does anything.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_img2img import (
    StableDiffusionImg2ImgPipeline,
)
from diffusers.schedulers.scheduling_euler_discrete import EulerDiscreteScheduler
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.errors import InvalidInput
from models.hub.hspace.half import first_half
from models.hub.hspace.middle import HSpace, Retrieved
from models.hub.sd_turbo.adapter import load_adapter
from models.hub.sd_turbo.checkpoint import quiet, revision_of
from models.hub.sd_turbo.folded import FoldedLora

if TYPE_CHECKING:
    from engine.types import ImageRGB

__all__ = ["STEPS", "Lent", "SdTurbo", "timesteps"]

STEPS = (1, 4)
SLERP = 0.8
"""Weight of the target where no adapter is there: the paper's constant (§3.2)."""
_CLOCK = 1000
_SEEDS = 2**63


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lent:
    """What the catalogue lends to a prompt, K pictures.

    Attributes:
        features: float16 (K, C, h, w), see `SdTurbo.middle`.
        similarity: float32 (K,) cosines of their texts with the prompt's; below 0 is 0.
    """

    features: NDArray[np.float16]
    similarity: NDArray[np.float32]


def timesteps(strength: float, steps: int) -> list[int]:
    """The times at which the UNet is called, the noisiest first.

    They divide the way from the starting noise evenly, and the first is its noisy end ("trailing"
    spacing, with which SD-Turbo was trained): 999, 749, 499, 249 for four steps from pure noise.

    Args:
        strength: Of 1,000 times, how many of noise the start gets: above 0, at most 1.
        steps: Calls of the UNet.
    """
    return [max(1, round(_CLOCK * strength * (1 - each / steps))) - 1 for each in range(steps)]


class SdTurbo:
    """Draws variants of a square picture.

    One drawing at a time: the hooks hold its state.

    Args:
        pipeline: Of Stable Diffusion 2; moved to the device, its scheduler replaced by Euler's
            method with trailing times.
        device: ``cpu``, ``cuda`` or ``cuda:1``. On a GPU it runs in half precision.
        adapter: Folder of `models.hub.sd_turbo.adapter`; without one retrieved pictures come in by
            slerp.
        batch: Pictures a call of the UNet, always that many, the last ones drawn for nothing:
            sums over batches of other sizes differ in their last bits, and a seed has to draw the
            same picture whatever the other seeds are. By default 1 on the CPU and 4 on a GPU.
        compile_networks: Through ``torch.compile``, which costs minutes at the first drawing.

    Raises:
        ModelUnavailable: The adapter is missing, damaged or of another pipeline.
    """

    def __init__(
        self,
        pipeline: StableDiffusionImg2ImgPipeline,
        *,
        device: str = "cpu",
        adapter: Path | None = None,
        batch: int | None = None,
        compile_networks: bool = False,
    ) -> None:
        self._device = torch.device(device)
        gpu = self._device.type == "cuda"
        self._dtype = torch.float16 if gpu else torch.float32
        self.batch = batch or (4 if gpu else 1)
        weights = revision_of(pipeline)
        with quiet():  # it says of each network that no part of it has to stay in single precision
            self._pipeline = pipeline.to(self._device, self._dtype)
        self._pipeline.set_progress_bar_config(disable=True)
        self._pipeline.scheduler = EulerDiscreteScheduler.from_config(  # pyright: ignore[reportAttributeAccessIssue]
            pipeline.scheduler.config, timestep_spacing="trailing", use_karras_sigmas=False
        )
        self.unet: Any = pipeline.unet
        self.size_px: int = self.unet.config.sample_size * pipeline.vae_scale_factor
        self._folded: FoldedLora | None = None
        block: nn.Module | None = None
        revisions = [weights, "fp16" if gpu else "fp32"]
        if adapter is not None:
            block, lora, trained = load_adapter(adapter, self.unet, engine=weights)
            block.to(self._device, self._dtype).eval()
            self._folded = FoldedLora(self.unet, lora)
            revisions.append(trained)
        self.revision = "-".join(revisions)
        self._space = HSpace(self.unet, block)
        self._lock = threading.Lock()
        if compile_networks:
            self.unet.compile()
            pipeline.vae.decoder.compile()

    @property
    def adapted(self) -> bool:
        """Whether retrieved pictures come in through a trained adapter."""
        return self._space.adapter is not None

    def draw(
        self,
        start: ImageRGB,
        prompt: str,
        seeds: Sequence[int],
        *,
        strength: float,
        steps: int = 1,
        lent: Lent | None = None,
    ) -> Iterator[ImageRGB]:
        """Draw a picture a seed, in their order.

        Args:
            start: uint8 (`size_px`, `size_px`, 3).
            prompt: What it is to become.
            seeds: Of the noise, 0 to 2^63 - 1.
            strength: How much noise the start gets: above 0; 1 keeps next to nothing of it.
            steps: Calls of the UNet a picture, 1 or 4.
            lent: From the catalogue, if anything.

        Yields:
            uint8 (`size_px`, `size_px`, 3).

        Raises:
            InvalidInput: The picture is of another size, or a number out of its range.
        """
        if steps not in STEPS:
            raise InvalidInput(f"got {steps}, expected 1 or 4", where="steps")
        if not 0 < strength <= 1:
            raise InvalidInput(f"got {strength}, expected more than 0, at most 1", where="strength")
        for first in range(0, len(seeds), self.batch):
            chosen = list(seeds[first : first + self.batch])
            if not 0 <= min(chosen) <= max(chosen) < _SEEDS:
                raise InvalidInput(f"got {chosen}, expected 0 to 2^63 - 1", where="seeds")
            yield from self._draw(start, prompt, chosen, timesteps(strength, steps), lent)

    @torch.inference_mode()
    def _draw(
        self, start: ImageRGB, prompt: str, seeds: list[int], times: list[int], lent: Lent | None
    ) -> list[ImageRGB]:
        filled = seeds + [seeds[-1]] * (self.batch - len(seeds))
        tokens, _ = self._said(prompt)
        latents = self._encoded(start)
        with self._lock, self._helped(lent):
            drawn: Any = self._pipeline(
                prompt_embeds=tokens.expand(len(filled), -1, -1),
                image=latents.expand(len(filled), -1, -1, -1),
                timesteps=times,  # pyright: ignore[reportArgumentType] - a list is what it takes
                strength=1.0,  # of the times given, all
                guidance_scale=0.0,
                # On the CPU, so that a seed is the same noise on every machine.
                generator=[torch.Generator().manual_seed(seed) for seed in filled],
                output_type="pt",
            )
        pixels = (drawn.images[: len(seeds)].float() * 255).round().to(torch.uint8)
        return list(pixels.permute(0, 2, 3, 1).cpu().numpy())

    @torch.inference_mode()
    def middle(self, picture: ImageRGB, text: str) -> NDArray[np.float16]:
        """Features of a catalogue picture, float16 (C, h, w): clean, at time 0, with its own text.

        Args:
            picture: uint8 (`size_px`, `size_px`, 3).
            text: What it shows, in the words of a prompt.
        """
        tokens, _ = self._said(text)
        latents = self._encoded(picture)
        with self._lock:
            found = first_half(self.unet)(latents, 0, tokens).sample
        return found[0].cpu().numpy().astype(np.float16)

    @torch.inference_mode()
    def text(self, text: str) -> NDArray[np.float16]:
        """The text encoder's vector, float16 (D,), unit: cosines of two of them are the gate λ."""
        return self._said(text)[1].cpu().numpy().astype(np.float16)

    def remove(self) -> None:
        """Take the hook from the pipeline."""
        self._space.remove()

    def _said(self, text: str) -> tuple[Tensor, Tensor]:
        """Tokens (1, T, D), as diffusers has them, and the unit vector (D,) of the whole."""
        tokenizer: Any = self._pipeline.tokenizer
        codes = tokenizer(
            [text],
            padding="max_length",
            max_length=tokenizer.model_max_length,
            truncation=True,
            return_tensors="pt",
        ).input_ids
        found = self._pipeline.text_encoder(codes.to(self._device))
        pooled = nn.functional.normalize(found.pooler_output[0].float(), dim=0)
        return found.last_hidden_state.to(self._dtype), pooled

    def _encoded(self, picture: ImageRGB) -> Tensor:
        """Latents (1, 4, h, w): the middle of what the autoencoder thinks, so without noise."""
        expected = (self.size_px, self.size_px, 3)
        if picture.shape != expected:
            raise InvalidInput(f"got {picture.shape}, expected {expected}", where="picture")
        pixels = torch.from_numpy(np.array(picture)).to(self._device)
        scaled = pixels.permute(2, 0, 1)[None].to(self._dtype) / 127.5 - 1
        vae: Any = self._pipeline.vae
        return vae.encode(scaled).latent_dist.mode() * vae.config.scaling_factor

    @contextmanager
    def _helped(self, lent: Lent | None) -> Iterator[None]:
        """The hooks with what is lent, while a batch is drawn."""
        if lent is None:
            yield
            return
        features = torch.from_numpy(lent.features).to(self._device, self._dtype)
        gate = torch.from_numpy(lent.similarity).to(self._device)
        blend = 1.0 if self.adapted else SLERP
        self._space.retrieved = Retrieved(
            features=features[None].expand(self.batch, *features.shape),
            similarity=gate[None].expand(self.batch, -1),
            blend=torch.full((self.batch,), blend, device=self._device),
        )
        try:
            with self._folded.on() if self._folded else nullcontext():
                yield
        finally:
            self._space.retrieved = None
