"""Where a Stable Diffusion's files come from: a local folder, or a hub repository by its id.

The local cache is asked before the network, so that a machine that has the files needs none. Only
safetensors are taken: a pickle can run code when it is loaded.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import InvalidInput, ModelUnavailable
from models.hub.checkpoint import INSTALL_HINT

if TYPE_CHECKING:
    from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_img2img import (
        StableDiffusionImg2ImgPipeline,
    )

__all__ = ["INDEX", "PipelineFiles", "find_pipeline", "load_pipeline", "quiet", "revision_of"]

INDEX = "model_index.json"
_WEIGHTS = {
    "unet": "diffusion_pytorch_model",
    "vae": "diffusion_pytorch_model",
    "text_encoder": "model",
}
_OTHERS = ("scheduler", "tokenizer")
_SCHEDULE = ("num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "prediction_type")
_HALF = "fp16"
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_HINT = (
    "On a machine with a network: `hf download stabilityai/sd-turbo --exclude 'sd_turbo*' "
    "--local-dir FOLDER` (read its licence first), then name that folder."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineFiles:
    """A pipeline on this machine.

    Attributes:
        name: As asked for.
        folder: In diffusers' form, with safetensors.
        variant: ``fp16`` where the half-precision files are taken; ``None`` for the plain ones.
    """

    name: str
    folder: Path
    variant: str | None = None


def find_pipeline(
    name: str, *, half: bool = False, cache_dir: Path | None = None, network: bool = True
) -> PipelineFiles:
    """Find the files of a pipeline, fetching what the cache lacks.

    Args:
        name: A folder, or ``ORGANISATION/REPOSITORY`` of the hub; what is a folder is no
            repository, and needs no network.
        half: Take fp16 files where there are some: half the size.
        cache_dir: Where fetched files are kept; the hub client's own folder by default.
        network: Whether the hub may be asked.

    Raises:
        InvalidInput: The name is neither.
        ModelUnavailable: A package, a file or the network is missing, or the weights are pickles.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _checked(name, folder, half=half)
    if not _REPOSITORY.fullmatch(name):
        if len(folder.parts) > 1 or name.startswith(("~", ".")):
            raise ModelUnavailable("there is no such folder", where=name, hint=_HINT)
        raise InvalidInput(
            f"got the model {name!r}", hint="Expected a folder or a name like stabilityai/sd-turbo."
        )
    return _checked(
        name, _fetched(name, half=half, cache_dir=cache_dir, network=network), half=half
    )


def _fetched(name: str, *, half: bool, cache_dir: Path | None, network: bool) -> Path:
    try:
        from diffusers.pipelines.pipeline_utils import DiffusionPipeline
        from huggingface_hub.errors import HfHubHTTPError
    except ImportError as error:
        raise ModelUnavailable(f"{error.name} is not installed", hint=INSTALL_HINT) from error
    problem: Exception | None = None
    variants = (_HALF, None) if half else (None,)
    for local in (True, False) if network else (True,):
        for variant in variants:
            try:
                with quiet():
                    found: Any = DiffusionPipeline.download(
                        name,
                        use_safetensors=True,
                        variant=variant,
                        cache_dir=cache_dir,
                        local_files_only=local,
                    )
                return Path(found)
            # A repository of another kind, or without safetensors or fp16, is a ValueError.
            except (OSError, ValueError, HfHubHTTPError) as error:
                problem = error
    reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
    where = "in the cache and on the model hub" if network else "in the cache"
    raise ModelUnavailable(
        f"cannot be had: looked {where}: {reason}", where=name, hint=_HINT
    ) from problem


