"""Puts detector, main product finder, encoder and predictor together."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from detectors.gallery_graph import LEAST_SCORE, MOST_BOXES
from detectors.registry import load_detector, load_finder, load_foreign
from detectors.reldetect import load_reldetect
from detectors.taxonomy import default_taxonomy
from detectors.yolo import YoloDetector
from engine.errors import ModelUnavailable
from engine.look import LookService
from engine.ports import AttributePredictor, DualEncoder, MainProductFinder
from engine.query.lexicon import Lexicon
from engine.types import EncoderId
from models.onnx_session import OnnxTower

__all__ = ["able_to_show", "build_look"]

_log = logging.getLogger(__name__)


def build_look(
    encoder: DualEncoder,
    *,
    predictor: AttributePredictor | None,
    lexicon: Lexicon,
    detector: str = "yolo",
    labels: Path | None = None,
    knowledge: Path | None = None,
) -> LookService:
    """What finds and names the things in pictures.

    Args:
        encoder: Of boxes and titles. With another one than the main product finder was trained for
            nobody says which box is the product.
        predictor: Attributes of a box; skipped when absent.
        lexicon: Says of which category a type is.
        detector: ``yolo`` for the one that ships, or an ONNX file of another.
        labels: Map of the other one's labels.
        knowledge: Definitions of fine classes instead of those that ship.

    Raises:
        InvalidInput: The file, the map or the definitions cannot be used.
        ModelUnavailable: The detector's weights are not there.
    """
    # Kept are the boxes that the finder was trained on.
    boxes = (
        load_detector(OnnxTower, least_score=LEAST_SCORE, most=MOST_BOXES)
        if detector == "yolo"
        else load_foreign(
            OnnxTower, Path(detector), labels=labels, least_score=LEAST_SCORE, most=MOST_BOXES
        )
    )
    return LookService(
        detector=boxes,
        encoder=encoder,
        predictor=predictor,
        finder=_finder_for(encoder.encoder_id, boxes),
        namer=load_reldetect(boxes.classes, knowledge=knowledge),
        shows=able_to_show(lexicon),
    )


def able_to_show(lexicon: Lexicon) -> Callable[[str, str], bool]:
    """Whether a box of a coarse class can show a type, after detectors/taxonomy.yaml."""
    types = default_taxonomy().types
    return lambda label, value: bool(types[label] & {value, lexicon.category(value)})


def _finder_for(encoder: EncoderId, boxes: YoloDetector) -> MainProductFinder | None:
    try:
        return load_finder(encoder, boxes.classes, detector=boxes.weights)
    except ModelUnavailable as error:
        # Expected of an encoder that was chosen; `lookalike doctor` says so too.
        _log.info("nobody says which box is the product: %s", error)
        return None
