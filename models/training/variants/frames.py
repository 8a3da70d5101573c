"""The catalogue's pictures as the generator sees them, decoded once: 96×72 pixels.

Most are 60×80 in the data and are enlarged by a fifth; for 8,921 there is a picture of 168×224,
which is made smaller. Enlarged ones are softer, which `Frames.sharp` tells: the generator is told
too, and asked for sharp ones (the size conditioning of SDXL, Podell et al. 2023, §2.2).
"""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.training.pairs import Pairs

__all__ = ["HEIGHT_PX", "WIDTH_PX", "Frames", "load_frames"]

_log = logging.getLogger(__name__)

HEIGHT_PX, WIDTH_PX = 96, 72


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frames:
    """Pictures of a catalogue's rows.

    Attributes:
        pixels: uint8 (N, 96, 72, 3), mapped from disk.
        sharp: (N,) whether the picture was larger than that.
    """

    pixels: NDArray[np.uint8]
    sharp: NDArray[np.bool_]

    def weights(self, rows: NDArray[np.int64], *, sharp: float) -> NDArray[np.float64]:
        """How often each row is drawn, (R,), summing to 1; sharp ones `sharp` times as often."""
        found = np.where(self.sharp[rows], sharp, 1.0)
        return found / found.sum()


def load_frames(pairs: Pairs, work: Path) -> Frames:
    """Decode the pictures, or map what an earlier run decoded.

    Args:
        pairs: The catalogue.
        work: Keeps ``frames.npy``, about 840 MB for 40,000 pictures.
    """
    count = len(pairs.ids)
    path = work / f"frames-{pairs.name}-{count}.npy"
    if not path.exists():
        work.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".partial")
        pixels = np.lib.format.open_memmap(
            fresh, mode="w+", dtype=np.uint8, shape=(count, HEIGHT_PX, WIDTH_PX, 3)
        )
        for row in range(count):
            pixels[row] = _decode(pairs.sharper.get(row) or pairs.pictures[row])
        pixels.flush()
        fresh.replace(path)
        _log.info("decoded %d pictures", count)
    sharp = np.zeros(count, np.bool_)
    sharp[list(pairs.sharper)] = True
    return Frames(pixels=np.load(path, mmap_mode="r"), sharp=sharp)


def _decode(encoded: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(encoded)) as picture:
        # Both sizes of the data are 3:4, so nothing is padded.
        whole = picture.convert("RGB").resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.LANCZOS)
    return np.asarray(whole)
