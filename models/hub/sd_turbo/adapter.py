"""The adapter of ImageRAGTurbo at Stable Diffusion's width, and its file.

One transformer block between two projections, as diffusers' ``Transformer2DModel`` has it: at 1280
channels 36.07 million parameters, which is the 36 million (4% of the UNet) that the paper counts.
The target's middle features are the query, a retrieved picture's are key and value.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from diffusers.models.attention import BasicTransformerBlock
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from engine.errors import ModelUnavailable
from models.hub.hspace.lora import DecoderLora

__all__ = [
    "AdapterConfig",
    "BlockAdapter",
    "adapter_for",
    "build_adapter",
    "load_adapter",
    "save_adapter",
]

WEIGHTS, CONFIG = "sd-adapter.safetensors", "config.json"
_HEAD = 64
_HINT = "`lookalike train sd-adapter` makes one; without one the slerp edit is used."


class BlockAdapter(nn.Module):
    """g(target, retrieved) of ImageRAGTurbo, §3.3; nothing at first, its last layer being zero.

    Args:
        channels: Of the middle block.
        heads: Of both attentions.
        groups: Of the norms.
    """

    def __init__(self, channels: int, heads: int, groups: int):
        super().__init__()
        self.norm_target = nn.GroupNorm(groups, channels, eps=1e-6)
        self.norm_retrieved = nn.GroupNorm(groups, channels, eps=1e-6)
        self.proj_in = nn.Linear(channels, channels)
        self.block = BasicTransformerBlock(
            channels,
            heads,
            channels // heads,
            cross_attention_dim=channels,
            activation_fn="geglu",
        )
        self.proj_out = nn.Linear(channels, channels)
        nn.init.zeros_(self.proj_out.weight)
        nn.init.zeros_(self.proj_out.bias)

    def forward(self, target: Tensor, retrieved: Tensor) -> Tensor:
        """Of (B, C, h, w) features, in the same shape."""
        asking = self.proj_in(self.norm_target(target).flatten(2).transpose(1, 2))
        held = self.norm_retrieved(retrieved).flatten(2).transpose(1, 2)
        seen = self.block(asking, encoder_hidden_states=held)
        return self.proj_out(seen).transpose(1, 2).reshape(target.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterConfig:
    """What an adapter was made for and how.

    Attributes:
        channels: Of the middle block.
        heads: Of both attentions.
        groups: Of the norms.
        rank: Of the decoder's low-rank changes.
        engine: Revision of the pipeline that it was trained on.
    """

    channels: int
    heads: int
    groups: int
    rank: int
    engine: str


def adapter_for(unet: UNet2DConditionModel, *, rank: int, engine: str) -> AdapterConfig:
    """Sizes that fit a UNet: heads of 64, as Stable Diffusion 2 has them."""
    settings: Any = unet.config
    channels = int(settings.block_out_channels[-1])
    return AdapterConfig(
        channels=channels,
        heads=max(1, channels // _HEAD),
        groups=int(settings.norm_num_groups),
        rank=rank,
        engine=engine,
    )


def build_adapter(config: AdapterConfig) -> BlockAdapter:
    """A fresh one."""
    return BlockAdapter(config.channels, config.heads, config.groups)


def save_adapter(folder: Path, config: AdapterConfig, adapter: nn.Module, lora: DecoderLora) -> str:
    """Write an adapter with its decoder changes, in half precision; atomic.

    Returns:
        Its revision.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = {f"adapter/{name}": each for name, each in adapter.state_dict().items()}
    state |= {f"lora/{name}": each for name, each in lora.changes.state_dict().items()}
    fresh = folder / f"{WEIGHTS}.partial"
    save_file({n: each.detach().half().cpu().contiguous() for n, each in state.items()}, fresh)
    revision = _revision(fresh)
    fresh.replace(folder / WEIGHTS)
    told = folder / f"{CONFIG}.partial"
    told.write_text(
        json.dumps(asdict(config) | {"revision": revision}, indent=1) + "\n", encoding="utf-8"
    )
    told.replace(folder / CONFIG)
    return revision


def load_adapter(
    folder: Path, unet: UNet2DConditionModel, *, engine: str
) -> tuple[BlockAdapter, DecoderLora, str]:
    """Read an adapter and put its decoder changes on a UNet.

    Args:
        folder: What `save_adapter` wrote.
        unet: Gets hooks on its way up.
        engine: Revision of the pipeline.

    Returns:
        The adapter, the decoder changes and the revision of both.

    Raises:
        ModelUnavailable: A file is missing or damaged, or was made for another pipeline.
    """
    try:
        told: Any = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        revision = str(told.pop("revision"))
        config = AdapterConfig(**told)
        state = load_file(folder / WEIGHTS)
        if _revision(folder / WEIGHTS) != revision:
            raise ModelUnavailable(
                f"{WEIGHTS} and {CONFIG} are of different runs", where=str(folder), hint=_HINT
            )
    except FileNotFoundError as error:
        raise ModelUnavailable(
            "the adapter is not there", where=str(error.filename or folder), hint=_HINT
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        raise ModelUnavailable(f"cannot be read: {error!r}", where=str(folder)) from error
    if config.engine != engine:
        raise ModelUnavailable(
            f"made for the pipeline {config.engine!r}, not for {engine!r}",
            where=str(folder),
            hint=_HINT,
        )
    wanted = adapter_for(unet, rank=config.rank, engine=engine)
    if config != wanted or not isinstance(config.rank, int) or config.rank < 1:
        raise ModelUnavailable(
            f"has {_sizes(config)}, but the pipeline takes {_sizes(wanted)} and a rank from 1",
            where=str(folder / CONFIG),
            hint=_HINT,
        )
    adapter, lora = build_adapter(config), DecoderLora(unet, config.rank)
    try:
        adapter.load_state_dict(_under(state, "adapter/"))
        lora.changes.load_state_dict(_under(state, "lora/"))
    except RuntimeError as error:
        lora.remove()
        raise ModelUnavailable(
            f"does not fit its own sizes: {str(error).splitlines()[0]}",
            where=str(folder),
            hint=_HINT,
        ) from error
    return adapter, lora, revision


def _sizes(config: AdapterConfig) -> str:
    return (
        f"{config.channels!r} channels, {config.heads!r} heads, {config.groups!r} groups and the "
        f"rank {config.rank!r}"
    )


def _under(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): each for n, each in state.items() if n.startswith(prefix)}


def _revision(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
