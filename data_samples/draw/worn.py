"""The product worn with other garments on a mannequin, each garment on its own layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from data_samples.draw.assortment import FACTS, Region, Shoe, TypeName
from data_samples.draw.body import Body, body_for
from data_samples.draw.canvas import Frame, Layer
from data_samples.draw.garments.backpacks import Backpack
from data_samples.draw.garments.boots import Boots
from data_samples.draw.garments.caps import Cap
from data_samples.draw.garments.handbags import Handbag
from data_samples.draw.garments.heels import Heels
from data_samples.draw.garments.leggings import Leggings
from data_samples.draw.garments.piece import View
from data_samples.draw.garments.sandals import Sandals
from data_samples.draw.garments.sneakers import Sneakers
from data_samples.draw.mannequin import TONES, draw_hand, draw_mannequin, hand_place
from data_samples.draw.painter import Painter
from data_samples.draw.palette import Rgb
from data_samples.draw.scene import Piece, Side, measure
from data_samples.draw.spec import ProductSpec, sample_companion

# What of the figure a picture shows, body units: top and bottom.
_CROPS: dict[Region, tuple[tuple[float, float], ...]] = {
    "upper": ((-1.75, 7.0), (-1.6, 4.6), (-1.1, 4.0)),
    "outer": ((-1.75, 7.0), (-1.5, 5.6)),
    "full": ((-1.75, 7.0),),
    "lower": ((-1.75, 7.0), (0.6, 7.0)),
    "feet": ((-1.75, 7.0), (2.4, 7.0)),
    "hand": ((-1.75, 7.0), (-1.3, 4.9)),
    "back": ((-1.75, 7.0), (-1.6, 4.6)),
    "head": ((-1.95, 4.4), (-1.9, 2.6)),
}
# Half width of what open lapels can show, body units.
_LAPEL_HALF = 0.45
# What may be worn on the upper body beside a product; wide sleeves would burst out of a jacket.
_INNER: dict[Region, tuple[TypeName, ...]] = {
    "outer": ("t-shirt",), "lower": ("t-shirt", "shirt", "sweater", "hoodie"),
    "feet": ("t-shirt", "sweater"), "hand": ("t-shirt", "shirt", "sweater"),
    "back": ("t-shirt", "hoodie"), "head": ("t-shirt", "hoodie"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A mannequin's layers: the whole figure, and the hand that closes over a held bag."""

    body: Layer
    hand: Layer | None


def worn_pieces(
    product: ProductSpec, size_wh: tuple[int, int], rng: np.random.Generator
) -> tuple[Figure, list[Piece]]:
    """The figure and everything that it wears, from the innermost layer outwards."""
    body = body_for(product.cut)
    region = FACTS[product.product_type].region
    crops = _CROPS[region]
    frame = _frame(crops[int(rng.integers(len(crops)))], size_wh, rng)
    seed = int(rng.integers(1 << 31))
    view: View = "back" if region == "back" else "worn"
    tone = TONES[int(rng.integers(len(TONES)))]
    pieces: list[Piece] = []
    for spec in _in_order(_outfit(product, region, rng), product):
        layers = _dressed(spec, body, frame, size_wh, seed + len(pieces), view)
        for layer, side in layers:
            pieces.append(
                Piece(
                    spec=spec,
                    layer=layer,
                    is_product=spec is product,
                    side=side,
                    held=FACTS[spec.product_type].region == "hand",
                )
            )
    _tuck_under_outer(pieces, frame)
    figure = Layer(size_wh)
    draw_mannequin(Painter(figure, frame, seed), body, tone)
    held = any(piece.held for piece in pieces)
    return Figure(
        body=figure, hand=_hand(body, frame, size_wh, tone, seed) if held else None
    ), pieces


def _tuck_under_outer(pieces: list[Piece], frame: Frame) -> None:
    """Takes away what would stick out of a jacket; the top below shows between the lapels only."""
    for jacket in (piece for piece in pieces if FACTS[piece.spec.product_type].region == "outer"):
        body = jacket.layer.alpha > 0.5
        between = np.maximum.accumulate(body, axis=1)
        between &= np.maximum.accumulate(body[:, ::-1], axis=1)[:, ::-1]
        columns = np.abs(np.arange(body.shape[1]) - frame.dx_px) < _LAPEL_HALF * frame.scale
        keep = (body | (between & columns)).astype(np.float32)
        for piece in pieces:
            if FACTS[piece.spec.product_type].region == "upper":
                piece.layer.alpha *= keep
                piece.layer.rgb *= keep[..., None]


