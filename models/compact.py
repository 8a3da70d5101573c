"""The compact dual encoder as it is served: ONNX Runtime, tokenizers and numpy, no torch.

Implements `engine.ports.DualEncoder` and `engine.ports.AttributePredictor` from the files that
`models.training.export` wrote.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from engine.errors import InvalidInput, ModelUnavailable
from engine.types import EncoderId, Facet, ImageRGB, Vectors
from models.label_words import canonical_label
from models.onnx_session import OnnxTower
from models.preprocess import letterbox, preprocess_hash

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = [
    "INT8_FILE",
    "WEIGHTS",
    "CompactEncoder",
    "Precision",
    "load_compact",
    "load_compact_int8",
]

WEIGHTS = Path(__file__).parent / "weights" / "compact"
INT8_FILE = "image.int8.onnx"
"""The image tower that `models.training.quantise` writes."""
REVISION_KEY = "revision"
"""Metadata of the int8 file: the revision of the weights that it was made from."""
Precision = Literal["fp32", "int8"]
_IMAGE_BATCH = 16
_TEXT_BATCH = 64
_LONGEST_TEXT = 2_000  # characters; 32 subwords never need more
_FACETS = {
    "type": Facet.TYPE,
    "colour": Facet.COLOUR,
    "gender": Facet.GENDER,
    "usage": Facet.OCCASION,
    "season": Facet.SEASON,
    "pattern": Facet.PATTERN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactConfig:
    """What ``config.json`` says; further keys describe the training and are not needed here."""

    name: str
    revision: str
    dims: int
    height_px: int
    width_px: int
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Head:
    """A linear classifier: weight (D, C), bias (C,), and the C canonical labels."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    labels: tuple[str, ...]


