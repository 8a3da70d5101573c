"""Writes what serving reads: fp16 safetensors with ONNX graphs over them.

Four graphs: ``encoder`` and ``decoder`` of the pictures, ``generator`` (one call of the UNet with
whatever was retrieved) and ``middle`` (its first half, for the bank).
"""

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

from models.hub.hspace.middle import HSpace, Retrieved
from models.training.export import link_weights, swap_folder
from models.training.variants.autoencoder import Autoencoder
from models.training.variants.fit_adapter import Retrieval
from models.training.variants.network import Condition, Generator, h_space
from models.variants.prompts import PromptVocabulary
from models.variants.structure import STRUCTURE_CHANNELS

__all__ = ["export_bare", "export_merged", "export_variants"]

WEIGHTS = "variants.safetensors"


class _Encoder(nn.Module):
    def __init__(self, autoencoder: Autoencoder):
        super().__init__()
        self.encoder = autoencoder.encoder

    def forward(self, frames: Tensor) -> Tensor:
        return self.encoder(frames.permute(0, 3, 1, 2).float() / 127.5 - 1)


class _Decoder(nn.Module):
    def __init__(self, autoencoder: Autoencoder):
        super().__init__()
        self.decoder = autoencoder.decoder

    def forward(self, latents: Tensor) -> Tensor:
        pixels = (self.decoder(latents) + 1) * 127.5
        return pixels.clamp(0, 255).round().permute(0, 2, 3, 1).to(torch.uint8)


class _Generator(nn.Module):
    """The student with its hooks: everything of the retrieval is an input."""

    def __init__(self, student: Generator, retrieval: Retrieval):
        super().__init__()
        self.student, self.adapter = student, retrieval.space.adapter
        self.lora = retrieval.lora.changes
        self._retrieval = (retrieval,)

    def forward(
        self,
        latents: Tensor,
        time: Tensor,
        text: Tensor,
        codes: Tensor,
        planes: Tensor,
        retrieved: Tensor,
        similarity: Tensor,
        blend: Tensor,
        lora: Tensor,
    ) -> Tensor:
        held = self._retrieval[0]
        held.space.retrieved = Retrieved(features=retrieved, similarity=similarity, blend=blend)
        held.lora.scale = lora
        try:
            condition = Condition(text=text, codes=codes, planes=planes)
            return self.student(latents, time, condition)
        finally:
            held.space.retrieved = None
            held.lora.scale = 1.0


class _Bare(nn.Module):
    """The student alone, under the name that its weights have in the file."""

    def __init__(self, student: Generator):
        super().__init__()
        self.student = student

    def forward(
        self, latents: Tensor, time: Tensor, text: Tensor, codes: Tensor, planes: Tensor
    ) -> Tensor:
        return self.student(latents, time, Condition(text=text, codes=codes, planes=planes))


class _Merged(nn.Module):
    """The student with its decoder's changes merged in: the adapter is all that is added."""

    def __init__(self, student: Generator, space: HSpace):
        super().__init__()
        self.student, self.adapter = student, space.adapter
        self._space = (space,)

    def forward(
        self,
        latents: Tensor,
        time: Tensor,
        text: Tensor,
        codes: Tensor,
        planes: Tensor,
        retrieved: Tensor,
        similarity: Tensor,
    ) -> Tensor:
        space = self._space[0]
        space.retrieved = Retrieved(features=retrieved, similarity=similarity, blend=None)
        try:
            return self.student(latents, time, Condition(text=text, codes=codes, planes=planes))
        finally:
            space.retrieved = None


class _Middle(nn.Module):
    def __init__(self, student: Generator):
        super().__init__()
        self.student = student

    def forward(self, latents: Tensor, text: Tensor, codes: Tensor, planes: Tensor) -> Tensor:
        clean = torch.zeros_like(latents[:, 0, 0, 0])
        condition = Condition(text=text, codes=codes, planes=planes)
        return h_space(self.student, latents, clean, condition)


def _export(
    module: nn.Module,
    examples: tuple[Tensor, ...],
    names: Sequence[str],
    output: str,
    path: Path,
    dynamic: dict[str, dict[int, str]] | None = None,
) -> None:
    axes = {name: {0: "n"} for name in (*names, output)} | (dynamic or {})
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            examples,
            str(path),
            dynamo=False,
            opset_version=17,
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
            input_names=list(names),
            output_names=[output],
            dynamic_axes=axes,
        )
    graph = link_weights(onnx.load(str(path)), "", path.parent / WEIGHTS)
    for node in graph.graph.node:
        node.name = node.doc_string = ""  # a third of the file, and read by nobody
    onnx.save(graph, str(path))
    onnx.checker.check_model(str(path))


