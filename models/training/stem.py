"""The frozen early layers as a fast function: ONNX Runtime on a CPU, torch on CUDA."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.onnx_session import open_session
from models.training.network import ImageTower
from models.training.views import Stem

__all__ = ["build_stem"]


class _StemOnly(nn.Module):
    def __init__(self, tower: ImageTower):
        super().__init__()
        self.tower = tower

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        return self.tower.stem(pictures)


def build_stem(tower: ImageTower, folder: Path, *, height_px: int, width_px: int) -> Stem:
    """Export the stem once and serve it with ONNX Runtime, three times as fast as torch here."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "stem.onnx"
    module = _StemOnly(tower).eval()
    example = torch.zeros(2, height_px, width_px, 3, dtype=torch.uint8)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            (example,),
            str(path),
            dynamo=False,
            opset_version=17,
            input_names=["pictures"],
            output_names=["features", "thumbnail"],
            dynamic_axes={name: {0: "n"} for name in ("pictures", "features", "thumbnail")},
        )
    session = open_session(path, threads=torch.get_num_threads())

    def run(pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        features, thumbnail = session.run(None, {"pictures": pictures})
        return np.asarray(features), np.asarray(thumbnail)

    return run
