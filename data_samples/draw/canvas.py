"""Rasters: where body units meet pixels, soft masks, layers and their composition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from data_samples.draw.curves import Curve
from data_samples.draw.noise import Field

_SUPERSAMPLING = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Places body units on a picture: `x_px = x * scale + dx_px`."""

    scale: float
    dx_px: float
    dy_px: float

    def placed(self, x: float, y: float, scale: float) -> Frame:
        """The frame of an object whose origin lies at (x, y), drawn `scale` times as large."""
        return Frame(
            scale=self.scale * scale,
            dx_px=self.dx_px + x * self.scale,
            dy_px=self.dy_px + y * self.scale,
        )


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of pixels on a layer, end-exclusive."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Row and column slices."""
        return (slice(self.y0, self.y1), slice(self.x0, self.x1))


class Layer:
    """One garment on its own sheet: premultiplied colour (H, W, 3) and cover (H, W), float32."""

    def __init__(self, size_wh: tuple[int, int]) -> None:
        width, height = size_wh
        self.rgb = np.zeros((height, width, 3), dtype=np.float32)
        self.alpha = np.zeros((height, width), dtype=np.float32)

    def window(self, points_px: Curve, pad_px: float) -> Window | None:
        """The part of the sheet around the points; None where they lie outside it."""
        height, width = self.alpha.shape
        low, high = points_px.min(axis=0) - pad_px, points_px.max(axis=0) + pad_px
        x0, y0 = max(int(low[0]), 0), max(int(low[1]), 0)
        x1, y1 = min(int(high[0]) + 2, width), min(int(high[1]) + 2, height)
        return Window(x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def fill_mask(points_px: Curve, window: Window) -> Field:
    """Cover (H, W) in [0, 1] of a filled outline, anti-aliased."""
    sheet = _sheet(window)
    ImageDraw.Draw(sheet).polygon(_moved(points_px, window), fill=255)
    return _reduced(sheet)


def line_mask(pieces_px: Sequence[Curve], width_px: float, window: Window) -> Field:
    """Cover (H, W) in [0, 1] of lines; one thinner than a pixel is fainter, not thicker."""
    sheet = _sheet(window)
    pen = ImageDraw.Draw(sheet)
    drawn = max(round(width_px * _SUPERSAMPLING), 1)
    for piece in pieces_px:
        pen.line(_moved(piece, window), fill=255, width=drawn, joint="curve")
    faint = min(width_px * _SUPERSAMPLING / drawn, 1.0)
    return _reduced(sheet) * np.float32(faint)


def _sheet(window: Window) -> Image.Image:
    width, height = window.x1 - window.x0, window.y1 - window.y0
    return Image.new("L", (width * _SUPERSAMPLING, height * _SUPERSAMPLING))


def _moved(points_px: Curve, window: Window) -> list[tuple[float, float]]:
    moved = (points_px - np.array([window.x0, window.y0])) * _SUPERSAMPLING
    # Far points of a zoomed view would overflow the rasteriser; its picture ends long before.
    np.clip(moved, -30000, 30000, out=moved)
    return list(map(tuple, moved.tolist()))


def _reduced(sheet: Image.Image) -> Field:
    return np.asarray(sheet.reduce(_SUPERSAMPLING), dtype=np.float32) * np.float32(1 / 255)


def soften(mask: Field, radius_px: float) -> Field:
    """A blurred copy without banding: shrunk, smoothed and grown again in float."""
    height, width = mask.shape
    factor = max(radius_px / 2.0, 1.0)
    small = (max(round(width / factor), 2), max(round(height / factor), 2))
    picture = Image.fromarray(mask)
    shrunk = np.asarray(picture.resize(small, Image.Resampling.BOX)) if factor > 1 else mask
    smooth = _binomial(_binomial(shrunk))
    if factor <= 1:
        return smooth
    grown = Image.fromarray(smooth).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(grown)


def _binomial(values: Field) -> Field:
    padded = np.pad(values, 1, mode="edge")
    rows = padded[:-2] + 2 * padded[1:-1] + padded[2:]
    return (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) * np.float32(1 / 16)


def lay_over(background: Field, layer: Layer) -> Field:
    """The layer on an opaque background (H, W, 3)."""
    return layer.rgb + background * (1.0 - layer.alpha)[..., None]


def to_bytes(picture: Field) -> NDArray[np.uint8]:
    """8-bit sRGB of values in [0, 1]."""
    return (np.clip(picture, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
