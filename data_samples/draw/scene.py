"""Pictures put together from painted layers: studio, shadows, packshots and details."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from data_samples.draw.assortment import FACTS
from data_samples.draw.canvas import Frame, Layer, lay_over, soften, to_bytes
from data_samples.draw.garments.boots import Boots
from data_samples.draw.garments.heels import Heels
from data_samples.draw.garments.piece import View
from data_samples.draw.garments.sandals import Sandals
from data_samples.draw.garments.sneakers import Sneakers
from data_samples.draw.noise import Field
from data_samples.draw.painter import Painter
from data_samples.draw.spec import ProductSpec

Side = Literal["left", "right"]
_SHOES = (Sneakers, Boots, Heels, Sandals)
# The far shoe of a pair: x, y and size against the near one, in shoe units.
_FAR_SHOE = (0.22, -0.42, 0.94)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One garment on its own layer; `side` marks a shoe of a pair, `held` a bag in a hand."""

    spec: ProductSpec
    layer: Layer
    is_product: bool
    side: Side | None = None
    held: bool = False


def studio(size_wh: tuple[int, int], rng: np.random.Generator) -> Field:
    """A near-white background (H, W, 3), a little darker at the bottom."""
    width, height = size_wh
    level = rng.uniform(0.955, 0.995)
    tint = 1.0 + rng.uniform(-0.008, 0.008, 3)
    fall = np.linspace(0.0, rng.uniform(0.0, 0.03), height, dtype=np.float32)
    row = np.float32(level) - fall
    sheet = np.repeat(row[:, None], width, axis=1)[..., None] * tint.astype(np.float32)
    return np.minimum(sheet, 1.0).astype(np.float32)


def cast_shadow(
    background: Field, alpha: Field, radius_px: float, offset_px: tuple[int, int], depth: float
) -> Field:
    """The background under a soft shadow of the cover."""
    blurred = soften(alpha, radius_px)
    dx, dy = offset_px
    moved = np.zeros_like(blurred)
    height, width = blurred.shape
    moved[max(dy, 0) :, max(dx, 0) :] = blurred[: height - max(dy, 0), : width - max(dx, 0)]
    return background * (1.0 - depth * moved)[..., None]


def compose(background: Field, pieces: list[Piece], *, shadow: float = 0.16) -> NDArray[np.uint8]:
    """The picture (H, W, 3): each piece over its own shadow, in the order given."""
    picture = background
    height = background.shape[0]
    for piece in pieces:
        offset = (max(round(0.008 * height), 1), max(round(0.014 * height), 1))
        picture = cast_shadow(picture, piece.layer.alpha, 0.022 * height, offset, shadow)
        picture = lay_over(picture, piece.layer)
    return to_bytes(picture)


def fit_frame(
    bounds: tuple[float, float, float, float],
    size_wh: tuple[int, int],
    fill: float,
    shift: tuple[float, float],
) -> Frame:
    """The frame that shows the bounds centred, filling `fill` of the picture; shift in pictures."""
    x0, y0, x1, y1 = bounds
    width, height = size_wh
    scale = min(width * fill / (x1 - x0), height * fill / (y1 - y0))
    return Frame(
        scale=scale,
        dx_px=width * (0.5 + shift[0]) - scale * (x0 + x1) / 2,
        dy_px=height * (0.5 + shift[1]) - scale * (y0 + y1) / 2,
    )


def paint_product(p: Painter, spec: ProductSpec, view: View) -> None:
    """The product in its own coordinates; a shoe is the near one of its pair."""
    shape, fabric = spec.shape(), spec.fabric()
    if isinstance(shape, _SHOES):
        shape.draw_side(p, fabric)
    else:
        shape.draw(p, fabric, view)


def measure(spec: ProductSpec, view: View) -> tuple[float, float, float, float]:
    """The product's extent in its own coordinates."""
    p = Painter(None, Frame(scale=1.0, dx_px=0.0, dy_px=0.0), 0)
    paint_product(p, spec, view)
    return p.bounds


def packshot_pieces(
    spec: ProductSpec, size_wh: tuple[int, int], rng: np.random.Generator, view: View = "packshot"
) -> list[Piece]:
    """The product alone; shoes mostly as a pair."""
    seed = int(rng.integers(1 << 31))
    fill = float(rng.uniform(0.80, 0.90))
    shift = (float(rng.uniform(-0.015, 0.015)), float(rng.uniform(-0.012, 0.012)))
    x0, y0, x1, y1 = measure(spec, view)
    if FACTS[spec.product_type].region != "feet" or rng.random() < 0.35:
        frame = fit_frame((x0, y0, x1, y1), size_wh, fill, shift)
        return [_painted(spec, size_wh, frame, seed, view, None)]
    dx, dy, size = _FAR_SHOE
    frame = fit_frame(
        (x0, min(y0, y0 * size + dy), max(x1, x1 * size + dx), y1), size_wh, fill, shift
    )
    return [
        _painted(spec, size_wh, frame.placed(dx, dy, size), seed + 1, view, "left"),
        _painted(spec, size_wh, frame, seed, view, "right"),
    ]


def _painted(
    spec: ProductSpec,
    size_wh: tuple[int, int],
    frame: Frame,
    seed: int,
    view: View,
    side: Side | None,
) -> Piece:
    layer = Layer(size_wh)
    paint_product(Painter(layer, frame, seed), spec, view)
    return Piece(spec=spec, layer=layer, is_product=True, side=side)


def detail_pieces(
    spec: ProductSpec, size_wh: tuple[int, int], rng: np.random.Generator
) -> list[Piece]:
    """The product seen from so near that only its focus is in the picture."""
    shape = spec.shape()
    x, y, half = shape.focus
    half *= float(rng.uniform(0.85, 1.1))
    width, height = size_wh
    scale = width / (2 * half)
    frame = Frame(scale=scale, dx_px=width / 2 - scale * x, dy_px=height / 2 - scale * y)
    return [_painted(spec, size_wh, frame, int(rng.integers(1 << 31)), "packshot", None)]
