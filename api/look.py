"""Puts detector, main product finder, encoder and predictor together."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from detectors.gallery_graph import LEAST_SCORE, MOST_BOXES
from detectors.registry import load_detector, load_finder, load_foreign
from detectors.reldetect import load_reldetect
from detectors.taxonomy import default_taxonomy
from detectors.yolo import YoloDetector
from engine.errors import ModelUnavailable
from engine.look import LookService
from engine.ports import AttributePredictor, DualEncoder, FineNamer, MainProductFinder
from engine.query.lexicon import Lexicon
from engine.types import EncoderId
from models.onnx_session import OnnxTower

__all__ = ["LookParts", "build_look", "look_parts"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LookParts:
    """What a `LookService` asks besides encoder and predictor."""

    detector: YoloDetector
    finder: MainProductFinder | None
    namer: FineNamer
    shows: Callable[[str, str], bool]


def build_look(
    encoder: DualEncoder,
    *,
    predictor: AttributePredictor | None,
    lexicon: Lexicon,
    detector: str = "yolo",
    labels: Path | None = None,
    knowledge: Path | None = None,
    threads: int | None = None,
) -> LookService:
    """What finds and names the things in pictures.

    Args:
        encoder: Of boxes and titles. With another one than the main product finder was trained for
            nobody says which box is the product.
        predictor: Attributes of a box; skipped when absent.
        lexicon: Says of which category a type is.
        detector: See `look_parts`, as for `labels` and `knowledge`.
        labels: Of another detector.
        knowledge: Definitions of one's own.
        threads: Cores of the detector; all by default.

    Raises:
        InvalidInput: See `look_parts`.
        ModelUnavailable: See `look_parts`.
    """
    parts = look_parts(
        encoder.encoder_id,
        lexicon,
        detector=detector,
        labels=labels,
        knowledge=knowledge,
        threads=threads,
    )
    return LookService(
        detector=parts.detector,
        encoder=encoder,
        predictor=predictor,
        finder=parts.finder,
        namer=parts.namer,
        shows=parts.shows,
    )


def look_parts(
    encoder: EncoderId,
    lexicon: Lexicon,
    *,
    detector: str = "yolo",
    labels: Path | None = None,
    knowledge: Path | None = None,
    threads: int | None = None,
) -> LookParts:
    """The parts, for those who put something between them.

    Args:
        encoder: Of boxes and titles.
        lexicon: Says of which category a type is.
        detector: ``yolo`` for the one that ships, or an ONNX file of another.
        labels: Map of the other one's labels.
        knowledge: Definitions of fine classes instead of those that ship.
        threads: Cores of the detector; all by default.

    Raises:
        InvalidInput: The file, the map or the definitions cannot be used.
        ModelUnavailable: The detector's weights are not there.
    """
    # Kept are the boxes that the finder was trained on.
    open_tower = partial(OnnxTower, threads=threads)
    boxes = (
        load_detector(open_tower, least_score=LEAST_SCORE, most=MOST_BOXES)
        if detector == "yolo"
        else load_foreign(
            open_tower, Path(detector), labels=labels, least_score=LEAST_SCORE, most=MOST_BOXES
        )
    )
    return LookParts(
        detector=boxes,
        finder=_finder_for(encoder, boxes),
        namer=load_reldetect(boxes.classes, knowledge=knowledge),
        shows=_able_to_show(lexicon),
    )


def _able_to_show(lexicon: Lexicon) -> Callable[[str, str], bool]:
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
