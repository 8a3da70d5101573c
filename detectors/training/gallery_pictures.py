"""A picture with the boxes of what it shows, and what renderings do to both: frame, light, side."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detectors.galleries import View
from engine.types import BoxPx, ImageRGB

__all__ = [
    "LabelledPicture",
    "Truth",
    "around",
    "chance_of",
    "crop_window",
    "detail_window",
    "laid_on_white",
    "mirrored",
    "relit",
    "resized",
    "whole_window",
    "window",
]

_KEPT_SHARE = 0.3
"""Of a box: one of which a window shows less is no longer asked for."""
_LEAST_WINDOW_PX = 64
_LEAST_DETAIL_PX = 40
"""Shorter side of a thing that has a detail."""
_DETAIL_TRIES = 12
_DETAIL_COVER = 0.5
_MOST_CUT, _LEAST_MARGIN, _MOST_MARGIN = 0.08, 0.05, 0.45


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One visible part of a thing: its label in the data set, its class, where it is."""

    label: str
    place: int
    box_xyxy_px: BoxPx


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledPicture:
    """A rendered picture: uint8 (H, W, 3) and its truths."""

    rgb: ImageRGB
    truths: tuple[Truth, ...]


def chance_of(view: View, seed: int) -> np.random.Generator:
    """The generator of one view: the same view is rendered the same everywhere."""
    text = f"{seed}|{view.photo}|{view.label}|{view.kind.value}|{view.variant}"
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return np.random.default_rng(int.from_bytes(digest, "little"))


def around(parts: Sequence[Truth]) -> BoxPx:
    """The box around all of them."""
    boxes = np.array([each.box_xyxy_px for each in parts])
    x0, y0 = boxes[:, :2].min(axis=0)
    x1, y1 = boxes[:, 2:].max(axis=0)
    return (float(x0), float(y0), float(x1), float(y1))


def whole_window(picture: LabelledPicture, rng: np.random.Generator) -> BoxPx:
    """Nearly the whole picture: some hundredths are cut off each side."""
    high, wide = picture.rgb.shape[:2]
    cut = rng.uniform(0, _MOST_CUT, size=4)
    return (cut[0] * wide, cut[1] * high, (1 - cut[2]) * wide, (1 - cut[3]) * high)


def crop_window(picture: LabelledPicture, box: BoxPx, rng: np.random.Generator) -> BoxPx:
    """Around a box, with a margin of its own on each side in which its neighbours show."""
    high, wide = picture.rgb.shape[:2]
    x0, y0, x1, y1 = box
    side = max(x1 - x0, y1 - y0, _LEAST_WINDOW_PX)
    out = rng.uniform(_LEAST_MARGIN, _MOST_MARGIN, size=4) * side
    spare_x = max(0.0, _LEAST_WINDOW_PX - (x1 - x0)) / 2
    spare_y = max(0.0, _LEAST_WINDOW_PX - (y1 - y0)) / 2
    return (
        max(0.0, x0 - out[0] - spare_x),
        max(0.0, y0 - out[1] - spare_y),
        min(float(wide), x1 + out[2] + spare_x),
        min(float(high), y1 + out[3] + spare_y),
    )


def detail_window(mask: NDArray[np.bool_], box: BoxPx, rng: np.random.Generator) -> BoxPx | None:
    """Inside a box, where the thing fills most of the frame, of some that are tried.

    Args:
        mask: (H, W), where the thing is.
        box: Around it.
        rng: Decides everything.

    Returns:
        Whole pixels; ``None`` for a thing that is too small or too thin.
    """
    x0, y0, x1, y1 = box
    if min(x1 - x0, y1 - y0) < _LEAST_DETAIL_PX:
        return None
    best, found = _DETAIL_COVER, None
    for _ in range(_DETAIL_TRIES):
        wide, high = rng.uniform(0.4, 0.7) * (x1 - x0), rng.uniform(0.4, 0.7) * (y1 - y0)
        left, top = rng.uniform(x0, x1 - wide), rng.uniform(y0, y1 - high)
        a0, b0, a1, b1 = round(left), round(top), round(left + wide), round(top + high)
        cover = float(mask[b0:b1, a0:a1].mean())
        if cover > best:
            best, found = cover, (float(a0), float(b0), float(a1), float(b1))
    return found


