"""Outlines as smooth curves: points in, dense polylines out. Units are body units, y downwards."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]
# (x, y) is passed smoothly; (x, y, 1) is a corner.
Knot = tuple[float, float] | tuple[float, float, int]

_STEPS = 9


def _tangents(points: Curve, times: NDArray[np.float64]) -> Curve:
    step = np.diff(times)[:, None]
    slope = np.diff(points, axis=0) / step
    inner = (slope[:-1] * step[1:] + slope[1:] * step[:-1]) / (step[:-1] + step[1:])
    return np.vstack([slope[:1], inner, slope[-1:]])


def _spline(points: Curve) -> Curve:
    """Centripetal Catmull-Rom through (K, 2) points, K >= 2; ends included."""
    if len(points) == 2:
        return points
    chord = np.maximum(np.hypot(*np.diff(points, axis=0).T), 1e-9)
    times = np.concatenate([[0.0], np.cumsum(np.sqrt(chord))])
    tangent = _tangents(points, times)
    share = np.linspace(0.0, 1.0, _STEPS, endpoint=False)[None, :, None]
    width = np.diff(times)[:, None, None]
    square, cube = share**2, share**3
    dense = (
        (2 * cube - 3 * square + 1) * points[:-1, None]
        + (cube - 2 * square + share) * width * tangent[:-1, None]
        + (3 * square - 2 * cube) * points[1:, None]
        + (cube - square) * width * tangent[1:, None]
    )
    return np.vstack([dense.reshape(-1, 2), points[-1:]])


def open_curve(knots: Sequence[Knot]) -> Curve:
    """A smooth line through the knots, broken at the corners; (N, 2)."""
    points = np.array([knot[:2] for knot in knots], dtype=np.float64)
    breaks = [0, *(i for i, knot in enumerate(knots) if len(knot) == 3), len(knots) - 1]
    runs = [_spline(points[start : end + 1]) for start, end in pairwise(breaks) if end > start]
    return np.vstack(runs)


def closed_curve(knots: Sequence[Knot]) -> Curve:
    """A smooth closed outline through the knots; the first one is not repeated."""
    corner = next((i for i, knot in enumerate(knots) if len(knot) == 3), None)
    if corner is not None:
        turned = [*knots[corner:], *knots[:corner], knots[corner]]
        return open_curve(turned)
    count = len(knots)
    lap = [knots[i % count] for i in range(-2, count + 3)]
    dense = _spline(np.array(lap, dtype=np.float64))
    return dense[2 * _STEPS : (count + 2) * _STEPS]


def mirrored(knots: Sequence[Knot]) -> list[Knot]:
    """Right half given from top to bottom; returns the whole outline, symmetric about x = 0."""
    left: list[Knot] = []
    for knot in reversed(knots):
        if abs(knot[0]) > 1e-9:
            flipped = (-knot[0], knot[1])
            left.append((*flipped, 1) if len(knot) == 3 else flipped)
    return [*knots, *left]


def symmetric(knots: Sequence[Knot]) -> Curve:
    """The closed outline of a right half."""
    return closed_curve(mirrored(knots))


def flip(curve: Curve) -> Curve:
    """The curve seen in a mirror at x = 0."""
    return curve * np.array([-1.0, 1.0])


def limb(centre: Sequence[Knot], half_widths: Sequence[float]) -> Curve:
    """A tube around a smooth centre line: sleeves, straps, legs; half widths at the knots."""
    line = open_curve(centre)
    places = np.linspace(0.0, 1.0, len(half_widths))
    half = np.interp(np.linspace(0.0, 1.0, len(line)), places, half_widths)[:, None]
    along = np.gradient(line, axis=0)
    along /= np.maximum(np.hypot(along[:, :1], along[:, 1:]), 1e-9)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    return np.vstack([line + across * half, (line - across * half)[::-1]])


def ellipse(x: float, y: float, radius_x: float, radius_y: float, steps: int = 40) -> Curve:
    """A closed ellipse."""
    angle = np.linspace(0.0, 2 * np.pi, steps, endpoint=False)
    return np.stack([x + radius_x * np.cos(angle), y + radius_y * np.sin(angle)], axis=1)


def rectangle(x0: float, y0: float, x1: float, y1: float, radius: float = 0.0) -> Curve:
    """A closed rectangle with rounded corners."""
    if radius <= 0:
        return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], dtype=np.float64)
    angle = np.linspace(0.0, np.pi / 2, 7)
    turns: list[Curve] = []
    for quarter, (x, y) in enumerate(
        [
            (x1 - radius, y1 - radius),
            (x0 + radius, y1 - radius),
            (x0 + radius, y0 + radius),
            (x1 - radius, y0 + radius),
        ]
    ):
        turn = angle + quarter * np.pi / 2
        turns.append(np.stack([x + radius * np.cos(turn), y + radius * np.sin(turn)], axis=1))
    return np.vstack(turns)


def blend_points(first: Knot, second: Knot, share: float) -> tuple[float, float]:
    """The point at `share` of the way from the first to the second."""
    return (
        first[0] + (second[0] - first[0]) * share,
        first[1] + (second[1] - first[1]) * share,
    )
