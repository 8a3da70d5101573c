"""Garments and accessories in pictures: an ultralytics YOLO, served through ONNX Runtime.

The whole posterior of every box is kept, not only its best class: what comes after (the gallery
graph, RelDetect) weighs what else a box may be.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.boxes import suppress
from engine.detections import Detection
from engine.errors import InvalidInput, ModelUnavailable
from engine.ports import Network
from engine.types import BoxPx, ImageRGB

__all__ = ["LEAST_SCORE", "MOST_BOXES", "YoloDetector", "frame", "frame_size"]

LEAST_SCORE = 0.25
MOST_BOXES = 40
_STRIDE = 32
_GREY = 114  # what ultralytics pads with in training
_SAME_CLASS_IOU = 0.6
_ANY_CLASS_IOU = 0.85
"""Above it two boxes are one thing, whatever they are called."""


class YoloDetector:
    """Implements `engine.ports.Detector`.

    Args:
        network: uint8 (n, H, W, 3) to float32 (n, 4 + C, A): centre, size and class probabilities
            of A anchors, in pixels of the frame. Its metadata hold ``classes`` (JSON list),
            ``side_px`` and ``revision``, as `detectors.training.export` writes them.
        least_score: Boxes of lesser probability are left out.
        most: Boxes of a picture.

    Raises:
        ModelUnavailable: The metadata are missing: the file is no detector of this project.
    """

    def __init__(
        self, network: Network, *, least_score: float = LEAST_SCORE, most: int = MOST_BOXES
    ):
        held = network.metadata
        if not {"classes", "side_px", "revision"} <= held.keys():
            raise ModelUnavailable(
                "the network does not say its classes, side_px and revision",
                where="detector",
                hint="Export it with `lookalike train detector`.",
            )
        self._network = network
        self._classes = tuple(json.loads(held["classes"]))
        self._side_px = int(held["side_px"])
        self._weights = held["revision"]
        self._least_score = least_score
        self._most = most

    @property
    def classes(self) -> tuple[str, ...]:
        """Coarse classes, in the order of each posterior."""
        return self._classes

    @property
    def side_px(self) -> int:
        """Longer side of the frames that the network reads."""
        return self._side_px

    @property
    def weights(self) -> str:
        """Revision of its weights alone."""
        return self._weights

    @property
    def revision(self) -> str:
        """Of its weights, and which of their boxes are kept."""
        return f"{self._weights}/{self._least_score}/{self._most}"

    def detect(self, images: Sequence[ImageRGB]) -> list[tuple[Detection, ...]]:
        """See `engine.ports.Detector.detect`.

        Raises:
            InvalidInput: A picture is no uint8 (H, W, 3).
        """
        # Pictures that fill frames of one shape share a run.
        alike: dict[tuple[int, int], list[int]] = defaultdict(list)
        for place, image in enumerate(images):
            alike[frame_size(image, self._side_px)].append(place)
        found: list[tuple[Detection, ...]] = [()] * len(images)
        for size_hw, places in alike.items():
            outputs = self._outputs([images[place] for place in places], size_hw)
            for place, output in zip(places, outputs, strict=True):
                found[place] = self._boxes(output, images[place], size_hw)
        return found

    def _outputs(
        self, images: Sequence[ImageRGB], size_hw: tuple[int, int]
    ) -> Iterator[NDArray[np.float32]]:
        def pictures(start: int, end: int) -> dict[str, NDArray[np.uint8]]:
            return {"pictures": np.stack([frame(each, size_hw) for each in images[start:end]])}

        for chunk in self._network.run(len(images), pictures):
            yield from chunk

    def _boxes(
        self, output: NDArray[np.float32], image: ImageRGB, size_hw: tuple[int, int]
    ) -> tuple[Detection, ...]:
        posteriors = output[4:].T
        scores = posteriors.max(axis=1)
        sure = np.flatnonzero(scores >= self._least_score)
        sure = sure[np.argsort(-scores[sure], kind="stable")]
        x, y, wide, high = output[:4, sure].astype(np.float64)
        boxes = np.stack([x - wide / 2, y - high / 2, x + wide / 2, y + high / 2], axis=1)
        scale, left, top = _placing(image, size_hw)
        boxes = (boxes - (left, top, left, top)) / scale
        tall, broad = image.shape[:2]
        boxes = np.clip(boxes, 0, (broad, tall, broad, tall))
        real = (boxes[:, 2] - boxes[:, 0] >= 1) & (boxes[:, 3] - boxes[:, 1] >= 1)
        boxes, sure = boxes[real], sure[real]
        kept = suppress(
            boxes,
            posteriors[sure].argmax(axis=1),
            same_class_iou=_SAME_CLASS_IOU,
            any_class_iou=_ANY_CLASS_IOU,
            most=self._most,
        )
        return tuple(
            Detection(box_xyxy_px=_box(boxes[each]), posterior=posteriors[sure[each]].copy())
            for each in kept
        )


def frame_size(image: ImageRGB, side_px: int) -> tuple[int, int]:
    """Height and width of the smallest frame for a picture: multiples of 32, at most `side_px`.

    Raises:
        InvalidInput: The array is no RGB picture.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
        raise InvalidInput(
            f"got an array {image.dtype} {image.shape}, expected uint8 (H, W, 3)",
            where="picture",
            hint="Decode it with engine.images first.",
        )
    high, wide = image.shape[:2]
    scale = side_px / max(high, wide)
    tall, broad = (max(1, round(each * scale)) for each in (high, wide))
    return -(-tall // _STRIDE) * _STRIDE, -(-broad // _STRIDE) * _STRIDE


def frame(image: ImageRGB, size_hw: tuple[int, int]) -> NDArray[np.uint8]:
    """The picture in the middle of a grey frame, its proportions kept: uint8 (H, W, 3)."""
    scale, left, top = _placing(image, size_hw)
    high, wide = (max(1, round(each * scale)) for each in image.shape[:2])
    if (high, wide) != image.shape[:2]:
        resized = Image.fromarray(np.ascontiguousarray(image)).resize(
            (wide, high), Image.Resampling.BILINEAR
        )
        image = np.asarray(resized)
    canvas = np.full((*size_hw, 3), _GREY, np.uint8)
    canvas[top : top + high, left : left + wide] = image
    return canvas


def _placing(image: ImageRGB, size_hw: tuple[int, int]) -> tuple[float, int, int]:
    """Scale, left and top of the picture in the frame."""
    high, wide = image.shape[:2]
    scale = min(size_hw[0] / high, size_hw[1] / wide)
    left = (size_hw[1] - max(1, round(wide * scale))) // 2
    top = (size_hw[0] - max(1, round(high * scale))) // 2
    return scale, left, top


def _box(box: NDArray[np.float64]) -> BoxPx:
    x0, y0, x1, y1 = box.tolist()
    return (x0, y0, x1, y1)
