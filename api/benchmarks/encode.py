"""What encoders cost: rates, the latency of one, and multiply-accumulates, beside ViT-B-32.

All arms take turns in one process on the same pictures and words. The anchor is open_clip's
ViT-B-32 with random weights, which costs what the trained one does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from api.benchmarks.rounds import Seconds, rate_figures, ratio_figure, seconds_in_turn
from engine.errors import InvalidInput, ModelUnavailable
from engine.evaluation.figures import Figure, measured
from engine.evaluation.intervals import bootstrap, row_percentile
from engine.ports import DualEncoder
from engine.types import ImageRGB

if TYPE_CHECKING:
    from models.compact import CompactEncoder

__all__ = [
    "ANCHOR",
    "compact_arms",
    "int8_arms",
    "load_anchor",
    "macs_figures",
    "make_pictures",
    "make_texts",
    "measure_encode",
]

ANCHOR = "vit-b-32"
_SIZE_HW = (80, 60)
"""Of the catalogue's pictures, as KAGL has them."""
_INT8 = "-int8"
_SINGLES = 8
"""Single pictures and texts a round."""
_MACS_TEXT = "Brand Men Navy Blue Casual Shoes"


def measure_encode(
    encoders: Mapping[str, DualEncoder], *, anchor: str | None, count: int, rounds: int
) -> list[Figure]:
    """Rates and single latencies of both towers, and their ratios to the anchor's.

    Args:
        encoders: Arm → encoder.
        anchor: The arm that the others are compared with; ``None`` for none.
        count: Pictures and texts a round.
        rounds: How often.
    """
    pictures, texts = make_pictures(count), make_texts(count)
    figures: list[Figure] = []
    for condition in ("images", "texts"):
        seconds = seconds_in_turn(
            {
                arm: (lambda each=each: each.embed_images(pictures))
                if condition == "images"
                else (lambda each=each: each.embed_texts(texts))
                for arm, each in encoders.items()
            },
            rounds=rounds,
        )
        figures.extend(rate_figures(seconds, items=count, condition=condition))
        figures.extend(_ratios(seconds, anchor, condition))
    for condition in ("single-image", "single-text"):
        seconds = _singles(encoders, pictures, texts, condition, rounds=rounds)
        figures.extend(
            measured(
                bootstrap(taken * 1000, statistic=row_percentile(50)),
                metric="ms_p50",
                arm=arm,
                condition=condition,
                unit="ms",
            )
            for arm, taken in seconds.items()
        )
        figures.extend(_ratios(seconds, anchor, condition))
    return figures


def macs_figures(folders: Mapping[str, Path], anchor: DualEncoder | None) -> list[Figure]:
    """Millions of multiply-accumulates of one picture and of one title.

    Args:
        folders: Arm → folder of weights that `models.compact` serves from.
        anchor: The anchor's encoder, if there is one.

    Raises:
        ModelUnavailable: The package onnx is not installed.
    """
    counted = {arm: _compact_macs(folder) for arm, folder in folders.items()}
    if anchor is not None:
        counted.update(_anchor_macs(anchor))
    return [
        Figure(
            metric="multiply-adds",
            arm=arm,
            condition=condition,
            value=macs / 1e6,
            low=macs / 1e6,
            high=macs / 1e6,
            n=1,
            unit="M",
        )
        for arm, both in counted.items()
        for condition, macs in zip(("images", "texts"), both, strict=True)
    ]


def load_anchor() -> DualEncoder | None:
    """ViT-B-32 of open_clip with random weights; ``None`` where torch is not installed."""
    from models.hub.open_clip import random_open_clip

    try:
        return random_open_clip("ViT-B-32")
    except ModelUnavailable:
        return None