def _checked(name: str, folder: Path, *, half: bool) -> PipelineFiles:
    try:
        index: Any = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        kind = str(index["_class_name"])
    except FileNotFoundError as error:
        raise ModelUnavailable(f"{folder} has no {INDEX}", where=name, hint=_HINT) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelUnavailable(f"{INDEX} cannot be read: {error!r}", where=name) from error
    if not kind.startswith("StableDiffusion") or "XL" in kind:
        raise ModelUnavailable(
            f"is a {kind}, expected a StableDiffusionPipeline (version 2.1 or its turbo)",
            where=name,
        )
    missing = [part for part in _OTHERS if not (folder / part).is_dir()]
    variants = (_HALF, None) if half else (None,)
    for variant in variants:
        lacking = [p for p, stem in _WEIGHTS.items() if not _weights(folder / p, stem, variant)]
        if not lacking and not missing:
            return PipelineFiles(name=name, folder=folder, variant=variant)
    missing += [part for part, stem in _WEIGHTS.items() if not _weights(folder / part, stem, None)]
    pickles = [
        str(path.relative_to(folder))
        for part in _WEIGHTS
        for kind in ("*.bin", "*.ckpt", "*.pt", "*.pth")
        for path in sorted((folder / part).glob(kind))
    ]
    if pickles:
        raise ModelUnavailable(
            f"no safetensors in {', '.join(missing)}, but the pickles {', '.join(pickles)}",
            where=name,
            hint="Pickled weights can run code and are refused: convert them to safetensors on a "
            "machine that you can lose.",
        )
    raise ModelUnavailable(
        f"{folder} lacks {', '.join(missing)} (safetensors alone are read)", where=name, hint=_HINT
    )


def _weights(folder: Path, stem: str, variant: str | None) -> list[Path]:
    """One file, or its shards."""
    middle = f".{variant}" if variant else ""
    whole = folder / f"{stem}{middle}.safetensors"
    if whole.is_file():
        return [whole]
    return sorted(folder.glob(f"{stem}{middle}-*-of-*.safetensors"))


def load_pipeline(files: PipelineFiles, *, half: bool = False) -> StableDiffusionImg2ImgPipeline:
    """Read a pipeline, onto the CPU.

    Args:
        files: Where it is.
        half: In half precision; else single.

    Raises:
        ModelUnavailable: A package is missing, or a file is damaged or of another architecture.
    """
    try:
        import torch
        from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_img2img import (
            StableDiffusionImg2ImgPipeline,
        )
        from safetensors import SafetensorError
    except ImportError as error:
        raise ModelUnavailable(f"{error.name} is not installed", hint=INSTALL_HINT) from error
    try:
        with quiet():
            return StableDiffusionImg2ImgPipeline.from_pretrained(
                files.folder,
                dtype=torch.float16 if half else torch.float32,
                variant=files.variant,
                use_safetensors=True,
                local_files_only=True,
                safety_checker=None,
                feature_extractor=None,
                requires_safety_checker=False,
            )
    except (
        AttributeError, KeyError, OSError, RuntimeError, SafetensorError, TypeError, ValueError
    ) as error:  # fmt: skip
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelUnavailable(
            f"cannot be loaded from {files.folder}: {reason}",
            where=files.name,
            hint="A file may be damaged or of another architecture: fetch it again.",
        ) from error


def revision_of(pipeline: StableDiffusionImg2ImgPipeline) -> str:
    """Hash of a pipeline's weights as half precision has them, and of its schedule.

    So the fp16 files of a model and the others are one revision, and an adapter that was trained on
    the ones fits the others. Takes some seconds for the full size.
    """
    schedule: Any = pipeline.scheduler.config
    digest = hashlib.sha256(repr([schedule.get(each) for each in _SCHEDULE]).encode())
    for part in _WEIGHTS:
        held: dict[str, Any] = getattr(pipeline, part).state_dict()
        for name in sorted(held):
            digest.update(f"{part}/{name}\0".encode())
            digest.update(held[name].detach().cpu().half().contiguous().numpy())
    return digest.hexdigest()[:16]


@contextmanager
def quiet() -> Generator[None]:
    """Without the bars and the advice of diffusers and transformers."""
    from diffusers.utils import logging as of_diffusers
    from transformers.utils import logging as of_transformers

    levels = of_diffusers.get_verbosity(), of_transformers.get_verbosity()
    for each in (of_diffusers, of_transformers):
        each.set_verbosity_error()
        each.disable_progress_bar()
    try:
        yield
    finally:
        for each, level in zip((of_diffusers, of_transformers), levels, strict=True):
            each.set_verbosity(level)
            each.enable_progress_bar()