def _frame(crop: tuple[float, float], size_wh: tuple[int, int], rng: np.random.Generator) -> Frame:
    top, bottom = crop
    width, height = size_wh
    scale = height * rng.uniform(0.95, 1.0) / (bottom - top)
    middle = (top + bottom) / 2
    return Frame(
        scale=float(scale),
        dx_px=width * (0.5 + float(rng.uniform(-0.02, 0.02))),
        dy_px=float(height / 2 - scale * middle),
    )


def _outfit(product: ProductSpec, region: Region, rng: np.random.Generator) -> list[ProductSpec]:
    """The product and what goes with it."""
    gender: Literal["women", "men"] = product.cut
    women = gender == "women"

    def other(*types: TypeName) -> ProductSpec:
        return sample_companion(types[int(rng.integers(len(types)))], gender, product.colour, rng)

    lower: tuple[TypeName, ...] = ("jeans", "trousers", "skirt") if women else ("jeans", "trousers")
    shoes: tuple[TypeName, ...] = ("sneakers", "boots", "heels") if women else ("sneakers", "boots")
    worn = [product]
    if region in _INNER:
        worn.append(other(*_INNER[region]))
    if region in ("upper", "outer", "hand", "back", "head"):
        worn.append(other(*lower))
    if region == "feet":
        worn.append(
            other("skirt", "leggings")
            if women and product.product_type != "sneakers"
            else other("shorts", "jeans")
        )
    if region != "feet":
        worn.append(other(*shoes))
    if women and region in ("full", "upper", "outer") and rng.random() < 0.45:
        worn.append(other("handbag"))
    if region in ("upper", "lower") and rng.random() < 0.18:
        worn.append(other("cap"))
    return worn


def _in_order(outfit: list[ProductSpec], product: ProductSpec) -> list[ProductSpec]:
    """Innermost first. Boots go over narrow legs, a skirt over the top that is tucked into it."""
    types = {spec.product_type for spec in outfit}
    narrow = any(isinstance(spec.shape(), Leggings) for spec in outfit)
    tucked = "skirt" in types and product.product_type != "sweater"
    rank: dict[Region, float] = {"feet": 2.5 if narrow else 0.5, "lower": 1.0,
    "upper": 0.8 if tucked else 2.0,
                                 "full": 2.0, "outer": 3.0, "back": 4.0, "hand": 5.0,
                                 "head": 5.0}  # fmt: skip
    return sorted(outfit, key=lambda spec: rank[FACTS[spec.product_type].region])


def _dressed(
    spec: ProductSpec, body: Body, frame: Frame, size_wh: tuple[int, int], seed: int, view: View
) -> list[tuple[Layer, Side | None]]:
    shape, fabric = spec.shape(), spec.fabric()
    if isinstance(shape, (Sneakers, Boots, Heels, Sandals)):
        return _shoes(shape, spec, frame, size_wh, seed)
    layer = Layer(size_wh)
    p = Painter(layer, frame, seed)
    if isinstance(shape, Handbag):
        x0, y0, x1, _ = measure(spec, "packshot")
        size = 0.86 / (x1 - x0)
        x, y = hand_place(body, 1.0)
        with p.placed(x, y - size * y0 - 0.04, size):
            shape.draw(p, fabric, "worn")
    elif isinstance(shape, Backpack):
        with p.placed(0.0, 0.30, 0.66):
            shape.draw(p, fabric, "worn")
    elif isinstance(shape, Cap):
        with p.placed(0.0, -1.06, 0.53):
            shape.draw(p, fabric, "worn")
    else:
        shape.draw(p, fabric, view)
    return [(layer, None)]


def _shoes(
    shape: Shoe, spec: ProductSpec, frame: Frame, size_wh: tuple[int, int], seed: int
) -> list[tuple[Layer, Side | None]]:
    pair: list[tuple[Layer, Side | None]] = []
    sides: tuple[tuple[Side, float], ...] = (("left", 1.0), ("right", -1.0))
    for name, side in sides:
        layer = Layer(size_wh)
        shape.draw_front(Painter(layer, frame, seed), spec.fabric(), side)
        pair.append((layer, name))
    return pair


def _hand(body: Body, frame: Frame, size_wh: tuple[int, int], tone: Rgb, seed: int) -> Layer:
    layer = Layer(size_wh)
    draw_hand(Painter(layer, frame, seed), body, 1.0, tone)
    return layer
