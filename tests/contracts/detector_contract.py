"""The battery that every detector passes; one test a promise of `engine.ports.Detector`.

Subclass `DetectorContract` and give it a `detector` fixture of class scope.
"""

from __future__ import annotations

import numpy as np
import pytest

from engine.boxes import iou_matrix
from engine.detections import Detection
from engine.errors import InvalidInput
from engine.ports import Detector
from engine.types import ImageRGB


def street_like(seed: int, size_hw: tuple[int, int] = (240, 160)) -> ImageRGB:
    """Noise with a few blocks of colour, so that a detector finds something somewhere."""
    rng = np.random.default_rng(seed)
    image = rng.integers(90, 160, (*size_hw, 3), dtype=np.uint8)
    for _ in range(6):
        top, left = rng.integers(0, size_hw[0] - 20), rng.integers(0, size_hw[1] - 20)
        high, wide = rng.integers(15, size_hw[0] // 2), rng.integers(15, size_hw[1] // 2)
        image[top : top + high, left : left + wide] = rng.integers(0, 256, 3)
    return image


def pictures() -> list[ImageRGB]:
    """Of many shapes, the smallest of one pixel."""
    return [
        street_like(0),
        street_like(1, (160, 300)),
        street_like(2),
        np.full((1, 1, 3), 128, np.uint8),
        np.full((3, 400, 3), (200, 30, 35), np.uint8),
        street_like(3, (61, 47)),
    ]


def close(a: tuple[Detection, ...], b: tuple[Detection, ...]) -> bool:
    """The same boxes with the same posteriors, but for rounding."""
    return len(a) == len(b) and all(
        np.allclose(x.box_xyxy_px, y.box_xyxy_px, atol=0.1)
        and np.allclose(x.posterior, y.posterior, atol=1e-3)
        for x, y in zip(a, b, strict=True)
    )


class DetectorContract:
    def test_boxes_lie_inside_and_posteriors_are_probabilities(self, detector: Detector) -> None:
        found = detector.detect(pictures())
        assert len(found) == len(pictures())
        assert any(found)
        for image, those in zip(pictures(), found, strict=True):
            high, wide = image.shape[:2]
            for each in those:
                x0, y0, x1, y1 = each.box_xyxy_px
                assert 0 <= x0 < x1 <= wide
                assert 0 <= y0 < y1 <= high
                assert each.posterior.shape == (len(detector.classes),)
                assert each.posterior.dtype == np.float32
                assert ((each.posterior >= 0) & (each.posterior <= 1)).all()
                assert each.score == each.posterior[each.place]

    def test_the_surest_come_first(self, detector: Detector) -> None:
        for those in detector.detect(pictures()):
            scores = [each.score for each in those]
            assert scores == sorted(scores, reverse=True)

    def test_two_boxes_of_one_class_that_overlap_much_are_one(self, detector: Detector) -> None:
        for those in detector.detect(pictures()):
            for place in {each.place for each in those}:
                boxes = np.array([each.box_xyxy_px for each in those if each.place == place])
                overlap = iou_matrix(boxes, boxes) - np.eye(len(boxes))
                assert overlap.max() < 0.9

    def test_a_batch_gives_what_its_pictures_give(self, detector: Detector) -> None:
        together = detector.detect(pictures())
        alone = [detector.detect([each])[0] for each in pictures()]
        assert all(close(a, b) for a, b in zip(together, alone, strict=True))

    def test_no_pictures_give_nothing(self, detector: Detector) -> None:
        assert detector.detect([]) == []

    def test_what_is_no_picture_is_refused(self, detector: Detector) -> None:
        with pytest.raises(InvalidInput, match="uint8"):
            detector.detect([np.zeros((4, 4), np.uint8)])

    def test_it_says_what_it_is(self, detector: Detector) -> None:
        assert detector.revision
        assert len(set(detector.classes)) == len(detector.classes) > 1
