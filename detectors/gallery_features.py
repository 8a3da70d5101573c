"""What the gallery graph is told: of each box, of the title, and of each pair of boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.boxes import iou_matrix
from engine.detections import SeenPicture
from engine.errors import InvalidInput
from engine.types import Vectors

__all__ = ["GEOMETRY", "PAIRS", "GalleryNodes", "gallery_nodes", "pair_features"]

Matrix = NDArray[np.float32]

GEOMETRY = ("centre x", "centre y", "width", "height", "root area", "log aspect", "from centre")
"""Shares of the picture's sides; the root of the share of its area; log2 of height over width."""
PAIRS = (
    "likeness", "sharp likeness", "class agreement", "overlap", "inside", "around", "log areas",
)  # fmt: skip
"""Of box i to box j: cosine, its softened step near 1, cosine of the posteriors; intersection over
union and the share of i in j and of j in i, 0 across pictures; log of the areas' ratio, within ±1.
"""
_LIKE_FROM, _LIKE_SLOPE = 0.8, 12.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GalleryNodes:
    """The boxes of a gallery, picture after picture.

    Attributes:
        vectors: float32 (N, D), unit rows.
        posteriors: float32 (N, C), each class 0 to 1.
        geometry: float32 (N, G) as in `GEOMETRY`.
        boxes: float64 (N, 4) as shares of the picture's sides, x0, y0, x1, y1.
        picture: int64 (N,), the picture of each box.
    """

    vectors: Vectors
    posteriors: Matrix
    geometry: Matrix
    boxes: NDArray[np.float64]
    picture: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.picture)

    @property
    def own(self) -> Matrix:
        """What is known of a box beside its vector, (N, C + 1 + G): posterior, score, geometry."""
        score = self.posteriors.max(axis=1, keepdims=True, initial=0.0)
        return np.concatenate([self.posteriors, score, self.geometry], axis=1)


def gallery_nodes(gallery: Sequence[SeenPicture], *, classes: int, dims: int) -> GalleryNodes:
    """Lay the boxes of all pictures side by side.

    Args:
        gallery: Pictures with their boxes and the boxes' vectors.
        classes: Length C of the posteriors.
        dims: Length D of the vectors.

    Raises:
        InvalidInput: A picture has other lengths, or not one vector a box.
    """
    for number, each in enumerate(gallery):
        count = len(each.detections)
        if count and each.vectors.shape != (count, dims):
            raise InvalidInput(
                f"got vectors of shape {each.vectors.shape}, expected ({count}, {dims})",
                where=f"picture {number}",
            )
        if any(len(seen.posterior) != classes for seen in each.detections):
            raise InvalidInput(
                f"expected posteriors of {classes} classes", where=f"picture {number}"
            )
    found = [(each, seen) for each in gallery for seen in each.detections]
    sides = np.array([(each.width_px, each.height_px) * 2 for each, _ in found]).reshape(-1, 4)
    boxes = np.array([seen.box_xyxy_px for _, seen in found], np.float64).reshape(-1, 4) / sides
    posteriors = np.array([seen.posterior for _, seen in found], np.float32)
    counts = [len(each.detections) for each in gallery]
    return GalleryNodes(
        # The empty list of vectors of a picture without boxes may have any shape.
        vectors=np.concatenate(
            [np.zeros((0, dims), np.float32), *(e.vectors for e in gallery if e.detections)]
        ),
        posteriors=posteriors.reshape(-1, classes),
        geometry=_geometry(boxes, sides[:, 1] / sides[:, 0]),
        boxes=boxes,
        picture=np.repeat(np.arange(len(gallery), dtype=np.int64), counts),
    )


def pair_features(nodes: GalleryNodes) -> Matrix:
    """What is known of each pair of boxes, float32 (N, N, P) as in `PAIRS`."""
    likeness = nodes.vectors @ nodes.vectors.T
    sharp = 1 / (1 + np.exp(-_LIKE_SLOPE * (likeness - _LIKE_FROM)))
    length = np.linalg.norm(nodes.posteriors, axis=1, keepdims=True)
    classes = nodes.posteriors / np.maximum(length, 1e-6)
    together = nodes.picture[:, None] == nodes.picture[None]
    sides = np.maximum(nodes.boxes[:, 2:] - nodes.boxes[:, :2], 1e-6)
    areas = sides.prod(axis=1)
    overlap = iou_matrix(nodes.boxes, nodes.boxes) * together
    shared = overlap * (areas[:, None] + areas[None]) / (1 + overlap)
    ratio = np.clip(np.log(areas[:, None] / areas[None]) / 4, -1, 1)
    return np.stack(
        [
            likeness,
            sharp,
            classes @ classes.T,
            overlap,
            shared / areas[:, None],
            shared / areas[None],
            ratio,
        ],
        axis=-1,
    ).astype(np.float32)


def _geometry(boxes: NDArray[np.float64], tall: NDArray[np.float64]) -> Matrix:
    wide, high = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    aspect = np.log2(np.maximum(high * tall, 1e-6) / np.maximum(wide, 1e-6))
    away = np.hypot(x - 0.5, y - 0.5)
    columns = [x, y, wide, high, np.sqrt(wide * high), np.clip(aspect / 2, -2, 2), away]
    return np.stack(columns, axis=1).astype(np.float32)
