from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.foreign import MappedNetwork
from detectors.registry import load_foreign
from detectors.yolo import YoloDetector
from engine.errors import InvalidInput, ModelUnavailable

NAMES = {0: "person", 1: "t-shirt", 2: "coat", 3: "handbag"}
CLASSES = ("top", "bag", "belt")
LABELS = {"t-shirt": "top", "coat": "top", "handbag": "bag"}


class Exported:
    """What ultralytics exports: one size, floats, channels first; finds the red rectangle."""

    def __init__(self, **metadata: str) -> None:
        self.metadata = {"names": str(NAMES), "imgsz": "[64, 96]", **metadata}

    def run(
        self, count: int, inputs: Callable[[int, int], dict[str, Any]]
    ) -> Iterator[NDArray[np.float32]]:
        for place in range(count):
            (image,) = inputs(place, place + 1)["images"]
            assert image.shape == (3, 64, 96)
            assert image.dtype == np.float32
            rows, columns = np.nonzero((image[0] > 0.8) & (image[1] < 0.2))
            box = np.array(
                [
                    (columns.min() + columns.max() + 1) / 2,
                    (rows.min() + rows.max() + 1) / 2,
                    columns.max() + 1 - columns.min(),
                    rows.max() + 1 - rows.min(),
                ]
            )
            yield np.array([[*box, 0.95, 0.3, 0.7, 0.1]], np.float32)[..., None]


def test_labels_are_mapped_and_boxes_stay_where_they_are() -> None:
    detector = YoloDetector(MappedNetwork(Exported(), labels=LABELS, classes=CLASSES))
    image = np.full((120, 80, 3), 255, np.uint8)
    image[30:90, 20:60] = (250, 0, 0)
    ((found,),) = detector.detect([image])
    assert found.box_xyxy_px == pytest.approx((20, 30, 60, 90), abs=3)
    # The person is none of ours; a top is a t-shirt or a coat; no label means a belt.
    assert found.posterior.tolist() == pytest.approx([0.7, 0.1, 0.0])
    assert detector.classes == CLASSES


def test_another_map_is_another_revision() -> None:
    first, second = (
        YoloDetector(MappedNetwork(Exported(), labels=labels, classes=CLASSES)).revision
        for labels in (LABELS, {"coat": "top"})
    )
    assert first != second


@pytest.mark.parametrize("labels", [{}, {"skirt": "top"}, {"coat": "outerwear"}])
def test_a_map_that_does_not_fit_is_refused_with_what_there_is(labels: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match=r"handbag.*belt"):
        MappedNetwork(Exported(), labels=labels, classes=CLASSES)


def test_a_file_of_somebody_else_is_refused() -> None:
    with pytest.raises(ModelUnavailable, match="yolo export"):
        MappedNetwork(Exported(names="?"), labels=LABELS, classes=CLASSES)


def open_exported(path: Path, *, chunk: int) -> Exported:
    assert (path.suffix, chunk) == (".onnx", 1)
    return Exported()


def test_it_is_loaded_with_a_map_from_a_file(tmp_path: Path) -> None:
    labels = tmp_path / "labels.yaml"
    labels.write_text("t-shirt: top\nhandbag: bag\n", encoding="utf-8")
    detector = load_foreign(open_exported, tmp_path / "their.onnx", labels=labels)
    assert "top" in detector.classes


def test_a_checkpoint_or_a_missing_map_is_refused_with_the_way_on(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="yolo export"):
        load_foreign(open_exported, tmp_path / "their.pt", labels=None)
    with pytest.raises(InvalidInput, match="t-shirt: top"):
        load_foreign(open_exported, tmp_path / "their.onnx", labels=None)
    listed = tmp_path / "labels.yaml"
    listed.write_text("- top\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="no map"):
        load_foreign(open_exported, tmp_path / "their.onnx", labels=listed)
