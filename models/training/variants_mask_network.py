"""The network that says which pixels of a box are the garment.

A U-Net (Ronneberger et al., "U-Net", MICCAI 2015) whose way down is EfficientNet-Lite0 to stride 16
with ImageNet's weights, and whose way up is narrow. The box comes as a fourth channel and the
coarse class as a vector: a coat and the dress under it have nearly the same box. Layers down to
stride 8 do not learn: eight hundred photos are too few for them, and it halves the time.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.training.network import ImageTower, TowerConfig, load_imagenet

__all__ = ["MaskNetwork"]

_WIDTHS = (16, 24, 40, 112)
_UP = (32, 40, 56, 80)


class _Mix(nn.Module):
    """A depthwise and a pointwise convolution: (B, ins, h, w) to (B, outs, h, w)."""

    def __init__(self, ins: int, outs: int):
        super().__init__()
        self.deep = nn.Conv2d(ins, ins, 3, padding=1, groups=ins, bias=False)
        self.point = nn.Conv2d(ins, outs, 1, bias=False)
        self.norm = nn.BatchNorm2d(outs)

    def forward(self, features: Tensor) -> Tensor:
        return functional.relu(self.norm(self.point(self.deep(features))))


class MaskNetwork(nn.Module):
    """Frames and boxes to logits.

    Args:
        classes: Coarse classes of the detector.
        imagenet: Start from ImageNet's weights, else from nothing.
    """

    def __init__(self, classes: int, *, imagenet: bool = True):
        super().__init__()
        tower = ImageTower(TowerConfig())
        if imagenet:
            load_imagenet(tower)
        lower, middle = list(tower.lower), list(tower.middle)
        self.down = nn.ModuleList(
            [
                nn.Sequential(*lower[:3]),  # stride 2, 16 channels
                nn.Sequential(lower[3]),  # 4, 24
                nn.Sequential(lower[4]),  # 8, 40
                nn.Sequential(*middle),  # 16, 112
            ]
        )
        for each in list(self.down)[:3]:
            each.requires_grad_(False)
        self.box = nn.Conv2d(1, _WIDTHS[3], 3, padding=1)
        self.kind = nn.Linear(classes, _UP[3])
        self.around = nn.Linear(_WIDTHS[3], _UP[3])
        self.side = nn.ModuleList(
            nn.Conv2d(ins, outs, 1) for ins, outs in zip(_WIDTHS, _UP, strict=True)
        )
        self.up = nn.ModuleList(
            [_Mix(_UP[0], 12), _Mix(_UP[1], _UP[0]), _Mix(_UP[2], _UP[1]), _Mix(_UP[3], _UP[2])]
        )
        self.again = nn.ModuleList([_Mix(_UP[0], _UP[0]), _Mix(_UP[1], _UP[1])])
        self.deep = nn.Sequential(_Mix(_UP[3], _UP[3]), _Mix(_UP[3], _UP[3]))
        self.say = nn.Conv2d(12 + 4, 8, 3, padding=1)
        self.last = nn.Conv2d(8, 1, 3, padding=1)

    def train(self, mode: bool = True) -> MaskNetwork:
        """As torch does it; the early layers, which do not learn, keep their statistics."""
        super().train(mode)
        for each in list(self.down)[:3]:
            each.eval()
        return self

    def forward(self, frames: Tensor, kinds: Tensor) -> Tensor:
        """Where the garment is.

        Args:
            frames: uint8 (B, H, W, 4): red, green, blue, and 255 inside the box. H and W are
                multiples of 16.
            kinds: float (B, classes): 1 at the class; zeros where it is not known.

        Returns:
            Probabilities (B, H, W).
        """
        return torch.sigmoid(self.logits(frames, kinds))

    def logits(self, frames: Tensor, kinds: Tensor) -> Tensor:
        """As `forward`, before the sigmoid."""
        pixels = (frames.permute(0, 3, 1, 2).float() - 127.5) / 127.5
        return self.logits_of(pixels, kinds)

    def logits_of(self, pixels: Tensor, kinds: Tensor) -> Tensor:
        """As `logits`, of float (B, 4, H, W) from -1 to 1."""
        with torch.no_grad():
            seen = [self.down[0](pixels[:, :3])]
            for stage in list(self.down)[1:3]:
                seen.append(stage(seen[-1]))
        seen.append(self.down[3](seen[2]))
        deepest = seen[3] + self.box(functional.avg_pool2d(pixels[:, 3:], 16))
        told = self.kind(kinds) + self.around(deepest.mean((2, 3)))
        found = self.deep(functional.relu(self.side[3](deepest) + told[:, :, None, None]))
        for level in (2, 1, 0):
            found = _doubled(self.up[level + 1](found))
            found = functional.relu(found + self.side[level](seen[level]))
            if level < 2:
                found = self.again[level](found)
        found = _doubled(self.up[0](found))
        found = functional.relu(self.say(torch.cat([found, pixels], dim=1)))
        return self.last(found)[:, 0]


def _doubled(features: Tensor) -> Tensor:
    return functional.interpolate(features, scale_factor=2.0, mode="bilinear", align_corners=False)
