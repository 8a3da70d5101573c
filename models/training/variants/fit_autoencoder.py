"""Trains the autoencoder: pixels, edges and the features of the compact encoder's first layers."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from models.training.checkpoint import save_array
from models.training.network import ImageTower, TowerConfig
from models.training.variants.autoencoder import Autoencoder
from models.training.variants.frames import Frames
from models.training.variants.loop import Stage
from models.training.variants.settings import VariantsConfig

__all__ = ["encode_all", "fit_autoencoder", "psnr", "to_pixels"]

_log = logging.getLogger(__name__)
_SHARP = 3.0
_EDGE_WEIGHT, _FEATURE_WEIGHT, _COLOUR_WEIGHT = 0.5, 0.2, 1.0
_FEATURES_FROM = 0.75
"""Share of the schedule."""
_STEM_LAYERS = 4
"""Of `ImageTower.lower`: convolution, norm and two blocks, to stride 4 and 24 channels."""


class FirstFeatures(nn.Module):
    """The frozen first layers of a served encoder.

    Args:
        folder: Holds ``compact.safetensors``.
    """

    def __init__(self, folder: Path):
        super().__init__()
        state = load_file(folder / "compact.safetensors")
        tower = ImageTower(TowerConfig())
        prefix = "image.lower."
        lower = {
            name.removeprefix(prefix): each.float()
            for name, each in state.items()
            if name.startswith(prefix)
        }
        tower.lower.load_state_dict(lower)
        self.layers = tower.lower[:_STEM_LAYERS].eval().requires_grad_(False)

    def distance(self, one: Tensor, other: Tensor) -> Tensor:
        """Mean distance of two batches of pixels (B, 3, H, W) in -1..1 in these features."""
        seen = self.layers(torch.cat([one, other]))
        size = seen.float().square().mean((2, 3), keepdim=True).mean(0, keepdim=True).sqrt() + 1e-3
        first, second = (seen / size).chunk(2)
        return (first - second).abs().mean()


def to_pixels(frames: NDArray[np.uint8], device: str = "cpu") -> Tensor:
    """uint8 (B, H, W, 3) to float (B, 3, H, W) in -1..1, channels last in memory."""
    pixels = torch.from_numpy(np.array(frames)).to(device).permute(0, 3, 1, 2)
    return pixels.float() / 127.5 - 1


def _edges(pixels: Tensor) -> tuple[Tensor, Tensor]:
    return pixels[:, :, 1:] - pixels[:, :, :-1], pixels[:, :, :, 1:] - pixels[:, :, :, :-1]


def _colour_distance(made: Tensor, pixels: Tensor) -> Tensor:
    """Distance of the two opponent colours, red-green and blue-yellow.

    Most of the catalogue is black, white or grey, and without this the median that the plain
    distance asks for stayed grey for hundreds of steps.
    """
    red, green, blue = (made - pixels).unbind(1)
    opponents = torch.stack([red - green, blue - (red + green) / 2])
    return opponents.abs().mean() + 2 * opponents.square().mean()


def fit_autoencoder(
    config: VariantsConfig, frames: Frames, train: NDArray[np.int64]
) -> Autoencoder:
    """Train, or go on, or load what is done.

    Returns:
        The averaged weights, in eval mode.
    """
    schedule = config.stages["autoencoder"]
    torch.manual_seed(config.seed)
    model = Autoencoder().to(config.device).to(memory_format=torch.channels_last)
    stage = Stage(
        "autoencoder",
        model,
        schedule,
        config.work / "autoencoder.safetensors",
        seed=config.seed,
        save_every_s=config.save_every_s,
    )
    features = FirstFeatures(config.encoder).to(config.device).to(memory_format=torch.channels_last)
    weights = frames.weights(train, sharp=_SHARP)

    def loss(step: int) -> tuple[Tensor, dict[str, float]]:
        rng = np.random.default_rng((config.seed, step))
        drawn = frames.pixels[np.sort(rng.choice(train, schedule.batch, p=weights))]
        if rng.random() < 0.5:
            drawn = drawn[:, :, ::-1]
        pixels = to_pixels(drawn, config.device)
        with torch.autocast(config.device, torch.bfloat16):
            made = model(pixels)
            # Colours and outlines first: features cost as much as the network itself.
            late = step >= _FEATURES_FROM * schedule.steps
            seen = features.distance(made, pixels) if late else made.new_zeros(())
        made = made.float()
        plain = (made - pixels).abs().mean()
        edge = sum((a - b).abs().mean() for a, b in zip(_edges(made), _edges(pixels), strict=True))
        colour = _colour_distance(made, pixels)
        parts = {
            "l1": float(plain.detach()),
            "colour": float(colour.detach()),
            "features": float(seen.detach()),
            "psnr": float(psnr(made.detach(), pixels).mean()),
        }
        whole = plain + _EDGE_WEIGHT * edge + _COLOUR_WEIGHT * colour
        return whole + _FEATURE_WEIGHT * seen, parts

    stage.run(loss)
    model.load_state_dict(stage.average.state)
    return model.eval()


def psnr(made: Tensor, pixels: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each picture in decibels, (B,); both in -1..1."""
    error = functional.mse_loss(made.clamp(-1, 1), pixels, reduction="none").mean((1, 2, 3))
    return 10 * torch.log10(4 / error.clamp(min=1e-10))


@torch.no_grad()
def encode_all(
    model: Autoencoder, frames: Frames, path: Path, *, batch: int = 256, device: str = "cpu"
) -> NDArray[np.float16]:
    """Latents of all pictures, float16 (N, 8, 16, 12), kept in `path`."""
    if not path.exists():
        made = []
        for start in range(0, len(frames.pixels), batch):
            pixels = to_pixels(frames.pixels[start : start + batch], device)
            made.append(model.encoder(pixels).cpu().numpy().astype(np.float16))
        save_array(path, np.concatenate(made))
        _log.info("encoded %d pictures", len(frames.pixels))
    return np.load(path)
