"""Stable Diffusion 2.1 from its configuration alone, with random weights: for tests and speeds.

What a network costs does not depend on its values, so a machine without the weights can still say
how fast they would be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_img2img import (
        StableDiffusionImg2ImgPipeline,
    )

__all__ = ["FULL", "TINY", "Sizes", "random_pipeline"]

_TOKENS = 77
_START, _END = "<|startoftext|>", "<|endoftext|>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Widths of the three networks.

    Attributes:
        sample: Places of the latents, a side.
        channels: Of the UNet's levels.
        heads: Of attention at each level; diffusers calls their number ``attention_head_dim``.
        layers: A level.
        token: Width of the text encoder, and of what the UNet reads.
        text_layers: Of the text encoder.
        text_heads: Of the text encoder.
        codes: Rows of its table of tokens.
        picture_channels: Of the autoencoder's levels; each but the last halves the picture.
        picture_layers: A level.
        groups: Of the norms.
    """

    sample: int
    channels: tuple[int, ...]
    heads: tuple[int, ...]
    layers: int
    token: int
    text_layers: int
    text_heads: int
    codes: int
    picture_channels: tuple[int, ...]
    picture_layers: int
    groups: int


FULL = Sizes(
    sample=64,
    channels=(320, 640, 1280, 1280),
    heads=(5, 10, 20, 20),
    layers=2,
    token=1024,
    text_layers=23,
    text_heads=16,
    codes=49_408,
    picture_channels=(128, 256, 512, 512),
    picture_layers=2,
    groups=32,
)
"""Of stabilityai/sd-turbo and stable-diffusion-2-1-base: 866 million parameters of the UNet."""
TINY = Sizes(
    sample=16,
    channels=(16, 32),
    heads=(2, 4),
    layers=1,
    token=32,
    text_layers=2,
    text_heads=4,
    codes=600,
    picture_channels=(16, 16),
    picture_layers=1,
    groups=8,
)
"""The same parts in a hundredth of a second: pictures of 32 pixels."""


def random_pipeline(sizes: Sizes = FULL, *, seed: int = 0) -> StableDiffusionImg2ImgPipeline:
    """A pipeline that has learned nothing, in single precision on the CPU.

    Its tokenizer knows single bytes and no words; texts are filled up to 77 tokens anyway.

    Args:
        sizes: Of its networks.
        seed: Of the weights.
    """
    import torch
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_img2img import (
        StableDiffusionImg2ImgPipeline,
    )
    from diffusers.schedulers.scheduling_euler_discrete import EulerDiscreteScheduler
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    torch.manual_seed(seed)
    levels, depths = len(sizes.channels), len(sizes.picture_channels)
    # In dictionaries: diffusers annotates its own tuples of four as tuples of one.
    of_unet: dict[str, Any] = {
        "sample_size": sizes.sample,
        "block_out_channels": sizes.channels,
        "layers_per_block": sizes.layers,
        "down_block_types": (*("CrossAttnDownBlock2D",) * (levels - 1), "DownBlock2D"),
        "up_block_types": ("UpBlock2D", *("CrossAttnUpBlock2D",) * (levels - 1)),
        "cross_attention_dim": sizes.token,
        "attention_head_dim": sizes.heads,
        "norm_num_groups": sizes.groups,
        "use_linear_projection": True,
    }
    of_vae: dict[str, Any] = {
        "block_out_channels": sizes.picture_channels,
        "down_block_types": ("DownEncoderBlock2D",) * depths,
        "up_block_types": ("UpDecoderBlock2D",) * depths,
        "layers_per_block": sizes.picture_layers,
        "latent_channels": 4,
        "norm_num_groups": sizes.groups,
        "sample_size": sizes.sample * 2 ** (depths - 1),
    }
    letters = sorted(ByteLevel.alphabet())
    words = [_START, _END, *letters, *(f"{each}</w>" for each in letters)]
    tokenizer = CLIPTokenizer(
        vocab={word: code for code, word in enumerate(words)},
        merges=[],
        model_max_length=_TOKENS,
    )
    texts = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=sizes.codes,
            hidden_size=sizes.token,
            intermediate_size=4 * sizes.token,
            num_hidden_layers=sizes.text_layers,
            num_attention_heads=sizes.text_heads,
            hidden_act="gelu",
            bos_token_id=0,
            eos_token_id=1,
            pad_token_id=1,
        )
    )
    parts: dict[str, Any] = {
        "unet": UNet2DConditionModel(**of_unet).eval(),
        "vae": AutoencoderKL(**of_vae).eval(),
        "text_encoder": texts.eval(),
        "tokenizer": tokenizer,
        "scheduler": EulerDiscreteScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            timestep_spacing="trailing",
            steps_offset=1,
        ),
        "safety_checker": None,
        "feature_extractor": None,
    }
    return StableDiffusionImg2ImgPipeline(**parts, requires_safety_checker=False)
