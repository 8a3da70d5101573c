"""Writes what serving reads: the weights as fp16 safetensors, ONNX towers over them, tokenizer.

The weights lie on disk once: the ONNX files hold the computation and point into the safetensors
file. ONNX Runtime folds the casts to fp32 when it loads them, so the arithmetic is fp32.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import warnings
from pathlib import Path

import onnx
import torch
from onnx import TensorProto, helper
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from models.preprocess import preprocess_hash
from models.training.network import DualTower, TowerConfig

__all__ = ["export_checkpoint", "export_compact", "link_weights", "swap_folder"]

_SERVED = (
    "compact.safetensors",
    "image.onnx",
    "text.onnx",
    "tokenizer.json",
    "heads.safetensors",
    "labels.json",
)
"""What a revision is the hash of."""


def link_weights(model: onnx.ModelProto, prefix: str, weights: Path) -> onnx.ModelProto:
    """Let a model's weights lie in a safetensors file beside it; changes the model in place.

    A safetensors file is a header and then plain arrays, which is what ONNX calls external data.
    Each fp16 tensor gets a cast to fp32 behind it, under the weight's old name.

    Args:
        model: Initialisers named as in the torch module.
        prefix: The module's place in the file, such as ``image.``.
        weights: fp16 tensors, in the folder that the model will be saved to.
    """
    with weights.open("rb") as file:
        header_bytes = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(header_bytes))
    casts: list[onnx.NodeProto] = []
    for tensor in model.graph.initializer:
        entry = header.get(prefix + tensor.name)
        if tensor.data_type != TensorProto.FLOAT or entry is None:
            continue
        start, end = entry["data_offsets"]
        wide = tensor.name
        linked = TensorProto(
            name=f"{wide}.fp16",
            data_type=TensorProto.FLOAT16,
            dims=tensor.dims,
            data_location=TensorProto.EXTERNAL,
        )
        place = {
            "location": weights.name,
            "offset": 8 + header_bytes + start,
            "length": end - start,
        }
        for key, value in place.items():
            linked.external_data.add(key=key, value=str(value))
        tensor.CopyFrom(linked)
        casts.append(helper.make_node("Cast", [linked.name], [wide], to=TensorProto.FLOAT))
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*casts, *nodes])
    return model


def _export_tower(
    tower: nn.Module, example: Tensor, weights: Path, name: str, source: str, axes: dict[int, str]
) -> None:
    path = weights.parent / f"{name}.onnx"
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            tower.eval(),
            (example,),
            str(path),
            dynamo=False,
            opset_version=17,
            # Nothing is fused or folded, so that weights keep their names; the runtime does both.
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
            input_names=[source],
            output_names=["vectors"],
            dynamic_axes={source: axes, "vectors": {0: "n"}},
        )
    onnx.save(link_weights(onnx.load(str(path)), f"{name}.", weights), str(path))
    onnx.checker.check_model(str(path))


def export_compact(
    model: DualTower,
    tokenizer: Tokenizer,
    label_names: dict[str, tuple[str, ...]],
    folder: Path,
) -> Path:
    """Write the whole folder that `models.compact` serves from.

    Args:
        model: On the CPU; rounded to fp16 in place, so that every file holds the same weights.
        tokenizer: Of the text tower.
        label_names: Attribute → labels, in the order of the heads' outputs.
        folder: Its name is the encoder's. Gets ``compact.safetensors``, ``image.onnx``,
            ``text.onnx``, ``tokenizer.json``, ``heads.safetensors``, ``labels.json`` and
            ``config.json``.
    """
    served, folder = folder, folder.with_name(f"{folder.name}.new")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model.eval()
    state = {
        name: each.half().contiguous() if each.is_floating_point() else each
        for name, each in model.state_dict().items()
    }
    model.load_state_dict({name: each.float() for name, each in state.items()})
    weights = folder / "compact.safetensors"
    save_file(state, weights)
    towers = model.config
    pictures = torch.zeros(2, towers.height_px, towers.width_px, 3, dtype=torch.uint8)
    _export_tower(model.image, pictures, weights, "image", "pictures", {0: "n"})
    tokens = torch.ones(2, 7, dtype=torch.long)
    _export_tower(model.text, tokens, weights, "text", "tokens", {0: "n", 1: "t"})
    tokenizer.save(str(folder / "tokenizer.json"))
    heads: dict[str, Tensor] = {}
    for name, head in model.heads.named().items():
        heads[f"{name}.weight"] = head.weight.detach().half().contiguous()
        heads[f"{name}.bias"] = head.bias.detach().half().contiguous()
    save_file(heads, folder / "heads.safetensors")
    _write_json(folder / "labels.json", {name: list(each) for name, each in label_names.items()})
    digest = hashlib.sha256()
    for name in _SERVED:
        (folder / name).chmod(0o644)  # safetensors makes files that only their owner reads
        digest.update((folder / name).read_bytes())
    _write_json(
        folder / "config.json",
        {
            "name": served.name,
            "revision": digest.hexdigest()[:16],
            "dims": towers.dims,
            "height_px": towers.height_px,
            "width_px": towers.width_px,
            "tokens": towers.tokens,
            "vocabulary": towers.vocabulary,
            "text_layers": towers.text_layers,
            "preprocess": preprocess_hash(towers.height_px, towers.width_px),
        },
    )
    return swap_folder(folder, served)


def swap_folder(written: Path, served: Path) -> Path:
    """Put a complete folder in the place of the one that was served.

    Returns:
        `served`. A crash between the two renames leaves the old one beside it, as ``.old``.
    """
    old = served.with_name(f"{served.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if served.exists():
        served.rename(old)
    written.rename(served)
    shutil.rmtree(old, ignore_errors=True)
    return served


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def export_checkpoint(work: Path, out: Path, towers: TowerConfig) -> Path:
    """Export the averaged weights of a run that may still be going on.

    Args:
        work: The run's folder, with ``checkpoint.safetensors``, ``tokenizer.json`` and
            ``labels.json``.
        out: Gets ``compact/``.
        towers: The run's sizes.
    """
    names = {
        name: tuple(values)
        for name, values in json.loads((work / "labels.json").read_text(encoding="utf-8")).items()
    }
    model = DualTower(towers, {name: len(values) for name, values in names.items()})
    average = {
        name.removeprefix("average/"): each
        for name, each in load_file(work / "checkpoint.safetensors").items()
        if name.startswith("average/")
    }
    model.load_state_dict(average)
    tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
    return export_compact(model, tokenizer, names, out / "compact")
