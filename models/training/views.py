"""Augmented views of pictures and the cache of their frozen early features.

The stem of the image tower is frozen, so its output is computed once for a fixed table of views and
read from disk afterwards: a training step then costs only the later layers.
"""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.preprocess import border_colour, letterbox

__all__ = ["FeatureCache", "Stem", "augment", "decode", "fill_cache"]

_log = logging.getLogger(__name__)
_PAD_FRAC = 0.2
_CHUNK = 128


class Stem(Protocol):
    """Early features: uint8 (B, H, W, 3) to float (B, C, h, w) and a thumbnail (B, h', w', 3)."""

    def __call__(
        self, pictures: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Features and thumbnail of a batch."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeatureCache:
    """Memory-mapped early features of one view of a list of pictures.

    Attributes:
        features: float16 (N, C, h, w).
        thumbnails: uint8 (N, h', w', 3).
    """

    features: NDArray[np.float16]
    thumbnails: NDArray[np.uint8]


def decode(data: bytes) -> NDArray[np.uint8]:
    """Encoded bytes of our own data sets to uint8 (H, W, 3)."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def augment(
    image: NDArray[np.uint8], rng: np.random.Generator, *, height_px: int, width_px: int
) -> NDArray[np.uint8]:
    """A random view: shift, scale, slight brightness and contrast. Hue stays as it is.

    Flips are left to training, which mirrors the cached features.
    """
    high, wide = image.shape[:2]
    pad = round(_PAD_FRAC * max(high, wide))
    frame = np.empty((high + 2 * pad, wide + 2 * pad, 3), np.uint8)
    frame[:] = border_colour(image)
    frame[pad : pad + high, pad : pad + wide] = image
    zoom = rng.uniform(0.82, 1.15)
    centre_y = pad + high / 2 + rng.uniform(-0.06, 0.06) * high
    centre_x = pad + wide / 2 + rng.uniform(-0.06, 0.06) * wide
    half_y, half_x = high * zoom / 2, wide * zoom / 2
    box = (
        max(0.0, centre_x - half_x),
        max(0.0, centre_y - half_y),
        min(float(frame.shape[1]), centre_x + half_x),
        min(float(frame.shape[0]), centre_y + half_y),
    )
    scale = min(height_px / (box[3] - box[1]), width_px / (box[2] - box[0]))
    size = (
        max(1, round((box[2] - box[0]) * scale)),
        max(1, round((box[3] - box[1]) * scale)),
    )
    view = Image.fromarray(frame).resize(size, Image.Resampling.BICUBIC, box=box)
    pixels = np.asarray(view).astype(np.float32)
    pixels = (pixels - 255) * rng.uniform(0.92, 1.08) + 255 * rng.uniform(0.94, 1.0)
    return letterbox(
        np.clip(pixels, 0, 255).astype(np.uint8), height_px=height_px, width_px=width_px
    )


def _prepare(
    data: bytes, row: int, view: int, seed: int, height_px: int, width_px: int
) -> NDArray[np.uint8]:
    image = decode(data)
    if view == 0:
        return letterbox(image, height_px=height_px, width_px=width_px)
    rng = np.random.default_rng((seed, view, row))
    return augment(image, rng, height_px=height_px, width_px=width_px)


def _chunks(count: int) -> Iterator[range]:
    for start in range(0, count, _CHUNK):
        yield range(start, min(count, start + _CHUNK))


def fill_cache(
    folder: Path,
    name: str,
    pictures: Sequence[bytes],
    stem: Stem,
    *,
    view: int,
    seed: int,
    height_px: int,
    width_px: int,
) -> FeatureCache:
    """Compute (or open, when complete) the early features of one view of some pictures.

    Args:
        folder: Where the arrays lie.
        name: File name stem, such as ``kagl``.
        pictures: Encoded pictures, one a row.
        stem: The frozen early layers.
        view: 0 is the untouched picture, others are augmented from their own seed.
        seed: Makes the views.
        height_px: Frame.
        width_px: Frame.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}-{view}-{part}.npy" for part in ("features", "thumbnails")]
    done = folder / f"{name}-{view}.done"
    if not done.exists():
        started = time.monotonic()
        arrays: list[np.memmap] = []
        with ThreadPoolExecutor(1) as pool:
            jobs = (
                pool.submit(
                    lambda rows: np.stack(
                        [
                            _prepare(pictures[row], row, view, seed, height_px, width_px)
                            for row in rows
                        ]
                    ),
                    rows,
                )
                for rows in _chunks(len(pictures))
            )
            upcoming = next(jobs)
            for rows in _chunks(len(pictures)):
                frames, upcoming = upcoming.result(), next(jobs, upcoming)
                outputs = stem(frames)
                if not arrays:
                    for path, output, kind in zip(
                        paths, outputs, (np.float16, np.uint8), strict=True
                    ):
                        shape = (len(pictures), *output.shape[1:])
                        arrays.append(np.lib.format.open_memmap(path, "w+", kind, shape))
                arrays[0][rows.start : rows.stop] = outputs[0]
                arrays[1][rows.start : rows.stop] = np.rint(outputs[1])
        for array in arrays:
            array.flush()
        done.touch()
        _log.info(
            "cached view=%d name=%s rows=%d seconds=%.0f",
            view,
            name,
            len(pictures),
            time.monotonic() - started,
        )
    return FeatureCache(
        features=np.load(paths[0], mmap_mode="r"), thumbnails=np.load(paths[1], mmap_mode="r")
    )
