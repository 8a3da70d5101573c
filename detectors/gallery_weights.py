"""The weights of the gallery graph, and of the arms that it is measured against."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from detectors.gallery_contrast import BoxTitleScorer
from detectors.gallery_graph import Edges, GalleryGraph
from engine.errors import InvalidInput, ModelUnavailable

__all__ = ["WEIGHTS", "GraphConfig", "load_box_title", "load_gallery_graph", "read_graph_config"]

WEIGHTS = Path(__file__).parent / "weights" / "gallery"
_HINT = "Train it with `lookalike train gallery`."


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphConfig:
    """What ``config.json`` says; further keys describe the training.

    Attributes:
        encoder: Fingerprint of the encoder of boxes and titles.
        classes: Of the detector, in the order of its posteriors.
        edges: Of the network that is served.
        detector: Revision of the weights whose boxes it learned from.
    """

    encoder: str
    classes: tuple[str, ...]
    edges: Edges
    detector: str


def read_graph_config(folder: Path = WEIGHTS) -> GraphConfig:
    """What a folder of weights says of itself.

    Raises:
        ModelUnavailable: It is missing or cannot be read.
    """
    path = folder / "config.json"
    try:
        given: Any = json.loads(path.read_text(encoding="utf-8"))
        if given["edges"] not in get_args(Edges):
            raise ValueError(f"edges {given['edges']!r}")
        return GraphConfig(
            encoder=str(given["encoder"]),
            classes=tuple(map(str, given["classes"])),
            edges=given["edges"],
            detector=str(given["detector"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelUnavailable(f"cannot be read: {error!r}", where=str(path), hint=_HINT) from error


def load_gallery_graph(folder: Path = WEIGHTS, *, arm: str = "gcn") -> GalleryGraph:
    """The network that ships with Lookalike, or another arm of the same training.

    Args:
        folder: That training wrote.
        arm: ``gcn`` is served; ``gcn-same``, ``gcn-cross``, ``context`` and ``mlp`` are there to
            be measured against.

    Raises:
        ModelUnavailable: A file is missing or damaged.
    """
    config = read_graph_config(folder)
    edges: dict[str, Edges] = {
        "gcn": config.edges, "gcn-same": "same", "gcn-cross": "cross", "context": "mean",
        "mlp": "none",
    }  # fmt: skip
    path = folder / f"{arm}.safetensors"
    try:
        return GalleryGraph(
            _tensors(path),
            edges=edges[arm],
            classes=len(config.classes),
            revision=hashlib.sha256(path.read_bytes()).hexdigest()[:16],
        )
    except InvalidInput as error:
        raise ModelUnavailable(f"is damaged: {error!r}", where=str(path), hint=_HINT) from error


def load_box_title(folder: Path = WEIGHTS) -> BoxTitleScorer:
    """The contrastive baseline of the same training.

    Raises:
        ModelUnavailable: A file is missing or damaged.
    """
    classes = len(read_graph_config(folder).classes)
    return BoxTitleScorer(_tensors(folder / "contrastive.safetensors"), classes=classes)


def _tensors(path: Path) -> Mapping[str, NDArray[Any]]:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelUnavailable(f"cannot be read: {error!r}", where=str(path), hint=_HINT) from error
