"""What is measured of a drawn picture beside its attributes: its cloth's colour, its structure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from engine.errors import InvalidInput
from engine.query.lexicon import Lexicon
from engine.types import Facet
from models.training.studies.turbo_prompts import Prompts
from models.variants.cloth import cloth_of
from models.variants.oklab import oklab, to_linear
from models.variants.shades import shade_of
from models.variants.structure import structure

__all__ = ["colour_error", "edge_distance", "structure_kept"]

_LEAST_PIXELS = 30
_EDGE = 0.5
"""Step of the detail, which runs from -1 to 1, between neighbours that counts as an edge."""
_FAR_PX = 12.0
"""Of an edge that the other picture has nowhere near."""
_SCALE_PX = 2.0
"""Pixels of the frame a side of each place of the detail."""


def colour_error(
    frames: NDArray[np.uint8],
    outlines: NDArray[np.uint8],
    prompts: Prompts,
    lexicon: Lexicon,
) -> NDArray[np.float64]:
    """Distance of each picture's cloth to the named colour's typical shade, 100 × Oklab.

    Args:
        frames: uint8 (B, 96, 72, 3).
        outlines: uint8 (B, 48, 36), 0 to 255, see `models.variants.structure`: where to look.
        prompts: B.
        lexicon: Of the shades.

    Returns:
        (B,), NaN where the prompt's colour is no one shade. Where nothing is drawn, the ground's.
    """
    lab = oklab(to_linear(frames))
    found = np.full(len(frames), np.nan)
    for number, prompt in enumerate(prompts):
        try:
            shade = shade_of(prompt.attributes[Facet.COLOUR], lexicon)
        except InvalidInput:
            continue
        inside = np.kron(outlines[number] > 127, np.ones((2, 2), np.bool_))
        if inside.sum() < _LEAST_PIXELS:
            inside = np.zeros_like(inside)
            inside[32:64, 24:48] = True
        pixels = lab[number][inside]
        cloth = cloth_of(pixels, np.ones(len(pixels), np.float32))
        found[number] = 100 * np.linalg.norm(cloth.colour - shade)
    return found


def structure_kept(
    frames: NDArray[np.uint8], references: NDArray[np.uint8], detailed: Sequence[bool]
) -> dict[str, NDArray[np.float64]]:
    """How much of the references' structure is in the pictures drawn from them.

    Args:
        frames: uint8 (B, 96, 72, 3).
        references: The same.
        detailed: B: whether folds and patterns were to be kept, beside the outline.

    Returns:
        ``outline-iou``: overlap of the outlines, 0 to 1. ``edge-distance``: see `edge_distance`,
        inside the reference's outline, NaN where only that was to be kept. ``outside-delta-e``:
        mean difference of colour, 100 × Oklab, outside both outlines, NaN where nothing is.
    """
    ours, theirs = structure(frames), structure(references)
    apart = 100 * np.linalg.norm(oklab(to_linear(frames)) - oklab(to_linear(references)), axis=-1)
    names = ("outline-iou", "edge-distance", "outside-delta-e")
    found = {name: np.full(len(frames), np.nan) for name in names}
    for number, kept in enumerate(detailed):
        mine, other = ours[number, 0] > 127, theirs[number, 0] > 127
        found["outline-iou"][number] = (mine & other).sum() / max(1, (mine | other).sum())
        outside = np.kron(~(mine | other), np.ones((2, 2), np.bool_))
        if outside.any():
            found["outside-delta-e"][number] = apart[number][outside].mean()
        if kept and other.any():
            found["edge-distance"][number] = edge_distance(
                _edges(ours[number, 1]), _edges(theirs[number, 1]), other
            )
    return found


def edge_distance(
    ours: NDArray[np.bool_], theirs: NDArray[np.bool_], inside: NDArray[np.bool_]
) -> float:
    """Chamfer distance of edges (H, W) within a region, in pixels of the frame.

    The mean of both ways, each the mean over one picture's edges of how far the nearest of the
    other's is, `_FAR_PX` at most; 0 where neither has an edge there.
    """
    ways = [_one_way(ours, theirs, inside), _one_way(theirs, ours, inside)]
    return float(np.mean(ways))


def _one_way(
    edges: NDArray[np.bool_], others: NDArray[np.bool_], inside: NDArray[np.bool_]
) -> float:
    held = edges & inside
    if not held.any():
        return 0.0
    if not others.any():
        return _FAR_PX
    away = np.asarray(distance_transform_edt(~others)) * _SCALE_PX
    return float(np.minimum(away[held], _FAR_PX).mean())


def _edges(detail: NDArray[np.uint8]) -> NDArray[np.bool_]:
    tones = (detail.astype(np.float32) - 128) / 127
    down = np.abs(np.diff(tones, axis=0, append=tones[-1:]))
    along = np.abs(np.diff(tones, axis=1, append=tones[:, -1:]))
    return np.maximum(down, along) > _EDGE
