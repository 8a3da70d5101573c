"""Writes the detector that is served: fp16 weights as safetensors, an ONNX graph over them."""

from __future__ import annotations

import hashlib
import json
import shutil
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, numpy_helper
from safetensors.numpy import save_file
from torch import Tensor, nn

__all__ = ["Link", "export_detector"]

Link = Callable[[onnx.ModelProto, str, Path], onnx.ModelProto]
WEIGHTS, GRAPH = "detector.safetensors", "detector.onnx"


class _Served(nn.Module):
    """From the bytes of pictures, so that nothing has to be normalised outside."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        return self.network(pictures.permute(0, 3, 1, 2).float() / 255)


def export_detector(
    network: Any, folder: Path, *, classes: Sequence[str], side_px: int, link: Link
) -> Path:
    """Write the folder that `detectors.yolo` serves from.

    Args:
        network: An ultralytics detection model, on the CPU; its layers are fused in place.
        folder: Gets ``detector.safetensors`` and ``detector.onnx``.
        classes: In the order of its outputs.
        side_px: Longer side of the frames that it was trained on.
        link: Makes a graph's weights external (`models.training.export.link_weights`).
    """
    network = network.float().eval().fuse(verbose=False)
    head = network.model[-1]
    head.export, head.dynamic, head.format = True, True, "onnx"
    served, folder = folder, folder.with_name(f"{folder.name}.new")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    graph = folder / GRAPH
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Served(network).eval(),
            (torch.zeros(2, side_px, side_px - 64, 3, dtype=torch.uint8),),
            str(graph),
            dynamo=False,
            opset_version=17,
            input_names=["pictures"],
            output_names=["boxes"],
            dynamic_axes={
                "pictures": {0: "n", 1: "h", 2: "w"},
                "boxes": {0: "n", 2: "anchors"},
            },
        )
    model = onnx.load(str(graph))
    weights = {
        each.name: numpy_helper.to_array(each).astype(np.float16)
        for each in model.graph.initializer
        if each.data_type == TensorProto.FLOAT and len(each.dims) > 0
    }
    save_file(weights, folder / WEIGHTS)
    (folder / WEIGHTS).chmod(0o644)  # safetensors makes files that only their owner reads
    model = link(model, "", folder / WEIGHTS)
    digest = hashlib.sha256((folder / WEIGHTS).read_bytes() + model.SerializeToString())
    held = {
        "classes": json.dumps(list(classes)),
        "side_px": str(side_px),
        "revision": digest.hexdigest()[:16],
    }
    onnx.helper.set_model_props(model, held)
    onnx.save(model, str(graph))
    onnx.checker.check_model(str(graph))
    shutil.rmtree(served, ignore_errors=True)
    return folder.rename(served)
