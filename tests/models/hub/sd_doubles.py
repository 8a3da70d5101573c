"""A pipeline of 32 pixels, an adapter that says something, and a bank in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine.ids import PictureHash, ProductId
from engine.rendering import Change, Source
from engine.types import Facet, ImageRGB
from models.hub.hspace.lora import DecoderLora
from models.hub.sd_turbo.adapter import adapter_for, build_adapter, save_adapter
from models.hub.sd_turbo.architecture import TINY, random_pipeline
from models.hub.sd_turbo.checkpoint import revision_of
from models.variants.catalogue_bank import Neighbour

RANK = 2
SHIRT = {Facet.TYPE: "shirt", Facet.COLOUR: "blue", Facet.SLEEVE: "long sleeve"}


def change(after: Mapping[Facet, str], before: Mapping[Facet, str] = SHIRT) -> Change:
    return Change(before=before, after={**before, **after})


def noise_picture(size_px: int = 32, seed: int = 0) -> ImageRGB:
    return np.random.default_rng(seed).integers(0, 256, (size_px, size_px, 3), dtype=np.uint8)


def save_loud_adapter(folder: Path, *, block: bool = True, decoder: bool = True) -> Path:
    """An adapter for the tiny pipeline whose parts say something, or nothing at all."""
    pipeline = random_pipeline(TINY)
    torch.manual_seed(5)
    config = adapter_for(pipeline.unet, rank=RANK, engine=revision_of(pipeline))
    adapter, lora = build_adapter(config), DecoderLora(pipeline.unet, RANK)
    if block:
        torch.nn.init.normal_(adapter.proj_out.weight, std=0.3)
    if decoder:
        for each in lora.changes.values():
            torch.nn.init.normal_(each.get_submodule("1").get_parameter("weight"), std=0.1)
    save_adapter(folder, config, adapter, lora)
    return folder


class Filled:
    """A network that says how much of every box is garment."""

    metadata: Mapping[str, str] = {}

    def __init__(self, share: float = 1.0) -> None:
        self._share = share

    def run(
        self, count: int, inputs: Callable[[int, int], dict[str, Any]]
    ) -> Iterator[NDArray[np.float32]]:
        frames = inputs(0, count)["frames"]
        yield (frames[..., 3] > 0).astype(np.float32) * np.float32(self._share)


class Shelf:
    """A bank of products in fixed order."""

    def __init__(self, *words: tuple[str, str]) -> None:
        self.asked: list[tuple[Mapping[Facet, str], int]] = []
        self.held = [
            Neighbour(
                source=Source(
                    product_id=ProductId(kind),
                    title=f"{colour} {kind}",
                    picture=PictureHash(f"{place:064x}"),
                    similarity=0.9 - place / 10,
                ),
                attributes={Facet.COLOUR: colour, Facet.TYPE: kind},
                picture=noise_picture(48, place + 1),
            )
            for place, (colour, kind) in enumerate(words)
        ]

    def nearest(
        self, prompt: Mapping[Facet, str], *, count: int, without: Collection[ProductId] = ()
    ) -> list[Neighbour]:
        self.asked.append((prompt, count))
        return [each for each in self.held if each.source.product_id not in without][:count]