def compact_arms(name: str, teacher: Path | None) -> dict[str, Path]:
    """The arms that are compact encoders: arm → folder of weights.

    Args:
        name: Of the encoder that is measured.
        teacher: Folder of another, whose arm has the folder's name.

    Raises:
        InvalidInput: The teacher's folder has the name of another arm.
    """
    from models.compact import WEIGHTS

    folders: dict[str, Path] = {}
    if name == "compact":
        folders[name] = WEIGHTS
    elif name.startswith("compact:"):
        folders[name] = Path(name.removeprefix("compact:")).expanduser()
    if teacher is not None:
        arm = teacher.absolute().name
        if arm in {name, ANCHOR, f"{name}{_INT8}"}:
            raise InvalidInput(
                f"the folder is called {arm!r}, as another arm is",
                where="--teacher",
                hint="Arms are named after their folders: rename it, or give a link to it.",
            )
        folders[arm] = teacher
    return folders


def int8_arms(folders: Mapping[str, Path], scratch: Path) -> dict[str, CompactEncoder]:
    """The same encoders with their image towers in int8; none without the package onnx.

    Taken is the quantised file of the folder if it was made from its weights, else one made for
    this run in `scratch`, which has to stay as long as the encoders: they open it more than once.
    """
    found: dict[str, CompactEncoder] = {}
    for arm, folder in folders.items():
        encoder = _load_int8(folder, scratch / arm.replace("/", "-"))
        if encoder is not None:
            found[f"{arm}{_INT8}"] = encoder
    return found


def _load_int8(folder: Path, scratch: Path) -> CompactEncoder | None:
    from models.compact import INT8_FILE, CompactEncoder

    try:
        return CompactEncoder(folder, precision="int8")
    except ModelUnavailable:
        pass
    try:
        from models.training.quantise import quantise_images, sample_pictures

        scratch.mkdir()
        file = quantise_images(folder, sample_pictures(), scratch / INT8_FILE)
        return CompactEncoder(folder, precision="int8", int8_file=file)
    except ImportError:
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


def _singles(
    encoders: Mapping[str, DualEncoder],
    pictures: Sequence[ImageRGB],
    texts: Sequence[str],
    condition: str,
    *,
    rounds: int,
) -> dict[str, Seconds]:
    taken: dict[str, list[Seconds]] = {arm: [] for arm in encoders}
    for number in range(_SINGLES):
        picture, text = pictures[number % len(pictures)], texts[number % len(texts)]
        each_once = seconds_in_turn(
            {
                arm: (lambda each=each, picture=picture: each.embed_images([picture]))
                if condition == "single-image"
                else (lambda each=each, text=text: each.embed_texts([text]))
                for arm, each in encoders.items()
            },
            rounds=rounds,
            warm_up=number == 0,
        )
        for arm, seconds in each_once.items():
            taken[arm].append(seconds)
    return {arm: np.concatenate(each) for arm, each in taken.items()}


def _ratios(seconds: Mapping[str, Seconds], anchor: str | None, condition: str) -> list[Figure]:
    if anchor is None:
        return []
    return [
        ratio_figure(seconds, arm=arm, anchor=anchor, condition=condition)
        for arm in seconds
        if arm != anchor
    ]


def _compact_macs(folder: Path) -> tuple[int, int]:
    from tokenizers import Tokenizer

    from models.compact import read_config
    from models.onnx_macs import count_macs

    config = read_config(folder)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokens = len(tokenizer.encode(_MACS_TEXT).ids)
    return (
        count_macs(folder / "image.onnx", {"pictures": (1, config.height_px, config.width_px, 3)}),
        count_macs(folder / "text.onnx", {"tokens": (1, tokens)}),
    )


def _anchor_macs(encoder: DualEncoder) -> dict[str, tuple[int, int]]:
    from models.hub.macs import count_macs
    from models.hub.open_clip import OpenClipEncoder

    # Only open_clip's models can be counted this way; a stand-in of a test is none.
    return {ANCHOR: count_macs(encoder)} if isinstance(encoder, OpenClipEncoder) else {}
