"""Pictures and texts a second through the towers, beside ViT-B-32 with random weights."""

from __future__ import annotations

import numpy as np

from api.benchmarks.rounds import rate_figures, ratio_figure, seconds_in_turn
from engine.errors import ModelUnavailable
from engine.evaluation.figures import Figure
from engine.ports import DualEncoder
from engine.types import ImageRGB

__all__ = ["ANCHOR", "load_anchor", "make_pictures", "make_texts", "measure_encode"]

ANCHOR = "vit-b-32"
_SIZE_HW = (80, 60)
"""Of the catalogue's pictures, as KAGL has them."""


def measure_encode(
    encoder: DualEncoder, name: str, anchor: DualEncoder | None, *, count: int, rounds: int
) -> list[Figure]:
    """Rates of both towers, and their ratio to the anchor's.

    Args:
        encoder: What is measured.
        name: Its name.
        anchor: Measured in the same rounds; ``None`` where there is none.
        count: Pictures and texts a round.
        rounds: How often.
    """
    pictures, texts = make_pictures(count), make_texts(count)
    towers = {name: encoder} | ({ANCHOR: anchor} if anchor is not None else {})
    figures: list[Figure] = []
    for condition in ("images", "texts"):
        work = {
            arm: (lambda each=each: each.embed_images(pictures))
            if condition == "images"
            else (lambda each=each: each.embed_texts(texts))
            for arm, each in towers.items()
        }
        seconds = seconds_in_turn(work, rounds=rounds)
        figures.extend(rate_figures(seconds, items=count, condition=condition))
        if anchor is not None:
            figures.append(ratio_figure(seconds, arm=name, anchor=ANCHOR, condition=condition))
    return figures


def load_anchor() -> DualEncoder | None:
    """ViT-B-32 of open_clip with random weights; ``None`` where torch is not installed."""
    from models.hub.open_clip import random_open_clip

    try:
        return random_open_clip("ViT-B-32")
    except ModelUnavailable:
        return None


def make_pictures(count: int) -> list[ImageRGB]:
    """Patches of cloth on white, all different."""
    generator = np.random.default_rng(0)
    high, wide = _SIZE_HW
    pictures: list[ImageRGB] = []
    for _ in range(count):
        image = np.full((high, wide, 3), 255, np.uint8)
        cloth = generator.integers(0, 200, 3) + generator.integers(0, 56, (high - 20, wide - 20, 3))
        image[10:-10, 10:-10] = cloth.astype(np.uint8)
        pictures.append(image)
    return pictures


def make_texts(count: int) -> list[str]:
    """Titles such as catalogues have, all different."""
    people, colours = ("Men", "Women", "Boys", "Girls"), ("Red", "Navy Blue", "Black", "Olive")
    kinds = ("Casual Shoes", "Cotton T-shirt", "Printed Dress", "Leather Handbag", "Slim Jeans")
    return [
        f"Brand {number} {people[number % 4]} {colours[number // 4 % 4]} {kinds[number % 5]}"
        for number in range(count)
    ]
