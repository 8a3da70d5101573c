"""Which pixels of a picture are the garment in a box, at full resolution."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidInput, ModelUnavailable
from engine.ports import Network
from engine.types import BoxPx, ImageRGB
from models.onnx_session import OnnxTower
from models.variants.frame import HEIGHT_PX, WIDTH_PX, Frame, frame_around
from models.variants.guided import refine

__all__ = ["WEIGHTS", "GarmentMasks", "load_masks"]

WEIGHTS = Path(__file__).parents[1] / "weights" / "variant-mask"
_HINT = "Train them with `lookalike train variant-mask`."
_CHUNK = 8
_VERSION = 2
"""Of what is made of the network's output."""


class GarmentMasks:
    """Finds garments in boxes.

    A network says roughly where the garment is (`frame.HEIGHT_PX` × `frame.WIDTH_PX`); the guided
    filter brings that to the picture's edges, the faint ones of white on white too.

    Args:
        network: ``frames`` uint8 (N, H, W, 4) and ``kinds`` float32 (N, classes) to ``masks``
            (N, H, W).
        classes: Coarse classes that it knows, in its order.
        revision: Of its weights.
    """

    def __init__(self, network: Network, *, classes: Sequence[str], revision: str):
        self._network = network
        self.classes = tuple(classes)
        self.revision = f"{_VERSION}-{revision}"

    def mask(
        self, image: ImageRGB, boxes_xyxy_px: Sequence[BoxPx], labels: Sequence[str]
    ) -> NDArray[np.float32]:
        """The pixels of one product.

        Args:
            image: uint8 (H, W, 3).
            boxes_xyxy_px: Of its visible parts, such as both shoes; at least one.
            labels: Coarse class of each; any other word where it is not known.

        Returns:
            float32 (H, W), 0 to 1, with soft edges; 0 outside the boxes' frames.

        Raises:
            InvalidInput: No box, or one outside the picture.
        """
        if not boxes_xyxy_px:
            raise InvalidInput("got no box, expected at least one", where="boxes")
        high, wide = image.shape[:2]
        frames = [frame_around(wide, high, each) for each in boxes_xyxy_px]
        found = np.zeros((high, wide), np.float32)
        for frame, rough in zip(frames, self.rough(image, frames, labels), strict=True):
            held = frame.cut(found)
            np.maximum(held, refine(rough, frame.cut(image)), out=held)
        return _sharper(found)

    def rough(
        self, image: ImageRGB, frames: Sequence[Frame], labels: Sequence[str]
    ) -> list[NDArray[np.float32]]:
        """What the network says of each frame: float32 (`HEIGHT_PX`, `WIDTH_PX`), 0 to 1."""
        read = np.stack([_framed(image, each) for each in frames])
        kinds = np.array(
            [[float(name == label) for name in self.classes] for label in labels], np.float32
        )
        chunks = self._network.run(
            len(read), lambda start, end: {"frames": read[start:end], "kinds": kinds[start:end]}
        )
        return [each for chunk in chunks for each in chunk]


def _framed(image: ImageRGB, frame: Frame) -> NDArray[np.uint8]:
    x0, y0, x1, y1 = frame.box
    y = (np.arange(HEIGHT_PX) + 0.5) / HEIGHT_PX
    x = (np.arange(WIDTH_PX) + 0.5) / WIDTH_PX
    inside = ((y >= y0) & (y < y1))[:, None] & ((x >= x0) & (x < x1))
    return np.dstack([frame.read(image), inside.astype(np.uint8) * 255])


def _sharper(part: NDArray[np.float32]) -> NDArray[np.float32]:
    """Doubt near 0 and 1 taken away: a faint mask over all surroundings would tint them."""
    held = np.clip((part - 0.2) / 0.6, 0.0, 1.0)
    return np.asarray(held * held * (3 - 2 * held), np.float32)


def load_masks(folder: Path = WEIGHTS, *, threads: int | None = None) -> GarmentMasks:
    """The masks that ship with Lookalike, or others from a folder.

    Args:
        folder: What `lookalike train variant-mask` wrote.
        threads: See `OnnxTower`.

    Raises:
        ModelUnavailable: A file is missing or damaged.
    """
    try:
        config: Any = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return GarmentMasks(
            OnnxTower(folder / "mask.onnx", chunk=_CHUNK, threads=threads),
            classes=[str(each) for each in config["classes"]],
            revision=str(config["revision"]),
        )
    except FileNotFoundError as error:
        raise ModelUnavailable(
            "the weights of garment masks are not there",
            where=str(error.filename or folder),
            hint=_HINT,
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelUnavailable(f"cannot be read: {error!r}", where=str(folder)) from error
