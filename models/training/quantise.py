"""The image tower with its heavy products in int8, beside the fp32 file that it is made from.

Static quantisation (QDQ) of the large pointwise convolutions alone. Depthwise convolutions and the
first stages stay as they are: quantised too, they cost a twelfth of the vector (cosine 0.91 to the
fp32 tower, against 0.999) and are a small part of the time. Needs the package onnx, no torch.

Run ``python -m models.training.quantise [FOLDER]`` after the weights have changed.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from engine.errors import DecodeError, InvalidInput
from engine.images import decode_image
from engine.types import ImageRGB
from models.compact import INT8_FILE, REVISION_KEY, WEIGHTS, read_config
from models.preprocess import letterbox

__all__ = ["quantise_images", "sample_pictures"]

_LEAST_WEIGHTS = 8_000
"""Of a pointwise convolution that is worth it; 40 to 240 channels has 9,600."""
_BATCH = 16
_SAMPLES = Path(__file__).parents[2] / "data_samples" / "images"
_DECODE_PX = 192


def sample_pictures(*, most: int = 176) -> list[ImageRGB]:
    """Drawn pictures of the sample shop, spread evenly; those that are damaged on purpose left out.

    Raises:
        InvalidInput: The folder of the samples has no picture.
    """
    files = sorted(_SAMPLES.glob("*.webp"))
    if not files:
        raise InvalidInput("there are no sample pictures", where=str(_SAMPLES))
    found: list[ImageRGB] = []
    for file in files[:: max(1, len(files) // most)]:
        try:
            found.append(decode_image(file.read_bytes(), target_px=_DECODE_PX))
        except DecodeError:
            continue
    return found


def quantise_images(folder: Path, pictures: Sequence[ImageRGB], out: Path | None = None) -> Path:
    """Write the int8 image tower.

    Args:
        folder: Weights that `models.compact` serves from.
        pictures: To learn the ranges of the activations from, at least 16.
        out: The file; by default in the same folder, where `models.compact` looks for it.

    Returns:
        The file that was written.

    Raises:
        InvalidInput: Too few pictures.
    """
    import onnx
    import onnxruntime
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    if len(pictures) < _BATCH:
        raise InvalidInput(
            f"got {len(pictures)} pictures, expected at least {_BATCH}", where="pictures"
        )
    config = read_config(folder)
    target = out or folder / INT8_FILE
    frames = np.stack(
        [letterbox(each, height_px=config.height_px, width_px=config.width_px) for each in pictures]
    )
    with TemporaryDirectory(prefix="lookalike-int8-") as place:
        flat, quantised = Path(place) / "flat.onnx", Path(place) / "int8.onnx"
        # Basic optimisation folds the casts of the stored weights and the batch norms away.
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(flat)
        options.log_severity_level = 3
        onnxruntime.InferenceSession(
            str(folder / "image.onnx"), sess_options=options, providers=["CPUExecutionProvider"]
        )
        quantize_static(
            flat,
            quantised,
            _Frames(frames),  # pyright: ignore[reportArgumentType] a reader by its shape
            quant_format=QuantFormat.QDQ,
            nodes_to_quantize=_heavy(onnx.load(str(flat))),
            per_channel=True,
            weight_type=QuantType.QInt8,
            activation_type=QuantType.QUInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
        model = onnx.load(str(quantised))
        model.metadata_props.add(key=REVISION_KEY, value=config.revision)
        partial = target.with_suffix(".partial")
        onnx.save(model, str(partial))
        partial.replace(target)
    return target


class _Frames:
    """Frames in batches, as the calibration asks for them."""

    def __init__(self, frames: np.ndarray) -> None:
        # Only whole batches: the calibration stacks what comes of them.
        self._batches: Iterator[np.ndarray] = (
            frames[start : start + _BATCH] for start in range(0, len(frames) - _BATCH + 1, _BATCH)
        )

    def get_next(self) -> dict[str, np.ndarray] | None:
        batch = next(self._batches, None)
        return None if batch is None else {"pictures": batch}


def _heavy(model: Any) -> list[str]:
    shapes = {each.name: tuple(each.dims) for each in model.graph.initializer}
    found: list[str] = []
    for node in model.graph.node:
        shape = shapes.get(node.input[1], ()) if node.op_type == "Conv" else ()
        if len(shape) == 4 and shape[2:] == (1, 1) and np.prod(shape) >= _LEAST_WEIGHTS:
            found.append(node.name)
    return found


def main() -> None:
    """Quantise a folder of weights in place."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else WEIGHTS
    written = quantise_images(folder, sample_pictures())
    logging.getLogger(__name__).info("%s: %d bytes", written, written.stat().st_size)


if __name__ == "__main__":
    main()
