from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from detectors.yolo import YoloDetector, frame, frame_size
from engine.errors import ModelUnavailable
from engine.ports import Detector
from tests.contracts.detector_contract import DetectorContract, street_like

CLASSES = ("top", "bottom", "bag")


class Painted:
    """A network that finds the red rectangle of each frame, and says it three times."""

    def __init__(self) -> None:
        self.metadata = {"classes": json.dumps(CLASSES), "side_px": "64", "revision": "painted"}

    def run(
        self, count: int, inputs: Callable[[int, int], dict[str, Any]]
    ) -> Iterator[NDArray[np.float32]]:
        for start in range(0, count, 2):
            frames = inputs(start, min(count, start + 2))["pictures"]
            yield np.stack([self._output(each) for each in frames])

    def _output(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        assert pixels.shape[0] % 32 == pixels.shape[1] % 32 == 0
        red = (pixels[..., 0] > 200) & (pixels[..., 1] < 60)
        rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
        if not rows.size:
            return np.zeros((4 + len(CLASSES), 3), np.float32)
        y0, y1, x0, x1 = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
        box = [(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0]
        anchors = [[*box, 0.9, 0.3, 0.1], [*box, 0.2, 0.8, 0.1], [*box, 0.1, 0.2, 0.15]]
        return np.array(anchors, np.float32).T


def test_a_box_comes_back_in_the_pixels_of_its_picture() -> None:
    image = np.full((300, 200, 3), 255, np.uint8)
    image[90:210, 40:120] = (250, 0, 0)
    (found,) = YoloDetector(Painted()).detect([image])
    assert len(found) == 1  # three readings of one thing
    assert found[0].box_xyxy_px == pytest.approx((40, 90, 120, 210), abs=5)  # one frame pixel
    assert found[0].posterior.tolist() == pytest.approx([0.9, 0.3, 0.1])
    assert CLASSES[found[0].place] == "top"


def test_pictures_of_all_shapes_come_back_in_order() -> None:
    images: list[NDArray[np.uint8]] = []
    for place in range(7):
        image = np.full((100 + 60 * (place % 3), 100, 3), 255, np.uint8)
        if place != 4:
            image[10 : 30 + 5 * place, 20:60] = (250, 0, 0)
        images.append(image)
    found = YoloDetector(Painted()).detect(images)
    tall = [those[0].box_xyxy_px[3] if those else None for those in found]
    assert tall[4] is None
    for place in (0, 1, 2, 3, 5, 6):
        assert tall[place] == pytest.approx(30 + 5 * place, abs=5)


def test_frames_are_multiples_of_32_and_keep_proportions() -> None:
    assert frame_size(np.zeros((600, 400, 3), np.uint8), 320) == (320, 224)
    assert frame_size(np.zeros((10, 1000, 3), np.uint8), 320) == (32, 320)
    image = np.full((600, 400, 3), 7, np.uint8)
    held = frame(image, (320, 224))
    inside = (held == 7).all(axis=2)
    assert inside.sum() == 320 * 213
    assert (held[~inside] == 114).all()


def test_a_network_that_does_not_say_its_classes_is_refused() -> None:
    unknown = Painted()
    unknown.metadata = {"side_px": "64"}
    with pytest.raises(ModelUnavailable, match="classes"):
        YoloDetector(unknown)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """An untrained network of ultralytics and the folder that was made of it."""
    pytest.importorskip("ultralytics")
    from detectors.training.export import export_detector
    from detectors.training.quiet import quiet_ultralytics
    from models.training.export import link_weights

    folder = tmp_path_factory.mktemp("yolo")
    ultralytics = quiet_ultralytics(folder / "settings", threads=1)
    import torch

    torch.manual_seed(3)
    network = ultralytics.YOLO("yolo11n.yaml").model
    network.load_state_dict({k: v.half().float() for k, v in network.state_dict().items()})
    head = network.model[-1]
    for branch in head.cv3:  # surer than an untrained one, so that there is something to see
        torch.nn.init.normal_(branch[-1].weight, std=1.5)
        torch.nn.init.uniform_(branch[-1].bias, -3.0, 0.5)
    names = [f"class {place}" for place in range(head.nc)]
    made = export_detector(network, folder / "served", classes=names, side_px=96, link=link_weights)
    return network, made


def test_ultralytics_leaves_pillow_alone(exported: tuple[Any, Path]) -> None:
    assert Image.open.__module__ == "PIL.Image"


class TestExported(DetectorContract):
    @pytest.fixture(scope="class")
    @classmethod
    def detector(cls, exported: tuple[Any, Path]) -> Detector:
        from models.onnx_session import OnnxTower

        return YoloDetector(OnnxTower(exported[1] / "detector.onnx", chunk=2))

    def test_it_computes_what_torch_computes(self, exported: tuple[Any, Path]) -> None:
        import torch

        from models.onnx_session import OnnxTower

        network, folder = exported
        pixels = np.stack([street_like(seed, (96, 64)) for seed in range(2)])
        (served,) = OnnxTower(folder / "detector.onnx", chunk=2).run(
            2, lambda start, end: {"pictures": pixels[start:end]}
        )
        with torch.no_grad():
            theirs = network(torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255)
        assert np.abs(served[:, 4:] - np.asarray(theirs)[:, 4:]).max() < 0.02
        assert np.abs(served[:, :4] - np.asarray(theirs)[:, :4]).max() < 0.5
