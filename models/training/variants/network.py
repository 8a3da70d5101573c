"""The generator: a diffusers UNet over latents, with the prompt as tokens, a reference as planes.

It predicts the velocity of a rectified flow (Liu et al. 2023; Lipman et al. 2023): the straight way
from a picture to noise. At the noisy end that is nothing but the picture's negative plus known
noise, so one step from pure noise is well posed (no terminal signal is left over, as it is with
the usual noise schedules, Lin et al. 2024), and white grounds come out white.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor, nn

from models.hub.hspace.half import first_half
from models.training.variants.autoencoder import LATENT_CHANNELS
from models.variants.structure import STRUCTURE_CHANNELS

__all__ = ["Condition", "Generator", "GeneratorSizes", "PromptTokens", "frozen", "h_space"]

_CLOCK = 1000.0
"""diffusers embeds times up to this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorSizes:
    """Widths.

    Attributes:
        channels: Of the three depths, at 16×12, 8×6 and 4×3 places.
        heads: Of each attention.
        token: Length of a prompt's token.
        text: Length of the text encoder's vectors.
        height: Places of the latents.
        width: The same.
    """

    channels: tuple[int, int, int] = (64, 128, 160)
    heads: int = 4
    token: int = 256
    text: int = 256
    height: int = 16
    width: int = 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Condition:
    """What a batch of B is drawn from.

    Attributes:
        text: (B, 256) unit vectors of the captions, zeros for no prompt at all.
        codes: int64 (B, 8): those of `models.variants.prompts`, then 0 unknown, 1 soft, 2 sharp.
        planes: (B, 18, 16, 12), see `models.variants.structure`.
    """

    text: Tensor
    codes: Tensor
    planes: Tensor

    def without_prompt(self, gone: Tensor) -> Condition:
        """Rows (B,) bool lose what the prompt says; the reference and the sharpness stay."""
        codes = self.codes.clone()
        codes[gone, :-1] = 0
        return Condition(
            text=self.text * (~gone)[:, None].to(self.text), codes=codes, planes=self.planes
        )

    def rows(self, chosen: Tensor | slice) -> Condition:
        """Some of the batch."""
        return Condition(
            text=self.text[chosen], codes=self.codes[chosen], planes=self.planes[chosen]
        )


class PromptTokens(nn.Module):
    """A prompt as 8 tokens: its text with the sharpness, and each of its 7 attributes.

    Args:
        sizes: Codes of each facet.
        widths: Of tokens and texts.
    """

    def __init__(self, sizes: Sequence[int], widths: GeneratorSizes):
        super().__init__()
        self.text = nn.Linear(widths.text, widths.token)
        self.sharpness = nn.Embedding(3, widths.token)
        facets = [nn.Embedding(count, widths.token) for count in sizes]
        self.facets = nn.ModuleList(facets)
        self.norm = nn.LayerNorm(widths.token)
        for each in (*facets, self.sharpness):
            nn.init.normal_(each.weight, std=0.5)

    def forward(self, text: Tensor, codes: Tensor) -> Tensor:
        """Texts (B, 256) and codes (B, 8) to tokens (B, 8, width)."""
        # Unit vectors have entries of a sixteenth; tokens want them of about 1.
        first = self.text(text * text.shape[1] ** 0.5) + self.sharpness(codes[:, -1])
        others = [embed(codes[:, place]) for place, embed in enumerate(self.facets)]
        return self.norm(torch.stack([first, *others], dim=1))


class Generator(nn.Module):
    """Velocity of noisy latents.

    Args:
        codes: Codes of each facet of the prompt, see `PromptVocabulary.sizes`.
        widths: Sizes.
    """

    def __init__(self, codes: Sequence[int], widths: GeneratorSizes | None = None):
        super().__init__()
        widths = widths or GeneratorSizes()
        self.tokens = PromptTokens(codes, widths)
        self.unet = UNet2DConditionModel(
            sample_size=(widths.height, widths.width),
            in_channels=LATENT_CHANNELS + STRUCTURE_CHANNELS,
            out_channels=LATENT_CHANNELS,
            block_out_channels=widths.channels,
            layers_per_block=1,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=widths.token,
            attention_head_dim=widths.heads,  # diffusers means their number
            norm_num_groups=16,
        )
        nn.init.zeros_(self.unet.conv_out.weight)
        if self.unet.conv_out.bias is not None:
            nn.init.zeros_(self.unet.conv_out.bias)

    def forward(self, latents: Tensor, time: Tensor, condition: Condition) -> Tensor:
        """One call of the UNet.

        Args:
            latents: (B, 8, 16, 12), (1 - time) picture + time noise.
            time: (B,) 0 to 1.
            condition: Of the batch.

        Returns:
            noise - picture, (B, 8, 16, 12).
        """
        tokens = self.tokens(condition.text, condition.codes)
        seen = torch.cat([latents, condition.planes], dim=1)
        return self.unet(seen, time * _CLOCK, tokens).sample


def frozen(model: Generator) -> Generator:
    """The model, in eval mode and without gradients of its weights."""
    return model.eval().requires_grad_(False)


def h_space(model: Generator, latents: Tensor, time: Tensor, condition: Condition) -> Tensor:
    """Middle features of noisy or clean latents, (B, C, 4, 3).

    For retrieved pictures the latents are clean, the time is 0 and the prompt is their own
    caption (ImageRAGTurbo §3.1).
    """
    half = copy.copy(model)
    half._modules = dict(model._modules)
    half.unet = first_half(model.unet)
    return half(latents, time, condition)
