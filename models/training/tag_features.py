"""What the tagger reads of a picture: the frozen image tower's vector and its middle map, cached.

The tower is the one that is served, so a tagger over the vector alone needs no picture that the
catalogue has embedded before, and one that reads the map needs no second forward pass. The map is
the output at stride 16, 5×4 places of 112 channels for a frame of 80×64: the last one has 3×2
places, too few for an attention to choose among. What the last one knows is in the vector.
"""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.lib.format import open_memmap
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn

from models.compact import read_config
from models.onnx_session import open_session
from models.preprocess import letterbox
from models.training.network import ImageTower, TowerConfig
from models.training.views import augment, decode

__all__ = ["TagFeatures", "TowerFeatures", "cache_features"]

_log = logging.getLogger(__name__)
_CHUNK = 64
_PARTS = ("vectors", "maps")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TagFeatures:
    """Features of N pictures, memory-mapped.

    Attributes:
        vectors: float32 (N, D), unit length: what the encoder gives.
        maps: float16 (N, P, C), places row by row.
    """

    vectors: NDArray[np.float32]
    maps: NDArray[np.float16]


class _WithMap(nn.Module):
    def __init__(self, tower: ImageTower):
        super().__init__()
        self.tower = tower

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        features, thumbnail = self.tower.stem(pictures)
        middle = self.tower.middle(features)
        return self.tower.head(self.tower.trunk(features), thumbnail), middle.flatten(2).transpose(
            1, 2
        )


class TowerFeatures:
    """The image tower of a served folder with its middle map as a second output.

    Args:
        encoder: Served folder, see `models.training.export`.
        work: Gets the exported network.
    """

    def __init__(self, encoder: Path, work: Path):
        config = read_config(encoder)
        self.revision = config.revision
        self.size_hw = (config.height_px, config.width_px)
        tower = ImageTower(
            TowerConfig(dims=config.dims, height_px=config.height_px, width_px=config.width_px)
        )
        state = load_file(encoder / "compact.safetensors")
        tower.load_state_dict(
            {
                name.removeprefix("image."): each.float()
                for name, each in state.items()
                if name.startswith("image.")
            }
        )
        work.mkdir(parents=True, exist_ok=True)
        path = work / "tower.onnx"
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                _WithMap(tower).eval(),
                (torch.zeros(2, *self.size_hw, 3, dtype=torch.uint8),),
                str(path),
                dynamo=False,
                opset_version=17,
                input_names=["pictures"],
                output_names=list(_PARTS),
                dynamic_axes={name: {0: "n"} for name in ("pictures", *_PARTS)},
            )
        self._session = open_session(path, threads=torch.get_num_threads())

    def __call__(self, frames: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """uint8 (B, H, W, 3) to vectors (B, D) and maps (B, P, C)."""
        return [np.asarray(part) for part in self._session.run(None, {"pictures": frames})]


def cache_features(
    folder: Path,
    name: str,
    pictures: Sequence[bytes],
    tower: TowerFeatures,
    *,
    view: int = 0,
    seed: int = 7,
) -> TagFeatures:
    """Compute (or open, when complete) the features of one view of some pictures.

    Args:
        folder: Where the arrays lie.
        name: Of the source; with the tower's revision, the count and the view it names the files.
        pictures: Encoded, one a row.
        tower: Makes the features.
        view: 0 is the untouched picture, 1 its mirror image; others are augmented from their own
            seed, the odd ones mirrored.
        seed: Of the views.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{name}-{len(pictures)}-{tower.revision}-{view}"
    paths = [folder / f"{stem}-{part}.npy" for part in _PARTS]
    done = folder / f"{stem}.done"
    if not done.exists():
        began = time.monotonic()
        arrays: list[np.memmap] = []
        for start in range(0, len(pictures), _CHUNK):
            rows = range(start, min(len(pictures), start + _CHUNK))
            frames = [_frame(pictures[row], row, view, seed, tower.size_hw) for row in rows]
            outputs = tower(np.stack(frames))
            if not arrays:
                arrays = [
                    open_memmap(path, "w+", kind, (len(pictures), *output.shape[1:]))
                    for path, kind, output in zip(
                        paths, (np.float32, np.float16), outputs, strict=True
                    )
                ]
            for array, output in zip(arrays, outputs, strict=True):
                array[rows.start : rows.stop] = output
        for array in arrays:
            array.flush()
        done.touch()
        _log.info("features of %s: %.0f s", stem, time.monotonic() - began)
    vectors, maps = (np.load(path, mmap_mode="r") for path in paths)
    return TagFeatures(vectors=vectors, maps=maps)


def _frame(
    data: bytes, row: int, view: int, seed: int, size_hw: tuple[int, int]
) -> NDArray[np.uint8]:
    image, (high, wide) = decode(data), size_hw
    if view > 1:
        rng = np.random.default_rng((seed, view, row))
        frame = augment(image, rng, height_px=high, width_px=wide)
    else:
        frame = letterbox(image, height_px=high, width_px=wide)
    return frame[:, ::-1] if view % 2 else frame
