"""A picture with the boxes that were found in it, drawn by supervision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from engine.errors import ModelUnavailable
from engine.look import SURE_FROM, SeenBox
from engine.types import ImageRGB

__all__ = ["draw_overlay", "title_of", "write_overlay"]

_LONGER_PX = 900


def draw_overlay(image: ImageRGB, boxes: tuple[SeenBox, ...]) -> ImageRGB:
    """Draw boxes and names; the product that is sold gets a thicker frame.

    Args:
        image: uint8 (H, W, 3); small pictures are enlarged so that the names can be read.
        boxes: In pixels of `image`.

    Raises:
        ModelUnavailable: supervision is not installed.
    """
    supervision = _supervision()
    scale = max(1.0, _LONGER_PX / max(image.shape[:2]))
    wide, high = round(image.shape[1] * scale), round(image.shape[0] * scale)
    canvas = np.array(Image.fromarray(image).resize((wide, high), Image.Resampling.LANCZOS))
    canvas = canvas[..., ::-1].copy()  # it draws in BGR
    for main, thick in ((False, 2), (True, 6)):
        held = [each for each in boxes if ((each.main or 0) >= SURE_FROM) is main]
        if not held:
            continue
        detections = supervision.Detections(
            xyxy=np.array([each.detection.box_xyxy_px for each in held]) * scale,
            confidence=np.array([each.detection.score for each in held]),
            class_id=np.array([each.detection.place for each in held]),
        )
        canvas = supervision.BoxAnnotator(thickness=thick).annotate(canvas, detections)
        labels = [title_of(each) for each in held]
        canvas = supervision.LabelAnnotator(
            text_scale=0.5, text_padding=4, smart_position=True
        ).annotate(canvas, detections, labels)
    return np.ascontiguousarray(canvas[..., ::-1])


def title_of(box: SeenBox) -> str:
    """``bottom > skirt 0.81``: the coarse class, the finest name that is likelier than not."""
    name, share = next(iter(box.names.items()), ("", 0.0))
    fine = f" > {name}" if share >= SURE_FROM else ""
    return f"{box.label}{fine} {box.detection.score:.2f}"


def write_overlay(path: Path, image: ImageRGB, boxes: tuple[SeenBox, ...]) -> None:
    """Draw into a PNG; the folder is made where it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(draw_overlay(image, boxes)).save(path)


def _supervision() -> Any:
    try:
        import supervision
    except ImportError as error:
        raise ModelUnavailable(
            "overlays are drawn by supervision, which is not installed",
            where="--overlay",
            hint="Install it with: pip install 'lookalike[models]'",
        ) from error
    return supervision