def export_variants(
    autoencoder: Autoencoder,
    student: Generator,
    retrieval: Retrieval,
    vocabulary: PromptVocabulary,
    folder: Path,
    *,
    encoder: str,
) -> Path:
    """Write the folder that `models.variants` serves from.

    Args:
        autoencoder: On the CPU, like all of them; rounded to fp16 in place.
        student: With the hooks of `retrieval` on it.
        retrieval: Adapter and decoder changes.
        vocabulary: Of the prompts.
        folder: Gets the weights, four ``.onnx`` graphs, ``prompts.json`` and ``config.json``.
        encoder: Fingerprint of the encoder whose texts condition the generator.
    """
    served, folder = folder, folder.with_name(f"{folder.name}.new")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    whole = _Generator(student, retrieval)
    parts: tuple[nn.Module, ...] = (autoencoder, whole)
    state: dict[str, Tensor] = {}
    for part in parts:
        # The served arithmetic is that of the rounded weights, so these are what is exported.
        rounded = {
            n: v.half() if v.is_floating_point() else v for n, v in part.state_dict().items()
        }
        part.load_state_dict(
            {n: v.float() if v.is_floating_point() else v for n, v in rounded.items()}
        )
        state |= {n: v.contiguous() for n, v in rounded.items()}
    save_file(state, folder / WEIGHTS)
    frames = torch.zeros(2, 96, 72, 3, dtype=torch.uint8)
    with torch.no_grad():
        latents = autoencoder.eval().encoder(torch.zeros(2, 3, 96, 72))
        text = torch.nn.functional.normalize(torch.ones(2, student.tokens.text.in_features), dim=1)
        codes = torch.zeros(2, len(student.tokens.facets) + 1, dtype=torch.long)
        planes = torch.zeros(2, STRUCTURE_CHANNELS, *latents.shape[2:])
        middle = _Middle(student).eval()(latents, text, codes, planes)
    _export(_Encoder(autoencoder), (frames,), ("frames",), "latents", folder / "encoder.onnx")
    _export(_Decoder(autoencoder), (latents,), ("latents",), "frames", folder / "decoder.onnx")
    _export(
        _Middle(student),
        (latents, text, codes, planes),
        ("latents", "text", "codes", "planes"),
        "middle",
        folder / "middle.onnx",
    )
    _export(
        whole,
        (
            latents,
            torch.ones(2),
            text,
            codes,
            planes,
            middle[:, None].repeat(1, 2, 1, 1, 1),
            torch.ones(2, 2),
            torch.full((2,), 0.8),
            torch.ones(()),
        ),
        ("latents", "time", "text", "codes", "planes", "retrieved", "similarity", "blend", "lora"),
        "velocity",
        folder / "generator.onnx",
        {"retrieved": {0: "n", 1: "k"}, "similarity": {0: "n", 1: "k"}, "lora": {}},
    )
    vocabulary.save(folder / "prompts.json")
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        path.chmod(0o644)
        digest.update(path.read_bytes())
    config = {
        "name": served.name,
        "revision": digest.hexdigest()[:16],
        "encoder": encoder,
        "latents": list(latents.shape[1:]),
        "middle": list(middle.shape[1:]),
    }
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    return swap_folder(folder, served)


def export_bare(student: Generator, folder: Path) -> Path:
    """The student's graph as it would be without retrieval, over a served folder's weights.

    Nothing serves it: it is what the cost of the hooks is held against.

    Args:
        student: Whose weights are those of the folder; no hooks on it.
        folder: What `export_variants` wrote.

    Returns:
        The graph's file.
    """
    examples, _ = _examples(student, folder)
    names = ("latents", "time", "text", "codes", "planes")
    path = folder / "bare.onnx"
    _export(_Bare(student), examples, names, "velocity", path)
    return path


def export_merged(student: Generator, retrieval: Retrieval, served: Path, folder: Path) -> Path:
    """The graph that retrieval would need if nothing were ever drawn without it.

    The changes to the decoder are merged into its weights, so those of the student alone are gone;
    no slerp. Nothing serves it: it says what of the hooks' cost is the adapter's.

    Args:
        student: With the hooks of `retrieval` on it; merged in place.
        retrieval: Adapter and decoder changes.
        served: What `export_variants` wrote.
        folder: Gets the graph and its weights.

    Returns:
        The graph's file.
    """
    retrieval.lora.merge(student.unet)
    whole = _Merged(student, retrieval.space)
    folder.mkdir(parents=True, exist_ok=True)
    save_file({n: v.half().contiguous() for n, v in whole.state_dict().items()}, folder / WEIGHTS)
    examples, middle = _examples(student, served)
    names = ("latents", "time", "text", "codes", "planes", "retrieved", "similarity")
    held = torch.zeros(2, 2, *middle)
    path = folder / "merged.onnx"
    _export(
        whole,
        (*examples, held, torch.ones(2, 2)),
        names,
        "velocity",
        path,
        {"retrieved": {0: "n", 1: "k"}, "similarity": {0: "n", 1: "k"}},
    )
    return path


def _examples(student: Generator, folder: Path) -> tuple[tuple[Tensor, ...], list[int]]:
    """Latents, times, texts, codes and planes of two pictures; the middle's shape."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    latents = torch.zeros(2, *config["latents"])
    text = torch.zeros(2, student.tokens.text.in_features)
    codes = torch.zeros(2, len(student.tokens.facets) + 1, dtype=torch.long)
    planes = torch.zeros(2, STRUCTURE_CHANNELS, *latents.shape[2:])
    return (latents, torch.ones(2), text, codes, planes), config["middle"]