def window(picture: LabelledPicture, box: BoxPx) -> LabelledPicture:
    """The part of a picture inside a box, with what can still be seen of the truths."""
    x0, y0, x1, y1 = (round(each) for each in box)
    kept: list[Truth] = []
    for truth in picture.truths:
        a0, b0, a1, b1 = truth.box_xyxy_px
        c0, d0, c1, d1 = max(a0, x0), max(b0, y0), min(a1, x1), min(b1, y1)
        if c1 <= c0 or d1 <= d0:
            continue
        if (c1 - c0) * (d1 - d0) >= _KEPT_SHARE * (a1 - a0) * (b1 - b0):
            kept.append(_moved(truth, (c0 - x0, d0 - y0, c1 - x0, d1 - y0)))
    return LabelledPicture(rgb=picture.rgb[y0:y1, x0:x1], truths=tuple(kept))


def mirrored(picture: LabelledPicture) -> LabelledPicture:
    """Left and right exchanged."""
    wide = picture.rgb.shape[1]
    return LabelledPicture(
        rgb=np.ascontiguousarray(picture.rgb[:, ::-1]),
        truths=tuple(
            _moved(truth, (wide - x1, y0, wide - x0, y1))
            for truth in picture.truths
            for x0, y0, x1, y1 in [truth.box_xyxy_px]
        ),
    )


def relit(picture: LabelledPicture, rng: np.random.Generator) -> LabelledPicture:
    """In other light: brighter or darker, warmer or colder, harder or softer."""
    level = picture.rgb.astype(np.float32) / 255
    lit = level ** np.float32(rng.uniform(0.75, 1.3))
    lit *= rng.uniform(0.93, 1.07, size=3).astype(np.float32) * np.float32(rng.uniform(0.88, 1.1))
    rgb = np.clip(lit * 255, 0, 255).astype(np.uint8)
    return LabelledPicture(rgb=rgb, truths=picture.truths)


def resized(picture: LabelledPicture, *, longer_px: int) -> LabelledPicture:
    """Scaled so that the longer side has that many pixels."""
    high, wide = picture.rgb.shape[:2]
    scale = longer_px / max(high, wide)
    size = (max(1, round(wide * scale)), max(1, round(high * scale)))
    method = Image.Resampling.BICUBIC if scale > 1 else Image.Resampling.LANCZOS
    rgb = np.asarray(Image.fromarray(picture.rgb).resize(size, method))
    across, down = size[0] / wide, size[1] / high
    return LabelledPicture(
        rgb=rgb,
        truths=tuple(
            _moved(truth, (x0 * across, y0 * down, x1 * across, y1 * down))
            for truth in picture.truths
            for x0, y0, x1, y1 in [truth.box_xyxy_px]
        ),
    )


def laid_on_white(
    picture: LabelledPicture, alpha: NDArray[np.float32], rng: np.random.Generator
) -> LabelledPicture:
    """A packshot: what `alpha` (H, W) shows, on white of 3:4, near the middle, at a random size."""
    high, wide = alpha.shape
    white = np.float32(rng.uniform(240, 255))
    share = rng.uniform(0.6, 0.9)
    tall = max(high / share, wide / share * 4 / 3)
    canvas = np.full((round(tall), max(round(tall * 3 / 4), wide), 3), white, np.float32)
    spare_down, spare_across = canvas.shape[0] - high, canvas.shape[1] - wide
    top = int(np.clip(rng.normal(0.5, 0.08), 0, 1) * spare_down)
    left = int(np.clip(rng.normal(0.5, 0.08), 0, 1) * spare_across)
    part = canvas[top : top + high, left : left + wide]
    part += alpha[..., None] * (picture.rgb - part)
    return LabelledPicture(
        rgb=np.clip(canvas, 0, 255).astype(np.uint8),
        truths=tuple(
            _moved(truth, (x0 + left, y0 + top, x1 + left, y1 + top))
            for truth in picture.truths
            for x0, y0, x1, y1 in [truth.box_xyxy_px]
        ),
    )


def _moved(truth: Truth, box: tuple[float, float, float, float]) -> Truth:
    x0, y0, x1, y1 = map(float, box)
    return Truth(label=truth.label, place=truth.place, box_xyxy_px=(x0, y0, x1, y1))
