"""Writes what `models.variants.mask` serves: fp16 safetensors and an ONNX network over them."""

from __future__ import annotations

import hashlib
import json
import shutil
import warnings
from pathlib import Path

import onnx
import torch
from safetensors.torch import save_file

from models.training.export import link_weights, swap_folder
from models.training.variants_mask_network import MaskNetwork
from models.variants.frame import HEIGHT_PX, WIDTH_PX

__all__ = ["export_mask"]


def export_mask(network: MaskNetwork, classes: tuple[str, ...], folder: Path) -> Path:
    """Write a folder of weights.

    Args:
        network: Rounded to fp16 in place.
        classes: Coarse classes, in the order of its second input.
        folder: Gets ``mask.safetensors``, ``mask.onnx`` and ``config.json``.
    """
    served, folder = folder, folder.with_name(f"{folder.name}.new")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    state = {
        name: each.half().contiguous()
        for name, each in network.state_dict().items()
        if each.is_floating_point()
    }
    network.load_state_dict({name: each.float() for name, each in state.items()}, strict=False)
    weights, path = folder / "mask.safetensors", folder / "mask.onnx"
    save_file(state, weights)
    frames = torch.zeros(2, HEIGHT_PX, WIDTH_PX, 4, dtype=torch.uint8)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval().to(memory_format=torch.contiguous_format),
            (frames, torch.zeros(2, len(classes))),
            str(path),
            dynamo=False,
            opset_version=17,
            # Weights keep their names; the runtime fuses and folds.
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
            input_names=["frames", "kinds"],
            output_names=["masks"],
            dynamic_axes={name: {0: "n"} for name in ("frames", "kinds", "masks")},
        )
    onnx.save(link_weights(onnx.load(str(path)), "", weights), str(path))
    onnx.checker.check_model(str(path))
    digest = hashlib.sha256()
    for each in (weights, path):
        each.chmod(0o644)  # safetensors makes files that only their owner reads
        digest.update(each.read_bytes())
    config = {"revision": digest.hexdigest()[:16], "classes": list(classes)}
    text = json.dumps(config, indent=1, ensure_ascii=False)
    (folder / "config.json").write_text(f"{text}\n", encoding="utf-8")
    return swap_folder(folder, served)
