"""What is kept of a reference picture when its colour changes: outline and folds, no tones.

The generator gets them beside the noise. A black garment and a white one of the same cut look the
same here but for their background's border, so nothing tells the colour that the prompt should
say: tones are divided by their neighbourhood's contrast (local contrast normalisation, Jarrett et
al. 2009).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["ABSENT", "STRUCTURE_CHANNELS", "structure", "structure_planes"]

_POOL = 2
"""Pixels of the frame a side of each value: 96×72 to 48×36."""
_FOLD = 3
"""Values a side of each place of the latents: 48×36 to 16×12."""
STRUCTURE_CHANNELS = 2 * _FOLD**2
ABSENT = -1.0
"""The outline where there is no reference; its own values are 0 to 1."""
_FAINT, _CLEAR = 6.0, 30.0
"""Differences from the background, in 255ths, at which a pixel is none or all of the product."""
_REACH = 2
_NOISE = 6.0
"""Contrast, in 255ths, that counts as none: plain cloth must not become a picture of its grain."""


def structure(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Outline and detail of pictures on a plain background.

    Args:
        frames: uint8 (N, 96, 72, 3) RGB.

    Returns:
        uint8 (N, 2, 48, 36): the outline, 0 to 255, and the detail, 128 being none.
    """
    pixels = frames.astype(np.float32)
    edge = np.concatenate([pixels[:, 0], pixels[:, -1], pixels[:, :, 0], pixels[:, :, -1]], axis=1)
    ground = np.median(edge, axis=1)[:, None, None]
    away = _pooled(np.abs(pixels - ground).max(axis=-1))
    outline = _filled(np.clip((away - _FAINT) / (_CLEAR - _FAINT), 0, 1))
    tones = _pooled(pixels @ np.array([0.299, 0.587, 0.114], np.float32))
    mean = _box(tones)
    contrast = np.sqrt(np.maximum(_box(tones**2) - mean**2, 0)) + _NOISE
    detail = np.clip((tones - mean) / contrast / 2, -1, 1)
    return np.stack([outline * 255, 128 + 127 * detail], axis=1).round().astype(np.uint8)


def structure_planes(
    held: NDArray[np.uint8], *, detail: NDArray[np.bool_], present: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """What the generator reads.

    Args:
        held: uint8 (N, 2, 48, 36), see `structure`.
        detail: (N,) folds and patterns are kept; else the outline alone, which is how another
            pattern comes in.
        present: (N,) there is a reference at all.

    Returns:
        float32 (N, 18, 16, 12).
    """
    planes = np.stack(
        [held[:, 0] / np.float32(255), (held[:, 1].astype(np.float32) - 128) / 127], axis=1
    )
    planes[~detail | ~present, 1] = 0
    planes[~present, 0] = ABSENT
    count, kinds, high, wide = planes.shape
    folded = planes.reshape(count, kinds, high // _FOLD, _FOLD, wide // _FOLD, _FOLD)
    return (
        folded.transpose(0, 1, 3, 5, 2, 4)
        .reshape(count, STRUCTURE_CHANNELS, high // _FOLD, wide // _FOLD)
        .astype(np.float32)
    )


def _pooled(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    count, high, wide = planes.shape
    return planes.reshape(count, high // _POOL, _POOL, wide // _POOL, _POOL).mean((2, 4))


def _filled(outline: NDArray[np.float32]) -> NDArray[np.float32]:
    """Holes closed: white cloth on white ground has the product on all four sides."""
    inside = outline > 0.5
    for axis in (1, 2):
        before = np.maximum.accumulate(outline > 0.5, axis=axis)
        after = np.flip(np.maximum.accumulate(np.flip(outline > 0.5, axis), axis=axis), axis)
        around = before & after
        inside = around if axis == 1 else inside & around
    return np.maximum(outline, inside)


def _box(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean over 5×5 values, the border repeated."""
    side = 2 * _REACH + 1
    high, wide = planes.shape[1:]
    padded = np.pad(planes, ((0, 0), (_REACH, _REACH), (_REACH, _REACH)), mode="edge")
    rows = np.sum([padded[:, y : y + high] for y in range(side)], axis=0)
    whole = np.sum([rows[:, :, x : x + wide] for x in range(side)], axis=0)
    return (whole / side**2).astype(np.float32)
