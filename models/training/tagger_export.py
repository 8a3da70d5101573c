"""The tagger's network, and what serving reads of it: fp16 safetensors with ONNX over them."""

from __future__ import annotations

import hashlib
import json
import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path

import onnx
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from models.attributes import TaggedFacet
from models.training.export import link_weights, swap_folder

__all__ = ["FacetNetwork", "export_tagger"]


class FacetNetwork(nn.Module):
    """Unit vectors to the logits of all facets, one after another: linear layer plus perceptron.

    The linear path is what the encoder's own heads are. A perceptron alone lost season to them.
    """

    def __init__(self, dims: int, outputs: int, *, hidden: int, dropout: float):
        super().__init__()
        self.stretch = dims**0.5  # a unit vector's parts are small against what layers expect
        self.linear = nn.Linear(dims, outputs)
        nn.init.zeros_(self.linear.weight)
        self.hidden = nn.Linear(dims, hidden)
        self.drop = nn.Dropout(dropout)
        self.bend = nn.Linear(hidden, outputs)

    def forward(self, vectors: Tensor) -> Tensor:
        """(N, D) to (N, outputs)."""
        stretched = vectors * self.stretch
        return self.linear(stretched) + self.bend(
            self.drop(functional.gelu(self.hidden(stretched)))
        )


def export_tagger(
    network: FacetNetwork, facets: Sequence[TaggedFacet], folder: Path, *, encoder: str
) -> Path:
    """Write what `models.attributes` serves: fp16 safetensors, ONNX over it, the labels.

    Args:
        network: Rounded to fp16 in place.
        facets: In the order of its outputs.
        folder: Gets ``tagger.safetensors``, ``tagger.onnx`` and ``config.json``.
        encoder: Fingerprint of the encoder whose vectors it reads.
    """
    served, folder = folder, folder.with_name(f"{folder.name}.new")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    state = {name: each.half().contiguous() for name, each in network.state_dict().items()}
    network.load_state_dict({name: each.float() for name, each in state.items()})
    weights = folder / "tagger.safetensors"
    save_file(state, weights)
    path = folder / "tagger.onnx"
    dims = network.hidden.in_features
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(),
            (torch.zeros(2, dims),),
            str(path),
            dynamo=False,
            opset_version=17,
            # Weights keep their names; the runtime fuses and folds.
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
            input_names=["vectors"],
            output_names=["logits"],
            dynamic_axes={"vectors": {0: "n"}, "logits": {0: "n"}},
        )
    onnx.save(link_weights(onnx.load(str(path)), "", weights), str(path))
    onnx.checker.check_model(str(path))
    described = {
        each.facet.value: {
            "labels": list(each.labels),
            "temperature": each.temperature,
            "has_none": each.has_none,
            "sure_from": each.sure_from,
        }
        for each in facets
    }
    digest = hashlib.sha256(json.dumps(described).encode())
    for each in (weights, path):
        each.chmod(0o644)  # safetensors makes files that only their owner reads
        digest.update(each.read_bytes())
    config = {
        "revision": digest.hexdigest()[:16],
        "encoder": encoder,
        "dims": dims,
        "facets": described,
    }
    text = json.dumps(config, indent=1, ensure_ascii=False)
    (folder / "config.json").write_text(f"{text}\n", encoding="utf-8")
    return swap_folder(folder, served)
