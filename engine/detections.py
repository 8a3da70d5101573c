"""What a detector sees: boxes with everything that it thinks of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.types import BoxPx, Vectors

__all__ = ["Detection", "SeenPicture"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Detection:
    """One box.

    Attributes:
        box_xyxy_px: In pixels of the picture that was given, inside it, of some area.
        posterior: float32 (C,), how probable each class of the detector is, in the order of
            `engine.ports.Detector.classes`. Each between 0 and 1 on its own; they need not add up
            to 1, since a box may show nothing.
    """

    box_xyxy_px: BoxPx
    posterior: NDArray[np.float32]

    @property
    def place(self) -> int:
        """Of the most probable class."""
        return int(self.posterior.argmax())

    @property
    def score(self) -> float:
        """How probable that class is, 0 to 1."""
        return float(self.posterior.max())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeenPicture:
    """A picture of a gallery after detection.

    Attributes:
        width_px: Of the whole picture.
        height_px: Of the whole picture.
        detections: Its boxes, the surest first; none where nothing was found.
        vectors: float32 (N, D), unit rows: the encoder's view of each box's part of the picture.
    """

    width_px: int
    height_px: int
    detections: tuple[Detection, ...]
    vectors: Vectors