def read_config(folder: Path) -> CompactConfig:
    """What a folder of weights says of itself.

    Raises:
        ModelUnavailable: ``config.json`` is missing or cannot be read.
    """
    path = folder / "config.json"
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        return CompactConfig(**{name: given[name] for name in CompactConfig.__slots__})
    except FileNotFoundError as error:
        shipped = folder == WEIGHTS
        raise ModelUnavailable(
            "the weights of the compact encoder are not there",
            where=str(path),
            hint="Reinstall Lookalike, or train them with `lookalike train student`."
            if shipped
            else "Name a folder that `lookalike train encoder` or `lookalike train student` wrote.",
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelUnavailable(
            f"describes no encoder: {error!r}",
            where=str(path),
            hint="Name a folder that `lookalike train encoder` or `lookalike train student` wrote.",
        ) from error


def _read_heads(folder: Path) -> dict[Facet, _Head]:
    tensors = load_file(folder / "heads.safetensors")
    names = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    heads: dict[Facet, _Head] = {}
    for attribute, facet in _FACETS.items():
        if attribute == "pattern" and attribute not in names:
            continue  # it comes with the refit alone
        heads[facet] = _Head(
            weight=tensors[f"{attribute}.weight"].astype(np.float32).T.copy(),
            bias=tensors[f"{attribute}.bias"].astype(np.float32),
            labels=tuple(canonical_label(facet, label) for label in names[attribute]),
        )
    return heads


class CompactEncoder:
    """Pictures and texts into one space of 256 dimensions, and attributes read from it.

    Args:
        folder: Holds ``image.onnx``, ``text.onnx``, ``tokenizer.json``, ``heads.safetensors``,
            ``labels.json`` and ``config.json``.
        threads: Threads inside an operator; ``None`` for what the process may use.
        precision: ``int8`` for the quantised image tower, where the folder has one. Its vectors
            are an encoder's of their own: an index of fp32 vectors is not searched with them.
        int8_file: The quantised image tower where it does not lie in the folder.

    Raises:
        ModelUnavailable: A file is missing or cannot be read, or the int8 tower was made from
            other weights.
    """

    def __init__(
        self,
        folder: Path = WEIGHTS,
        *,
        threads: int | None = None,
        precision: Precision = "fp32",
        int8_file: Path | None = None,
    ):
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # one pool of threads is enough
        from tokenizers import Tokenizer

        self._config = read_config(folder)
        self._precision = precision
        self._images = (
            OnnxTower(folder / "image.onnx", chunk=_IMAGE_BATCH, threads=threads)
            if precision == "fp32"
            else _open_int8(int8_file or folder / INT8_FILE, folder, self._config.revision, threads)
        )
        self._texts = OnnxTower(folder / "text.onnx", chunk=_TEXT_BATCH, threads=threads)
        try:
            self._tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._heads = _read_heads(folder)
        except Exception as error:  # tokenizers raises nothing narrower
            raise ModelUnavailable(
                f"the weights are damaged or incomplete: {error}",
                where=str(folder),
                hint="Reinstall Lookalike.",
            ) from error
        self._tokenizer.no_padding()

    @property
    def encoder_id(self) -> EncoderId:
        """What makes the vectors."""
        config = self._config
        return EncoderId(
            name=config.name,
            revision=config.revision + ("" if self._precision == "fp32" else f"-{self._precision}"),
            preprocess=preprocess_hash(config.height_px, config.width_px),
            dims=config.dims,
        )

    def embed_images(self, images: Sequence[ImageRGB]) -> Vectors:
        """Embed pictures of any sizes; see `engine.ports.ImageEncoder`.

        Raises:
            InvalidInput: An array is no uint8 (H, W, 3) picture.
        """
        high, wide = self._config.height_px, self._config.width_px

        def frames(start: int, end: int) -> dict[str, NDArray[np.uint8]]:
            laid = np.empty((end - start, high, wide, 3), np.uint8)
            for frame, image in zip(laid, images[start:end], strict=True):
                letterbox(image, height_px=high, width_px=wide, out=frame)
            return {"pictures": laid}

        return self._joined(self._images.run(len(images), frames))

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Embed texts; see `engine.ports.TextEncoder`. Case and accents make no difference."""
        clean = [text[:_LONGEST_TEXT].encode("utf-8", "replace").decode() for text in texts]
        tokens = [each.ids for each in self._tokenizer.encode_batch(clean)]
        # Texts of one length go together, so that padding costs nothing.
        order = sorted(range(len(texts)), key=lambda row: len(tokens[row]))

        def padded(start: int, end: int) -> dict[str, NDArray[np.int64]]:
            rows = order[start:end]
            filled = np.zeros((len(rows), len(tokens[rows[-1]])), dtype=np.int64)
            for place, row in enumerate(rows):
                filled[place, : len(tokens[row])] = tokens[row]
            return {"tokens": filled}

        found = self._texts.run(len(order), padded)
        vectors = np.empty((len(texts), self._config.dims), dtype=np.float32)
        vectors[order] = self._joined(found)
        return vectors

    def _joined(self, chunks: Iterable[NDArray[np.float32]]) -> Vectors:
        return _unit(np.concatenate([np.empty((0, self._config.dims), np.float32), *chunks]))

    @property
    def revision(self) -> str:
        """Of the heads, which come with the towers; see `engine.ports.AttributePredictor`."""
        return self._config.revision

    @property
    def labels(self) -> Mapping[Facet, tuple[str, ...]]:
        """Canonical values of each facet that `predict` knows."""
        return {facet: head.labels for facet, head in self._heads.items()}

    def predict(self, vectors: Vectors) -> Mapping[Facet, NDArray[np.float32]]:
        """Probabilities of attribute values; see `engine.ports.AttributePredictor`.

        Raises:
            InvalidInput: The vectors are not of this encoder's length.
        """
        if vectors.ndim != 2 or vectors.shape[1] != self._config.dims:
            raise InvalidInput(
                f"got vectors of shape {vectors.shape}, expected (N, {self._config.dims})",
                where="vectors",
            )
        return {
            facet: _softmax(vectors.astype(np.float32) @ head.weight + head.bias)
            for facet, head in self._heads.items()
        }


def load_compact() -> CompactEncoder:
    """The encoder from the weights that ship with Lookalike."""
    return CompactEncoder()


def load_compact_int8() -> CompactEncoder:
    """The same with the quantised image tower."""
    return CompactEncoder(precision="int8")


def _open_int8(path: Path, folder: Path, revision: str, threads: int | None) -> OnnxTower:
    hint = f"Make it with: python -m models.training.quantise {folder}"
    if not path.is_file():
        raise ModelUnavailable("there is no int8 image tower", where=str(path), hint=hint)
    tower = OnnxTower(path, chunk=_IMAGE_BATCH, threads=threads)
    made_from = tower.metadata.get(REVISION_KEY, "")
    if made_from != revision:
        raise ModelUnavailable(
            f"made from the weights {made_from or 'unknown'!r}, not from {revision!r}",
            where=str(path),
            hint=hint,
        )
    return tower


def _unit(vectors: NDArray[np.float32]) -> Vectors:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(length, 1e-12)).astype(np.float32)


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    return (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)
