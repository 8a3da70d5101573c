"""A picture with the boxes that were found in it, drawn by supervision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from engine.errors import InvalidInput, ModelUnavailable
from engine.look import SeenBox
from engine.types import ImageRGB

__all__ = ["draw_overlay", "load_supervision", "title_of", "write_overlay"]

_LONGER_PX = 900


def draw_overlay(
    image: ImageRGB, boxes: tuple[SeenBox, ...], *, main: SeenBox | None = None
) -> ImageRGB:
    """Draw boxes and names.

    Args:
        image: uint8 (H, W, 3); small pictures are enlarged so that the names can be read.
        boxes: In pixels of `image`.
        main: The one of them that shows the product; its frame is thicker.

    Raises:
        ModelUnavailable: supervision is not installed.
    """
    supervision = load_supervision()
    scale = max(1.0, _LONGER_PX / max(image.shape[:2]))
    wide, high = round(image.shape[1] * scale), round(image.shape[0] * scale)
    canvas = np.array(Image.fromarray(image).resize((wide, high), Image.Resampling.LANCZOS))
    canvas = canvas[..., ::-1].copy()  # it draws in BGR
    if boxes:
        detections = supervision.Detections(
            xyxy=np.array([each.detection.box_xyxy_px for each in boxes]) * scale,
            confidence=np.array([each.detection.score for each in boxes]),
            class_id=np.array([each.detection.place for each in boxes]),
        )
        canvas = supervision.BoxAnnotator(thickness=2).annotate(canvas, detections)
        if main is not None:
            own = detections[[each is main for each in boxes]]
            canvas = supervision.BoxAnnotator(thickness=7).annotate(canvas, own)
        labels = [title_of(each, is_main=each is main) for each in boxes]
        canvas = supervision.LabelAnnotator(
            text_scale=0.5, text_padding=4, smart_position=True
        ).annotate(canvas, detections, labels)
    return np.ascontiguousarray(canvas[..., ::-1])


def title_of(box: SeenBox, *, is_main: bool = False) -> str:
    """``bottom > skirt 0.81``: the coarse class with its probability, a finer name if there is."""
    fine = "" if box.name == box.label else f" > {box.name}"
    product = f"product {box.main:.2f}: " if is_main and box.main is not None else ""
    return f"{product}{box.label}{fine} {box.detection.score:.2f}"


def write_overlay(
    path: Path, image: ImageRGB, boxes: tuple[SeenBox, ...], *, main: SeenBox | None = None
) -> None:
    """Draw into a PNG; the folder is made where it is not there.

    Raises:
        InvalidInput: There can be no such folder.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(
            f"{path.parent} cannot be a folder: {error.strerror}.", where="--overlay"
        ) from error
    Image.fromarray(draw_overlay(image, boxes, main=main)).save(path)


def load_supervision() -> Any:
    """The library that draws.

    Raises:
        ModelUnavailable: It is not installed.
    """
    try:
        import supervision
    except ImportError as error:
        raise ModelUnavailable(
            "overlays are drawn by supervision, which is not installed",
            where="--overlay",
            hint="Install it with: pip install 'lookalike[models]'",
        ) from error
    return supervision
