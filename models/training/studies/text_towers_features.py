"""Frozen picture features of the text-tower study: ImageNet shapes and a Lab thumbnail, cached.

The same for every text tower, computed once: pooled deep and middle features of EfficientNet-Lite0
and a small Lab picture, because ImageNet features hardly know colours. The maps before the last
stage are kept too, so that this stage can be trained without running the layers before it.
"""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.lib.format import open_memmap
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from models.onnx_session import open_session
from models.training.network import ImageTower, TowerConfig, load_imagenet, rgb_to_lab

__all__ = [
    "DEEP",
    "HEIGHT_PX",
    "LAB",
    "MIDDLE",
    "WIDTH_PX",
    "FrozenPictures",
    "FrozenTrunk",
    "build_backbone",
    "freeze_pictures",
]

_log = logging.getLogger(__name__)
HEIGHT_PX, WIDTH_PX = 128, 96
DEEP, MIDDLE = 1280, 224
LAB_HIGH, LAB_WIDE = 16, 12
LAB = LAB_HIGH * LAB_WIDE * 3
_CHUNK = 64
_PARTS = ("pooled", "lab", "maps")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrozenPictures:
    """Features of N pictures, memory-mapped.

    Attributes:
        pooled: float16 (N, 1504), the deep features and then the middle ones.
        lab: float16 (N, 576), a Lab picture of 16 x 12, row by row.
        maps: float16 (N, 112, 8, 6), what the last stage of the trunk reads.
    """

    pooled: NDArray[np.float16]
    lab: NDArray[np.float16]
    maps: NDArray[np.float16]


class _Frozen(nn.Module):
    def __init__(self, tower: ImageTower):
        super().__init__()
        self.tower = tower

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features, thumbnail = self.tower.stem(pictures)
        maps = self.tower.middle(features)
        deep = self.tower.upper(maps).mean((2, 3))
        pooled = torch.cat([deep, maps.mean((2, 3)), maps.amax((2, 3))], dim=1)
        small = functional.avg_pool2d(thumbnail.permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1)
        return pooled, rgb_to_lab(small / 255.0).flatten(1), maps


def build_backbone() -> ImageTower:
    """The image tower with ImageNet weights, in evaluation mode; its head is not used."""
    tower = ImageTower(TowerConfig(height_px=HEIGHT_PX, width_px=WIDTH_PX))
    load_imagenet(tower)
    return tower.eval()


class FrozenTrunk:
    """The backbone as one fast function (ONNX Runtime)."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "frozen-trunk.onnx"
        example = torch.zeros(2, HEIGHT_PX, WIDTH_PX, 3, dtype=torch.uint8)
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                _Frozen(build_backbone()).eval(),
                (example,),
                str(path),
                dynamo=False,
                opset_version=17,
                input_names=["pictures"],
                output_names=list(_PARTS),
                dynamic_axes={name: {0: "n"} for name in ("pictures", *_PARTS)},
            )
        self._session = open_session(path, threads=torch.get_num_threads())

    def __call__(self, pictures: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """uint8 (B, 128, 96, 3) to pooled features, Lab pictures and maps."""
        return [np.asarray(part) for part in self._session.run(None, {"pictures": pictures})]


def freeze_pictures(
    folder: Path,
    name: str,
    count: int,
    frame: Callable[[int], NDArray[np.uint8]],
    trunk: Callable[[], FrozenTrunk],
) -> FrozenPictures:
    """Compute (or open, when complete) the features of some pictures.

    Args:
        folder: Where the arrays lie.
        name: File name stem; must name everything that decides which pictures these are.
        count: How many pictures.
        frame: Number → uint8 (128, 96, 3).
        trunk: Builds the backbone; asked only when something must be computed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}-{part}.npy" for part in _PARTS]
    done = folder / f"{name}.done"
    if not done.exists():
        run, began = trunk(), time.monotonic()
        arrays: list[np.memmap] = []
        for start in range(0, count, _CHUNK):
            rows = range(start, min(count, start + _CHUNK))
            outputs = run(np.stack([frame(row) for row in rows]))
            if not arrays:
                arrays = [
                    open_memmap(path, "w+", np.float16, (count, *output.shape[1:]))
                    for path, output in zip(paths, outputs, strict=True)
                ]
            for array, output in zip(arrays, outputs, strict=True):
                array[rows.start : rows.stop] = output
            if start % (_CHUNK * 64) == 0:
                _log.info("features of %s: %d of %d pictures", name, rows.stop, count)
        for array in arrays:
            array.flush()
        done.touch()
        _log.info("features of %s: done in %.0f s", name, time.monotonic() - began)
    pooled, lab, maps = (np.load(path, mmap_mode="r") for path in paths)
    return FrozenPictures(pooled=pooled, lab=lab, maps=maps)
