"""Where an open_clip model's files come from: a hub repository, a pretrained tag or a folder.

The local cache is asked before the network, so that a machine that has the files needs none. Only
safetensors are taken: a pickle can run code when it is loaded.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import InvalidInput, ModelUnavailable

__all__ = ["INSTALL_HINT", "Checkpoint", "fetch_checkpoint"]

INSTALL_HINT = "Install the extra: pip install 'lookalike[models]'"

CONFIG_NAME = "open_clip_config.json"
_WEIGHTS_NAMES = ("open_clip_model.safetensors", "model.safetensors")
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".npz")
_TAG_PREFIX, _HUB_PREFIX, _FOLDER_PREFIX = "open_clip:", "hf-hub:", "local-dir:"
_FORMS = (
    "open_clip:ARCHITECTURE/TAG, hf-hub:ORGANISATION/REPOSITORY or local-dir:FOLDER "
    "(with the prefix open_clip: or without)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The files of one model, all on this machine.

    Attributes:
        name: As asked for.
        config: The architecture (``model_cfg`` of open_clip) and ``preprocess_cfg``.
        weights: The safetensors file.
        tokenizer_name: What open_clip's ``get_tokenizer`` takes.
    """

    name: str
    config: dict[str, Any]
    weights: Path
    tokenizer_name: str


def fetch_checkpoint(name: str, *, cache_dir: Path | None = None) -> Checkpoint:
    """Find the files of a model, fetching what the cache lacks.

    Args:
        name: ``open_clip:ViT-B-16-SigLIP/webli``, ``hf-hub:Marqo/marqo-fashionSigLIP`` or
            ``local-dir:FOLDER``.
        cache_dir: Where fetched files are kept; the hub client's own folder by default.

    Raises:
        InvalidInput: The name is of no known form.
        ModelUnavailable: A package, a file or the network is missing, or the weights are a pickle.
    """
    plain = name.removeprefix(_TAG_PREFIX)
    if plain.startswith(_FOLDER_PREFIX):
        return _from_folder(name, Path(plain.removeprefix(_FOLDER_PREFIX)).expanduser())
    if plain.startswith(_HUB_PREFIX):
        return _from_hub(name, plain.removeprefix(_HUB_PREFIX), cache_dir)
    architecture, slash, tag = plain.rpartition("/")
    if not (slash and architecture and tag):
        raise InvalidInput(f"got the model name {name!r}", hint=f"Expected {_FORMS}.")
    return _from_tag(name, architecture, tag, cache_dir)


def _from_folder(name: str, folder: Path) -> Checkpoint:
    weights = [folder / each for each in _WEIGHTS_NAMES if (folder / each).is_file()]
    weights = weights or sorted(folder.glob("*.safetensors"))
    if not (folder / CONFIG_NAME).is_file() or not weights:
        held = sorted(each.name for each in folder.iterdir()) if folder.is_dir() else "no folder"
        raise ModelUnavailable(
            f"needs {CONFIG_NAME} and a .safetensors file in {folder}, found {held}",
            where=name,
            hint=_pickle_hint(str(held)) or "Copy the model's repository into that folder.",
        )
    return Checkpoint(
        name=name,
        config=_read_config(name, folder / CONFIG_NAME),
        weights=weights[0],
        tokenizer_name=f"{_FOLDER_PREFIX}{folder}",
    )


def _from_hub(name: str, repository: str, cache_dir: Path | None) -> Checkpoint:
    config = _fetch(name, repository, CONFIG_NAME, cache_dir)
    return Checkpoint(
        name=name,
        config=_read_config(name, config),
        weights=_fetch(name, repository, _WEIGHTS_NAMES[0], cache_dir),
        tokenizer_name=f"{_HUB_PREFIX}{repository}",
    )


def _from_tag(name: str, architecture: str, tag: str, cache_dir: Path | None) -> Checkpoint:
    import open_clip

    model = open_clip.get_model_config(architecture)
    if model is None:
        raise InvalidInput(
            f"open_clip has no architecture {architecture!r}",
            where=name,
            hint=f"It has {', '.join(open_clip.list_models())}.",
        )
    known = open_clip.list_pretrained_tags_by_model(architecture)
    settings = open_clip.get_pretrained_cfg(architecture, tag)
    if not settings:
        raise InvalidInput(
            f"{architecture} has no pretrained tag {tag!r}",
            where=name,
            hint=f"It has {', '.join(known) or 'none'}.",
        )
    repository, _, file = str(settings.get("hf_hub", "")).rpartition("/")
    if not repository:
        raise ModelUnavailable(
            f"the weights of {tag!r} are published as a pickle only",
            where=name,
            hint=_pickle_hint(".pt"),
        )
    safe = f"{Path(file).stem}.safetensors" if file else _WEIGHTS_NAMES[0]
    if safe == "open_clip_pytorch_model.safetensors":
        safe = _WEIGHTS_NAMES[0]
    if settings.get("quick_gelu"):
        model["quick_gelu"] = True
    keys = ("mean", "std", "interpolation", "resize_mode", "fill_color", "size")
    return Checkpoint(
        name=name,
        config={
            "model_cfg": model,
            "preprocess_cfg": {key: settings[key] for key in keys if settings.get(key) is not None},
        },
        weights=_fetch(name, repository, safe, cache_dir),
        tokenizer_name=architecture,
    )


def _fetch(name: str, repository: str, file: str, cache_dir: Path | None) -> Path:
    try:
        from huggingface_hub import constants, hf_hub_download
        from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, HFValidationError
    except ImportError as error:
        raise ModelUnavailable(
            "huggingface_hub is not installed", where=name, hint=INSTALL_HINT
        ) from error
    folder = cache_dir or Path(constants.HF_HUB_CACHE)
    problem: Exception | None = None
    for local in (True, False):
        try:
            found = hf_hub_download(repository, file, cache_dir=folder, local_files_only=local)
            return Path(found)
        except HFValidationError as error:
            raise InvalidInput(
                f"{repository!r} is no name of a repository", where=name, hint=f"Expected {_FORMS}."
            ) from error
        except (OSError, EntryNotFoundError, HfHubHTTPError) as error:
            problem = error
    reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
    raise ModelUnavailable(
        f"cannot get {file} of {repository}: {reason}",
        where=name,
        hint=(
            f"Looked in the cache {folder} and on the model hub. Connect this machine once, set "
            f"cache_dir to a folder that has it, or copy {CONFIG_NAME}, the .safetensors file and "
            f"the tokenizer into a folder and load local-dir:FOLDER. Repositories without "
            f".safetensors are refused: a pickle can run code."
        ),
    ) from problem


def _read_config(name: str, path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelUnavailable(f"{path} is not JSON: {error}", where=name) from error
    if not isinstance(config, dict) or not isinstance(config.get("model_cfg"), dict):
        raise ModelUnavailable(
            f"{path} has no object model_cfg", where=name, hint="Is it a model of open_clip?"
        )
    return config


def _pickle_hint(names: str) -> str:
    if not any(suffix in names for suffix in _PICKLES):
        return ""
    return (
        "Pickled weights can run code and are refused: convert them to safetensors on a machine "
        "that you can lose, and load local-dir:FOLDER."
    )
