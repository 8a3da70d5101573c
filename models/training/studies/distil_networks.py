"""The two networks of the distillation study, and what they cost."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from models.training.network import ImageTower, Pooled

__all__ = [
    "FRAME_HW",
    "MIDDLE_CHANNELS",
    "TEACHER_CHANNELS",
    "TEACHER_HW",
    "StudentNet",
    "TeacherFront",
    "TeacherTail",
    "count_multiply_adds",
    "count_parameters",
    "export_network",
]

FRAME_HW = (64, 48)
"""Pixels that the student sees."""
TEACHER_HW = (128, 96)
"""Pixels of the same view that the teacher sees."""
MIDDLE_CHANNELS = 96
"""Of the student's feature map (B, 96, 8, 6) that hints and attention compare."""
TEACHER_CHANNELS = 112
"""Of the teacher's feature map (B, 112, 8, 6), where its frozen part ends."""


def _conv(inputs: int, outputs: int, *, size: int, stride: int = 1, groups: int = 1) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


def _block(inputs: int, outputs: int, *, stride: int) -> nn.Module:
    """Depthwise 3×3, then pointwise (Howard et al. 2017, https://arxiv.org/abs/1704.04861)."""
    return nn.Sequential(
        _conv(inputs, inputs, size=3, stride=stride, groups=inputs),
        _conv(inputs, outputs, size=1),
    )


class StudentNet(nn.Module):
    """A depthwise CNN of about 100,000 parameters, from scratch: frames to unit vectors."""

    def __init__(self, dims: int):
        super().__init__()
        self.lower = nn.Sequential(
            _conv(3, 24, size=3, stride=2),  # (B, 24, 32, 24)
            _block(24, 48, stride=2),  # (B, 48, 16, 12)
            _block(48, MIDDLE_CHANNELS, stride=2),  # (B, 96, 8, 6)
            _block(MIDDLE_CHANNELS, MIDDLE_CHANNELS, stride=1),
        )
        self.upper = nn.Sequential(
            _block(MIDDLE_CHANNELS, 192, stride=2),  # (B, 192, 4, 3)
            _block(192, 192, stride=1),
        )
        self.project = nn.Linear(192, dims)

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Embed frames.

        Args:
            frames: uint8 (B, 64, 48, 3).

        Returns:
            Unit vectors (B, dims) and the middle features (B, 96, 8, 6).
        """
        pixels = (frames.permute(0, 3, 1, 2).float() - 127.5) / 127.5
        middle = self.lower(pixels)
        pooled = self.upper(middle).mean((2, 3))
        return functional.normalize(self.project(pooled), dim=1), middle


class TeacherFront(nn.Module):
    """The frozen part of the teacher, and the student's view of the same picture."""

    def __init__(self, tower: ImageTower):
        super().__init__()
        self.tower = tower

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """uint8 (B, 128, 96, 3) to features (B, 112, 8, 6) and frames (B, 64, 48, 3) of 0..255."""
        features, _ = self.tower.stem(pictures)
        frames = functional.avg_pool2d(pictures.permute(0, 3, 1, 2).float(), 2)
        return self.tower.middle(features), frames.permute(0, 2, 3, 1)


class TeacherTail(nn.Module):
    """The part of the teacher that learns.

    Args:
        tower: The whole teacher; its later layers are shared, not copied.
    """

    def __init__(self, tower: ImageTower):
        super().__init__()
        self.tower = tower

    def forward(self, middle: Tensor, frames: Tensor) -> Tensor:
        """Embed cached features.

        Args:
            middle: (B, 112, 8, 6) of the frozen part.
            frames: (B, 64, 48, 3) of 0..255; halved they are the colour path's thumbnail.

        Returns:
            Unit vectors (B, dims).
        """
        pooled = Pooled(
            deep=self.tower.upper(middle).mean((2, 3)),
            middle=torch.cat([middle.mean((2, 3)), middle.amax((2, 3))], dim=1),
        )
        pixels = frames.float().permute(0, 3, 1, 2)
        thumbnail = functional.avg_pool2d(pixels, 2).permute(0, 2, 3, 1)
        return self.tower.head(pooled, thumbnail)


def export_network(
    network: nn.Module, path: Path, size_hw: tuple[int, int], *, outputs: Sequence[str]
) -> Path:
    """Write a network that reads uint8 (B, H, W, 3) as ONNX, for any B."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(),
            (torch.zeros(2, *size_hw, 3, dtype=torch.uint8),),
            str(path),
            dynamo=False,
            opset_version=17,
            input_names=["pictures"],
            output_names=list(outputs),
            dynamic_axes={name: {0: "n"} for name in ("pictures", *outputs)},
        )
    return path


def count_parameters(network: nn.Module) -> int:
    """Learned numbers, frozen ones too; running statistics are none."""
    return sum(each.numel() for each in network.parameters())


@torch.no_grad()
def count_multiply_adds(network: nn.Module, height_px: int, width_px: int) -> int:
    """Multiply-adds of convolutions and matrix products for one picture."""
    picture = torch.zeros(1, height_px, width_px, 3, dtype=torch.uint8)
    with FlopCounterMode(display=False) as counter:
        network.eval()(picture)
    return counter.get_total_flops() // 2
