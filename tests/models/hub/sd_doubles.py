"""A pipeline of 32 pixels, an adapter that says something, and a bank in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from engine.ids import PictureHash, ProductId
from engine.rendering import Change, Source
from engine.types import Facet, ImageRGB
from models.hub.sd_turbo.adapter import adapter_for, build_adapter, save_adapter
from models.hub.sd_turbo.architecture import TINY, random_pipeline
from models.hub.sd_turbo.checkpoint import revision_of
from models.training.variants.lora import DecoderLora
from models.variants.picture_bank import Neighbour

SHIRT = {Facet.TYPE: "shirt", Facet.COLOUR: "blue", Facet.SLEEVE: "long sleeve"}


def change(after: Mapping[Facet, str], before: Mapping[Facet, str] = SHIRT) -> Change:
    return Change(before=before, after={**before, **after})


def noise_picture(size_px: int = 32, seed: int = 0) -> ImageRGB:
    return np.random.default_rng(seed).integers(0, 256, (size_px, size_px, 3), dtype=np.uint8)


def save_loud_adapter(folder: Path, *, zero: bool = False, rank: int = 2) -> Path:
    """An adapter for the tiny pipeline whose every part says something, or nothing at all."""
    pipeline = random_pipeline(TINY)
    torch.manual_seed(5)
    config = adapter_for(pipeline.unet, rank=rank, engine=revision_of(pipeline))
    adapter, lora = build_adapter(config), DecoderLora(pipeline.unet, rank)
    if not zero:
        torch.nn.init.normal_(adapter.proj_out.weight, std=0.3)
        for each in lora.changes.values():
            torch.nn.init.normal_(each[1].weight, std=0.1)
    save_adapter(folder, config, adapter, lora)
    return folder


class MemoryBank:
    """Neighbours in their given order; counts what it makes."""

    def __init__(self, neighbours: Sequence[Neighbour]) -> None:
        self.neighbours = list(neighbours)
        self.kept: dict[str, NDArray[np.float16]] = {}
        self.asked: list[tuple[str, int, frozenset[ProductId]]] = []
        self.made = 0

    def nearest(
        self, caption: str, *, count: int, without: frozenset[ProductId]
    ) -> Sequence[Neighbour]:
        self.asked.append((caption, count, without))
        return [each for each in self.neighbours if each[0].product_id not in without][:count]

    def features(self, key: str, make: Callable[[], NDArray[np.float16]]) -> NDArray[np.float16]:
        if key not in self.kept:
            self.kept[key] = make()
            self.made += 1
        return self.kept[key]


def neighbour(name: str, words: str, seed: int) -> Neighbour:
    source = Source(
        product_id=ProductId(name),
        title=words.title(),
        picture=PictureHash(f"hash-{name}"),
        similarity=0.9,
    )
    return source, words, noise_picture(48, seed)
