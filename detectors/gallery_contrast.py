"""Each box against the title alone: the baseline after Rubio et al. (ICCVW 2017).

Boxes and titles are brought into one space; the nearer a box lies to its title, the likelier it
shows the product. Boxes know nothing of one another. Served only to be measured against.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.gallery_features import gallery_nodes
from engine.detections import SeenPicture

__all__ = ["BoxTitleScorer"]

Matrix = NDArray[np.float32]


class BoxTitleScorer:
    """Scores boxes as `GalleryGraph` does, by similarities instead of probabilities.

    Args:
        tensors: Of `detectors.training.gallery_net.BoxTitleNet`.
        classes: Length of the posteriors.
    """

    def __init__(self, tensors: Mapping[str, NDArray[Any]], *, classes: int) -> None:
        self._classes = classes
        self._held = {name: np.asarray(each, np.float32) for name, each in tensors.items()}

    def score(
        self, gallery: Sequence[SeenPicture], title: NDArray[np.float32] | None
    ) -> list[NDArray[np.float32]]:
        """See `engine.ports.MainProductFinder`; 0 to 1, half for a right angle."""
        text = self._held["no_title"] if title is None else title
        nodes = gallery_nodes(gallery, classes=self._classes, dims=len(text))
        boxes = self._side("box", np.concatenate([nodes.vectors, nodes.own], axis=1))
        likeness = boxes @ self._side("text", text[None])[0]
        ends = np.cumsum([len(each.detections) for each in gallery])
        return np.split(((1 + likeness) / 2).astype(np.float32), ends[:-1])

    def _side(self, name: str, rows: Matrix) -> Matrix:
        held = self._held
        hidden = np.maximum(rows @ held[f"{name}.0.weight"].T + held[f"{name}.0.bias"], 0)
        out = hidden @ held[f"{name}.3.weight"].T + held[f"{name}.3.bias"]
        return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12)
