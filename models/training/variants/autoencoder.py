"""Pictures to latents and back: 96×72×3 pixels to 8×16×12 numbers, a fourteenth.

Plain convolutions without normalisation, as in TAESD (madebyollin/taesd): at this size group norms
took half of the time. Six pixels a side of each latent: at two cores what the generator costs goes
with the number of places, and with 24×18 of them it sees half as many pictures in the same time.
Sides of 16 and 12 halve twice without a rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

__all__ = ["LATENT_CHANNELS", "PIXELS_A_PLACE", "Autoencoder", "AutoencoderSizes"]

LATENT_CHANNELS = 8
PIXELS_A_PLACE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoencoderSizes:
    """Channels of the encoder's and the decoder's coarse part and of the decoder's fine part."""

    encoder: int = 96
    coarse: int = 128
    fine: int = 48


class _Residual(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        last = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(last.weight)  # starts as the identity, which stands in for normalisation
        self.block = nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), last)

    def forward(self, features: Tensor) -> Tensor:
        return torch.relu(features + self.block(features))


class Encoder(nn.Module):
    """Pixels (B, 3, H, W) in -1..1 to latents (B, 8, H/6, W/6), unit variance a channel."""

    def __init__(self, sizes: AutoencoderSizes):
        super().__init__()
        self.layers = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(12, 32, 3, padding=1),
            nn.ReLU(),
            _Residual(32),
            nn.PixelUnshuffle(3),
            nn.Conv2d(288, sizes.encoder, 1),
            nn.ReLU(),
            _Residual(sizes.encoder),
            _Residual(sizes.encoder),
            nn.Conv2d(sizes.encoder, LATENT_CHANNELS, 3, padding=1),
            # Without scale of its own: whatever the encoder learns, a channel's variance is 1.
            nn.BatchNorm2d(LATENT_CHANNELS, affine=False, momentum=0.01),
        )

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class."""
        return self.layers(pixels)


class Decoder(nn.Module):
    """Latents (B, 8, h, w) to pixels (B, 3, 6h, 6w), about -1..1."""

    def __init__(self, sizes: AutoencoderSizes):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(LATENT_CHANNELS, sizes.coarse, 3, padding=1),
            nn.ReLU(),
            _Residual(sizes.coarse),
            _Residual(sizes.coarse),
            nn.Conv2d(sizes.coarse, sizes.fine * 9, 1),
            nn.PixelShuffle(3),
            nn.ReLU(),
            _Residual(sizes.fine),
            _Residual(sizes.fine),
            nn.Conv2d(sizes.fine, 12, 3, padding=1),
            nn.PixelShuffle(2),
        )

    def forward(self, latents: Tensor) -> Tensor:
        """See the class."""
        return self.layers(latents)


class Autoencoder(nn.Module):
    """Both halves. In training some noise lies on the latents, so that near ones look alike.

    Args:
        sizes: Channels.
        noise: Its standard deviation, the latents' being 1.
    """

    def __init__(self, sizes: AutoencoderSizes | None = None, noise: float = 0.05):
        super().__init__()
        sizes = sizes or AutoencoderSizes()
        self.noise = noise
        self.encoder = Encoder(sizes)
        self.decoder = Decoder(sizes)

    def forward(self, pixels: Tensor) -> Tensor:
        """Pixels (B, 3, H, W) in -1..1 to their reconstruction."""
        latents = self.encoder(pixels)
        if self.training:
            latents = latents + self.noise * torch.randn_like(latents)
        return self.decoder(latents)
