"""The networks of this package that ship, put together from the weights in the repository."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

import yaml

from detectors.foreign import MappedNetwork
from detectors.gallery_graph import GalleryGraph
from detectors.gallery_weights import load_gallery_graph, read_graph_config
from detectors.taxonomy import default_taxonomy
from detectors.yolo import LEAST_SCORE, MOST_BOXES, YoloDetector
from engine.errors import InvalidInput, ModelUnavailable
from engine.ports import Network
from engine.types import EncoderId

__all__ = ["WEIGHTS", "OpenNetwork", "load_detector", "load_finder", "load_foreign"]

_log = logging.getLogger(__name__)

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
) -> YoloDetector:
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


def load_foreign(
    open_network: OpenNetwork,
    file: Path,
    *,
    labels: Path | None,
    least_score: float = LEAST_SCORE,
    most: int = MOST_BOXES,
) -> YoloDetector:
    """A detector that ultralytics trained on other data.

    Args:
        open_network: Opens the file.
        file: ONNX, as ``yolo export format=onnx`` writes it.
        labels: YAML file of its label → a class of `detectors.taxonomy`.
        least_score: Boxes of lesser probability are left out.
        most: Boxes of a picture.

    Raises:
        InvalidInput: The file is a checkpoint, or the map is missing or does not fit.
        ModelUnavailable: The file cannot be opened, or is of another program.
    """
    if file.suffix != ".onnx":
        raise InvalidInput(
            f"{str(file)!r} is neither yolo, none nor an ONNX file",
            where="detector",
            hint="Checkpoints can run anything when they are opened; export yours first: "
            "yolo export model=X.pt format=onnx",
        )
    if labels is None or not labels.is_file():
        raise InvalidInput(
            "there is no map of its labels",
            where="detector_labels",
            hint="Name a YAML file with lines such as: t-shirt: top",
        )
    held: object = yaml.safe_load(labels.read_text(encoding="utf-8"))
    if not isinstance(held, dict):
        raise InvalidInput(
            f"{labels} is no map of labels", where="detector_labels", hint="t-shirt: top"
        )
    given = cast("dict[object, object]", held)
    network = MappedNetwork(
        open_network(file, chunk=1),  # their graphs take one picture
        labels={str(label): str(name) for label, name in given.items()},
        classes=default_taxonomy().classes,
    )
    return YoloDetector(network, least_score=least_score, most=most)


def load_finder(
    encoder: EncoderId,
    classes: Sequence[str],
    *,
    detector: str = "",
    folder: Path = WEIGHTS / "gallery",
) -> GalleryGraph:
    """What finds the main product in a gallery.

    Args:
        encoder: Of the boxes' vectors and the titles.
        classes: Of the detector.
        detector: Revision of its weights; with others than it was trained with it works, less
            surely, and the log says so.
        folder: That `lookalike train gallery` wrote.

    Raises:
        ModelUnavailable: The weights are not there, or learned from the vectors of another encoder
            or the posteriors of other classes, so that they would answer nonsense.
    """
    config = read_graph_config(folder)
    if config.encoder != encoder.fingerprint or config.classes != tuple(classes):
        raise ModelUnavailable(
            f"it was trained for the encoder {config.encoder} and {len(config.classes)} classes, "
            f"these are {encoder.fingerprint} and {len(classes)} classes",
            where=str(folder),
            hint="`lookalike train gallery` makes one for the encoder and detector that ship.",
        )
    if detector and detector != config.detector:
        _log.warning(
            "the main product finder learned from boxes of the detector %s, these are of %s; "
            "`lookalike train gallery` makes one for it",
            config.detector,
            detector,
        )
    return load_gallery_graph(folder)
