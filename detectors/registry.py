"""The networks of this package that ship, put together from the weights in the repository."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from detectors.yolo import LEAST_SCORE, MOST_BOXES, YoloDetector
from engine.ports import Detector, Network

__all__ = ["WEIGHTS", "OpenNetwork", "load_detector"]

WEIGHTS = Path(__file__).parent / "weights"
_CHUNK = 4
"""Most pictures in one run of the detector: its maps are large."""


class OpenNetwork(Protocol):
    """Opens an ONNX file; `models.onnx_session.OnnxTower` does."""

    def __call__(self, path: Path, *, chunk: int) -> Network:
        """See `models.onnx_session.OnnxTower`."""
        ...


def load_detector(
    open_network: OpenNetwork, *, least_score: float = LEAST_SCORE, most: int = MOST_BOXES
) -> Detector:
    """The detector that ships.

    Args:
        open_network: Opens its ONNX file.
        least_score: Boxes of lesser probability are left out.
        most: Boxes of a picture.

    Raises:
        ModelUnavailable: The weights are not there.
    """
    network = open_network(WEIGHTS / "yolo" / "detector.onnx", chunk=_CHUNK)
    return YoloDetector(network, least_score=least_score, most=most)
