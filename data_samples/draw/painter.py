"""The painter: turns outlines in body units into shaded cloth on a layer.

Light falls from the upper left. Every part is a relief (a dome towards its edges plus folds),
and its
brightness is that of a matt surface under that light.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from data_samples.draw.canvas import Frame, Layer, Window, fill_mask, line_mask, soften
from data_samples.draw.cloth import Cloth, Folds, weave_tone
from data_samples.draw.curves import Curve, ellipse
from data_samples.draw.noise import Field, NoiseTable
from data_samples.draw.palette import Rgb, luminance

_LIGHT = (-0.42, -0.50, 0.76)
Axis = tuple[tuple[float, float], tuple[float, float]]
_DOWN: Axis = ((0.0, 0.0), (0.0, 1.0))


class Painter:
    """Paints one garment. Without a layer it only measures: `bounds` grows, nothing is drawn."""

    def __init__(self, layer: Layer | None, frame: Frame, seed: int) -> None:
        self.layer = layer
        self.frame = frame
        self._table = NoiseTable(seed)
        self._count = 0
        self._bounds = np.array([[np.inf, np.inf], [-np.inf, -np.inf]])

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """x0, y0, x1, y1 in body units of everything painted so far."""
        (x0, y0), (x1, y1) = self._bounds
        return (float(x0), float(y0), float(x1), float(y1))

    @property
    def pixel(self) -> float:
        """Size of a pixel in body units."""
        return 1.0 / self.frame.scale

    @contextmanager
    def placed(self, x: float, y: float, scale: float) -> Iterator[None]:
        """Within the block, coordinates belong to an object at (x, y) drawn `scale` as large."""
        outer, outer_bounds = self.frame, self._bounds
        self.frame = outer.placed(x, y, scale)
        self._bounds = np.array([[np.inf, np.inf], [-np.inf, -np.inf]])
        yield
        inner = self._bounds * scale + np.array([x, y])
        self.frame = outer
        self._bounds = np.array(
            [np.minimum(outer_bounds[0], inner[0]), np.maximum(outer_bounds[1], inner[1])]
        )

    def part(
        self,
        outline: Curve,
        cloth: Cloth,
        *,
        axis: Axis = _DOWN,
        dome: float = 0.16,
        bulge: float = 0.10,
        inside: bool = False,
        shadow: float = 0.22,
        tone: float = 1.0,
    ) -> None:
        """Paints a filled outline as cloth.

        Args:
            outline: closed curve in body units.
            cloth: its material.
            axis: drape direction, from the cloth's origin; patterns and folds follow it.
            dome: how far from the edge the surface curves away, body units.
            bulge: height of that curve, body units.
            inside: keep to what the layer covers already (pockets, panels).
            shadow: darkness that the part throws on what lies under it, in [0, 1].
            tone: factor of the brightness (below 1: the dark inner side of a garment).
        """
        self._count += 1
        prepared = self._prepare(outline, 0.3 * dome, grow=not inside)
        if prepared is None or self.layer is None:
            return
        points, window = prepared
        mask = fill_mask(points, window)
        rows, columns = window.slices
        alpha = self.layer.alpha[rows, columns]
        rgb = self.layer.rgb[rows, columns]
        blurred = soften(mask, dome * self.frame.scale)
        if shadow > 0:
            rgb *= (1.0 - shadow * np.clip(blurred * 1.6, 0, 1) * (1 - mask))[..., None]
        if inside:
            mask = mask * alpha
        colour = self._cloth_colour(cloth, axis, window, blurred, bulge, tone)
        rgb += (colour - rgb) * mask[..., None]
        alpha += (1.0 - alpha) * mask

    def line(
        self,
        points: Curve,
        width: float,
        *,
        tone: float = -0.3,
        rgb: Rgb | None = None,
        dash: float = 0.0,
        soft: float = 0.0,
    ) -> None:
        """A seam, stitch or crease on what is painted already.

        Args:
            points: open curve in body units.
            width: body units.
            tone: brightness change, -1 black to 1 white; with `rgb` its size is the opacity.
            rgb: colour of a thread in place of a change of brightness.
            dash: length of stitches, body units; 0 is a continuous line.
            soft: blur, body units.
        """
        prepared = self._prepare(points, width + 2 * soft, grow=False)
        if prepared is None or self.layer is None:
            return
        points_px, window = prepared
        width_px = width * self.frame.scale
        stitched = dash > 0 and dash * self.frame.scale >= 1.5
        pieces = _dashes(points_px, dash * self.frame.scale) if stitched else [points_px]
        mask = line_mask(pieces, width_px, window)
        if soft > 0:
            mask = soften(mask, soft * self.frame.scale)
        self._blend(mask, window, tone, rgb)

    def patch(
        self, outline: Curve, *, rgb: Rgb | None = None, tone: float = -0.2, soft: float = 0.0
    ) -> None:
        """A flat print, highlight or shade on what is painted already (see `line`)."""
        prepared = self._prepare(outline, 2 * soft, grow=False)
        if prepared is None or self.layer is None:
            return
        points, window = prepared
        mask = fill_mask(points, window)
        if soft > 0:
            mask = soften(mask, soft * self.frame.scale)
        self._blend(mask, window, tone, rgb)

    def crease(self, points: Curve, width: float, strength: float = 0.16) -> None:
        """A fold: a soft dark line with a bright flank towards the light."""
        self.line(points + np.array([-0.7, -0.6]) * width, width, tone=0.5 * strength, soft=width)
        self.line(points, width, tone=-strength, soft=0.8 * width)

    def stitch(self, points: Curve, rgb: Rgb | None = None, tone: float = -0.35) -> None:
        """A dashed seam thread."""
        self.line(points, 0.014, tone=tone, rgb=rgb, dash=0.035)

    def button(self, x: float, y: float, radius: float, rgb: Rgb) -> None:
        """A round button or snap with a highlight."""
        shade = 0.5 if luminance(rgb) > 0.4 else 0.35
        self.patch(
            ellipse(x + 0.2 * radius, y + 0.3 * radius, radius, radius),
            tone=-shade,
            soft=0.3 * radius,
        )
        self.patch(ellipse(x, y, radius, radius, 18), rgb=rgb, tone=1.0)
        self.patch(
            ellipse(x - 0.25 * radius, y - 0.3 * radius, 0.45 * radius, 0.4 * radius, 12),
            tone=0.45,
            soft=0.2 * radius,
        )

    def _prepare(self, points: Curve, pad: float, *, grow: bool) -> tuple[Curve, Window] | None:
        if grow:
            np.minimum(self._bounds[0], points.min(axis=0), out=self._bounds[0])
            np.maximum(self._bounds[1], points.max(axis=0), out=self._bounds[1])
        if self.layer is None:
            return None
        frame = self.frame
        points_px = points * frame.scale + np.array([frame.dx_px, frame.dy_px])
        window = self.layer.window(points_px, 2.0 + pad * frame.scale)
        return None if window is None else (points_px, window)

    def _blend(self, mask: Field, window: Window, tone: float, rgb: Rgb | None) -> None:
        if self.layer is None:
            return
        rows, columns = window.slices
        alpha = self.layer.alpha[rows, columns]
        colour = self.layer.rgb[rows, columns]
        if rgb is not None:
            target = alpha[..., None] * np.asarray(rgb, dtype=np.float32)
            colour += (target - colour) * (mask * abs(tone))[..., None]
        elif tone < 0:
            colour *= (1.0 + tone * mask)[..., None]
        else:
            colour += (alpha[..., None] - colour) * (tone * mask)[..., None]

    def _cloth_colour(
        self, cloth: Cloth, axis: Axis, window: Window, blurred: Field, bulge: float, tone: float
    ) -> Field:
        u, v = self._cloth_coordinates(axis, window)
        relief, warp = self._relief(cloth.folds, u, v)
        relief += bulge * 1.5 * np.sqrt(np.clip(blurred - 0.12, 0.0, 1.0))
        shade = _lambert(relief, self.frame.scale)
        texture = weave_tone(cloth.weave, u, v, self.pixel, self._table)
        if texture is not None:
            shade += texture
        if cloth.pattern is None:
            ground = np.empty((*u.shape, 3), dtype=np.float32)
            ground[:] = cloth.rgb
        else:
            ground = cloth.pattern.paint(u + 0.45 * warp, v + 0.45 * warp, self.pixel, cloth.rgb)
        contrast = 0.95 - 0.45 * luminance(cloth.rgb)
        colour = ground * (tone * (1.0 + contrast * (shade - 1.0)))[..., None]
        colour += (cloth.gloss * tone * np.clip(shade - 1.0, 0.0, 1.0) * 2.2)[..., None]
        return np.clip(colour, 0.0, 1.0)

    def _cloth_coordinates(self, axis: Axis, window: Window) -> tuple[Field, Field]:
        frame = self.frame
        x = (np.arange(window.x0, window.x1, dtype=np.float32) + 0.5 - frame.dx_px) / frame.scale
        y = (np.arange(window.y0, window.y1, dtype=np.float32) + 0.5 - frame.dy_px) / frame.scale
        (x0, y0), (x1, y1) = axis
        length = float(np.hypot(x1 - x0, y1 - y0))
        down_x, down_y = (x1 - x0) / length, (y1 - y0) / length
        along_x, along_y = (x - x0)[None, :], (y - y0)[:, None]
        u = (along_x * down_y - along_y * down_x).astype(np.float32)
        v = (along_x * down_x + along_y * down_y).astype(np.float32)
        return u, v

    def _relief(self, folds: Folds, u: Field, v: Field) -> tuple[Field, Field]:
        if folds.depth <= 0:
            return np.zeros_like(u), np.zeros_like(u)
        shift = 3.7 * self._count
        table = self._table
        bend = 0.35 * table.at(u * 0.9 + shift, v * 0.9)
        broad = table.at((u + bend) * folds.across + shift, v * folds.along + shift)
        fine = table.at((u + bend) * folds.across * 2.3 - shift, v * folds.along * 2.1)
        relief = folds.depth * (broad + 0.38 * fine)
        return relief, relief.copy()


def _lambert(relief: Field, scale: float) -> Field:
    """Brightness of a matt relief in body units, 1 on flat cloth; scale is pixels a unit."""
    slope_y = np.gradient(relief, axis=0) * scale if relief.shape[0] > 1 else np.zeros_like(relief)
    slope_x = np.gradient(relief, axis=1) * scale if relief.shape[1] > 1 else np.zeros_like(relief)
    x, y, z = _LIGHT
    facing = (-x * slope_x - y * slope_y + z) / np.sqrt(1 + slope_x**2 + slope_y**2)
    return np.clip(facing / z, 0.28, 1.35).astype(np.float32)


def _dashes(points_px: Curve, dash_px: float) -> list[Curve]:
    """Pieces `dash_px` long with gaps of 0.8 dash between them."""
    steps = np.hypot(*np.diff(points_px, axis=0).T)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    starts = np.arange(0.0, length[-1], 1.8 * dash_px)
    ends = np.minimum(starts + dash_px, length[-1])
    places = np.stack([starts, (starts + ends) / 2, ends], axis=1)
    return list(np.stack([np.interp(places, length, points_px[:, i]) for i in range(2)], axis=2))
