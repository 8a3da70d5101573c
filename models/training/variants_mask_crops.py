"""What the mask network learns from: crops around boxes, framed and lit anew for every step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from models.variants.frame import HEIGHT_PX, WIDTH_PX

__all__ = ["CROP_MARGIN", "CROP_WH_PX", "CropSet", "MaskCrop", "draw_batch"]

CROP_WH_PX = (132, 176)
CROP_MARGIN = 0.5
"""Of the box's sides, kept around it, from which frames of any smaller margin are drawn."""
_MARGINS = (0.12, 0.3)
_JITTER = 0.05
"""Standard deviation of how far each side of a box is off, as a share of the box: a detector's."""
_CLASS_KNOWN = 0.8
_PLAIN, _ALONE = 0.25, 0.15
_GREY = 0.1
_PALE = 0.3
"""Of what stands alone: white and nearly white things on white, where shading alone tells them."""
_SHADOWED = 0.6
_SHADOW = 0.35
"""How dark shadows on a plain ground are at most."""
_SHADOW_DOWN_PX, _SHADOW_ASIDE_PX, _SHADOW_SOFT_PX = (0, 6), (3, 9), (3, 9)
"""How far a shadow falls, and the radius that softens it, in the frame: from, and less than."""

_Uniform = Callable[..., Tensor]
"""Numbers from 0 to 1 of a shape."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MaskCrop:
    """A box with its surroundings, squeezed into a fixed size.

    Attributes:
        pixels: uint8 (H, W, 5) of `CROP_WH_PX`: red, green, blue, 0 to 255 of the garment, and 255
            where nothing is known to be (background).
        place: Coarse class of the garment.
        box: x0, y0, x1, y1 of the box as fractions of the crop.
    """

    pixels: NDArray[np.uint8]
    place: int
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CropSet:
    """N crops as arrays."""

    pixels: Tensor
    places: Tensor
    boxes: Tensor

    @classmethod
    def of(cls, crops: Sequence[MaskCrop]) -> CropSet:
        """Stack crops."""
        return cls(
            pixels=torch.from_numpy(np.stack([each.pixels for each in crops])),
            places=torch.tensor([each.place for each in crops]),
            boxes=torch.tensor([each.box for each in crops], dtype=torch.float32),
        )


def draw_batch(
    crops: CropSet, rows: Tensor, classes: int, generator: torch.Generator, *, device: str = "cpu"
) -> tuple[Tensor, Tensor, Tensor]:
    """Frames of some crops: boxes shaken, mirrored, relit, on other grounds.

    Args:
        crops: To draw from.
        rows: int64 (B,), which of them.
        classes: Coarse classes of the detector.
        generator: Decides everything.
        device: Where the batch goes.

    Returns:
        float (B, 4, H, W) from -1 to 1, kinds (B, classes), masks (B, H, W) of 0 to 1.
    """
    count = len(rows)

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator)

    boxes = crops.boxes[rows]
    sides = (boxes[:, 2:] - boxes[:, :2]).repeat(1, 2)
    shaken = boxes + _JITTER * sides * torch.randn(count, 4, generator=generator)
    shaken = torch.stack(
        [
            *torch.minimum(shaken[:, :2], boxes[:, :2] + 0.3 * sides[:, :2]).clamp(0, 1).T,
            *torch.maximum(shaken[:, 2:], boxes[:, 2:] - 0.3 * sides[:, 2:]).clamp(0, 1).T,
        ],
        dim=1,
    )
    margin = _MARGINS[0] + (_MARGINS[1] - _MARGINS[0]) * uniform(count, 1)
    sides = shaken[:, 2:] - shaken[:, :2]
    start = (shaken[:, :2] - margin * sides).clamp(min=0)
    end = (shaken[:, 2:] + margin * sides).clamp(max=1)
    pixels = crops.pixels[rows].permute(0, 3, 1, 2).float() / 127.5 - 1
    frames = _cut(pixels, start, end)
    mirrored = uniform(count) < 0.5
    inside = _inside((shaken - start.repeat(1, 2)) / (end - start).repeat(1, 2))
    frames = torch.cat([frames, inside], dim=1)
    frames = torch.where(mirrored[:, None, None, None], frames.flip(3), frames)
    masks, empty = (frames[:, 3] + 1) / 2, (frames[:, 4:5] + 1) / 2
    pictures = _relit(_regrounded(frames[:, :3], masks[:, None], empty, uniform), uniform)
    kinds = functional.one_hot(crops.places[rows], classes).float()
    kinds = kinds * (uniform(count, 1) < _CLASS_KNOWN)
    whole = torch.cat([pictures, frames[:, 5:]], dim=1).contiguous(
        memory_format=torch.channels_last
    )
    return whole.to(device), kinds.to(device), masks.to(device)


def _cut(pixels: Tensor, start: Tensor, end: Tensor) -> Tensor:
    """Parts (B, C, `HEIGHT_PX`, `WIDTH_PX`) from corner to corner, fractions (B, 2) of x and y."""
    theta = torch.zeros(len(pixels), 2, 3)
    theta[:, [0, 1], [0, 1]] = end - start
    theta[:, :, 2] = start + end - 1
    grid = functional.affine_grid(
        theta, [len(pixels), pixels.shape[1], HEIGHT_PX, WIDTH_PX], align_corners=False
    )
    return functional.grid_sample(pixels, grid, padding_mode="border", align_corners=False)


def _inside(boxes: Tensor) -> Tensor:
    """(B, 1, H, W): 1 inside the box, else -1."""
    y = ((torch.arange(HEIGHT_PX) + 0.5) / HEIGHT_PX)[None, :, None]
    x = ((torch.arange(WIDTH_PX) + 0.5) / WIDTH_PX)[None, None, :]
    x0, y0, x1, y1 = (each[:, None, None] for each in boxes.T)
    return ((x >= x0) & (x < x1) & (y >= y0) & (y < y1)).float()[:, None] * 2 - 1


def _regrounded(pictures: Tensor, masks: Tensor, empty: Tensor, uniform: _Uniform) -> Tensor:
    """Some wearers, and some garments alone, on a plain ground, as shops photograph them."""
    count = len(pictures)
    chance = uniform(count, 1, 1, 1)
    alone = chance < _ALONE
    pale = alone & (uniform(count, 1, 1, 1) < _PALE)
    shade = 1 - 1.2 * uniform(count, 1, 1, 1) ** 3
    shade = torch.where(pale, 1 - 0.2 * uniform(count, 1, 1, 1), shade)
    tint = 0.08 * (uniform(count, 3, 1, 1) - 0.5)
    slope = 0.15 * (uniform(count, 1, 1, 1) - 0.5) * torch.linspace(-1, 1, HEIGHT_PX)[:, None]
    ground = (shade + tint + slope).clamp(-1, 1).expand_as(pictures)
    bleached = 1 - (0.1 + 0.4 * uniform(count, 1, 1, 1)) * (1 - pictures)
    things = torch.where(pale, bleached, pictures)
    gone = torch.where(alone, 1 - masks, empty * (chance < _ALONE + _PLAIN))
    return things + gone * (_shaded(ground, 1 - gone, uniform) - things)


def _shaded(ground: Tensor, things: Tensor, uniform: _Uniform) -> Tensor:
    """A ground (B, 3, H, W) with the soft shadows that most of the things (B, 1, H, W) throw.

    Each is as dark as it happens to be; the light that throws them is one a batch.
    """
    count = len(ground)
    down, aside, soft = (
        int(low + (high - low) * float(uniform(1)))
        for low, high in (_SHADOW_DOWN_PX, _SHADOW_ASIDE_PX, _SHADOW_SOFT_PX)
    )
    aside = aside if float(uniform(1)) < 0.5 else -aside
    room = max(_SHADOW_DOWN_PX[1], _SHADOW_ASIDE_PX[1])
    fallen = functional.pad(things, (room, room, room, room))
    fallen = fallen.roll((down, aside), (2, 3))[..., room:-room, room:-room]
    for _ in range(2):
        fallen = functional.avg_pool2d(fallen, 2 * soft + 1, 1, soft, count_include_pad=False)
    dark = _SHADOW * uniform(count, 1, 1, 1) * (uniform(count, 1, 1, 1) < _SHADOWED)
    return (ground + 1) * (1 - dark * fallen) - 1


def _relit(pictures: Tensor, uniform: _Uniform) -> Tensor:
    """Other contrast, brightness and colour of the light; some without colour."""
    count = len(pictures)
    mean = pictures.mean((1, 2, 3), keepdim=True)
    contrast = 0.75 + 0.5 * uniform(count, 1, 1, 1)
    light = 0.3 * (uniform(count, 1, 1, 1) - 0.5) + 0.15 * (uniform(count, 3, 1, 1) - 0.5)
    lit = (pictures - mean) * contrast + mean + light
    grey = lit.mean(1, keepdim=True)
    colour = 0.6 + 0.8 * uniform(count, 1, 1, 1)
    colour = colour * (uniform(count, 1, 1, 1) >= _GREY)
    return (grey + colour * (lit - grey)).clamp(-1, 1)
