"""The learned composer as it is served: a small gated network in numpy over safetensors.

Implements `engine.ports.Composer` from what `lookalike train composer` wrote. A reference picture
and a change in words become the vector of the pictures that are meant:

    h = gelu(W1 [r, m, t, s, e] + b1)
    c = unit( sigmoid(Wg h + bg) * r + exp(a) * (t - s) + Wd h + bd )

with r the reference's picture vector, m the vector of the shopper's words, t and s those of target
and reference described in words, and e the kinds of edits that were understood.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from engine.errors import InvalidInput, ModelUnavailable
from engine.types import Edit, EncoderId

__all__ = ["WEIGHTS", "LearnedComposer", "composer_for", "edit_features", "load_composer"]

_log = logging.getLogger(__name__)

WEIGHTS = Path(__file__).parent / "weights" / "composer"
FEATURES = (
    "colour:set",
    "colour:not",
    "type:set",
    "gender:set",
    "pattern:set",
    "pattern:not",
    "darkness:more",
    "darkness:less",
)
"""Kinds of edits that training asks for, in the order of the features."""
_PLACE = {name: place for place, name in enumerate(FEATURES)}
_TENSORS = (
    "input.weight",
    "input.bias",
    "gate.weight",
    "gate.bias",
    "shift.weight",
    "shift.bias",
    "arithmetic",
)


def name_of(edit: Edit) -> str:
    """Kind of an edit, such as ``colour:set``."""
    return f"{edit.attribute}:{edit.operation.value}"


def edit_features(edits: Sequence[Edit]) -> NDArray[np.float32]:
    """Which of `FEATURES` there are among edits: (len(FEATURES),) float32 of 0 and 1."""
    features = np.zeros(len(FEATURES), np.float32)
    for edit in edits:
        place = _PLACE.get(name_of(edit))
        if place is not None:
            features[place] = 1.0
    return features


class LearnedComposer:
    """Moves picture vectors by changes in words.

    Args:
        weights: Tensors as `models.training.composer` names them.
        encoder: Fingerprint of the encoder whose vectors they were trained on.

    Raises:
        ModelUnavailable: A tensor is missing or of another shape.
    """

    def __init__(self, weights: Mapping[str, NDArray[np.floating]], *, encoder: str) -> None:
        missing = [name for name in _TENSORS if name not in weights]
        if missing:
            raise ModelUnavailable(
                f"the tensors {', '.join(missing)} are missing",
                where="composer",
                hint="Train it with `lookalike train composer`.",
            )
        held = {name: np.asarray(weights[name], np.float32) for name in _TENSORS}
        self._input, self._input_bias = held["input.weight"].T.copy(), held["input.bias"]
        self._gate, self._gate_bias = held["gate.weight"].T.copy(), held["gate.bias"]
        self._shift, self._shift_bias = held["shift.weight"].T.copy(), held["shift.bias"]
        self._arithmetic = float(np.exp(held["arithmetic"]).item())
        self._encoder = encoder
        dims = self._gate.shape[1]
        if len(self._input) != 4 * dims + len(FEATURES) or self._shift.shape != self._gate.shape:
            raise ModelUnavailable(
                f"takes {len(self._input)} inputs for vectors of {dims}, expected "
                f"{4 * dims + len(FEATURES)}",
                where="composer",
                hint="Train it with `lookalike train composer`.",
            )

    @property
    def encoder(self) -> str:
        """Fingerprint of the encoder whose vectors it composes."""
        return self._encoder

    def compose(
        self,
        reference: NDArray[np.float32],
        *,
        words: NDArray[np.float32],
        target: NDArray[np.float32],
        source: NDArray[np.float32],
        edits: Sequence[Edit],
    ) -> NDArray[np.float32] | None:
        """See `engine.ports.Composer`.

        Raises:
            InvalidInput: A vector is of another length.
        """
        dims = self._gate.shape[1]
        given = {"reference": reference, "words": words, "target": target, "source": source}
        for name, vector in given.items():
            if vector.shape != (dims,):
                raise InvalidInput(f"got {vector.shape}, expected ({dims},)", where=name)
        if not edits or any(name_of(edit) not in _PLACE for edit in edits):
            return None
        inputs = np.concatenate([*given.values(), edit_features(edits)])
        hidden = _gelu(inputs @ self._input + self._input_bias)
        gate = 1.0 / (1.0 + np.exp(-(hidden @ self._gate + self._gate_bias)))
        moved = gate * reference + self._arithmetic * (target - source)
        moved += hidden @ self._shift + self._shift_bias
        norm = float(np.linalg.norm(moved))
        return (moved / norm).astype(np.float32) if norm > 1e-6 else reference


def load_composer(folder: Path = WEIGHTS) -> LearnedComposer:
    """The composer that ships with Lookalike, or one from another folder.

    Raises:
        ModelUnavailable: A file is missing or damaged.
    """
    try:
        config: Any = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        weights = load_file(folder / "composer.safetensors")
        return LearnedComposer(weights, encoder=str(config["encoder"]))
    except FileNotFoundError as error:
        raise ModelUnavailable(
            "the weights of the composer are not there",
            where=str(error.filename or folder),
            hint="Train them with `lookalike train composer`.",
        ) from error
    except (ValueError, KeyError, TypeError, SafetensorError) as error:
        raise ModelUnavailable(f"cannot be read: {error!r}", where=str(folder)) from error


def composer_for(encoder: EncoderId, folder: Path = WEIGHTS) -> LearnedComposer | None:
    """The composer that fits an encoder; ``None``, and a line in the log, where there is none.

    A search goes on without it: changes are then plain arithmetic on vectors.
    """
    try:
        composer = load_composer(folder)
    except ModelUnavailable as error:
        _log.info("changes in words are plain arithmetic: %s", error)
        return None
    if composer.encoder != encoder.fingerprint:
        # Expected of an encoder that was chosen; of a newer one of the same name it is an omission.
        same_name = composer.encoder.partition("@")[0] == encoder.name
        _log.log(
            logging.WARNING if same_name else logging.INFO,
            "changes in words are plain arithmetic: the composer was trained for %s, the encoder "
            "is %s; `lookalike train composer` makes one for it",
            composer.encoder,
            encoder.fingerprint,
        )
        return None
    return composer


def _gelu(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """The tanh form, as training computes it."""
    cubed = x + np.float32(0.044715) * x * x * x
    half = np.float32(0.5) * x
    return (half * (1 + np.tanh(np.float32(0.7978845608) * cubed))).astype(np.float32)
