"""Any open_clip model behind the ports, such as Marqo FashionSigLIP or CLIP trained on LAION."""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from PIL import Image
from safetensors import SafetensorError

from engine.errors import InvalidInput, ModelUnavailable
from engine.types import EncoderId, Facet, ImageRGB, Vectors
from models.hub import prompts
from models.hub.checkpoint import CONFIG_NAME, INSTALL_HINT, Checkpoint, fetch_checkpoint
from models.hub.devices import device_for

if TYPE_CHECKING:
    import torch

__all__ = ["OpenClipEncoder", "load_open_clip", "random_open_clip"]

BATCH_CPU, BATCH_GPU = 32, 256
_MAX_ASPECT = 16
"""Longer pictures lose their ends, which the centre crop would have cut: resizing a hair of
1 by 16,000 pixels to a side of 224 would take gigabytes."""


# open_clip has no errors of its own: a file of another architecture ends in any of these.
_BUILD_ERRORS = (
    AttributeError,
    KeyError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    SafetensorError,
)


class OpenClipEncoder:
    """Dual encoder around a loaded open_clip model.

    Args:
        model: CLIP, CustomTextCLIP or CoCa in evaluation mode, with open_clip's ``preprocess_cfg``.
        tokenizer: Texts → token ids, as open_clip's tokenizers do.
        encoder_id: What the vectors will be known by.
        device: Where the model runs. On a GPU matrix products run in half precision.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Callable[[list[str]], torch.Tensor],
        *,
        encoder_id: EncoderId,
        device: str = "cpu",
    ) -> None:
        import torch
        from open_clip.transform import PreprocessCfg, image_transform_v2

        self._torch = torch
        self._device = torch.device(device)
        self._model = model.to(self._device).eval()
        self._tokenizer = tokenizer
        self._encoder_id = encoder_id
        settings = PreprocessCfg(**_preprocess_settings(model))
        self._transform: Callable[[Image.Image], Any] = cast(
            "Any", image_transform_v2(settings, is_train=False)
        )
        self._batch = BATCH_GPU if self._device.type == "cuda" else BATCH_CPU

    @property
    def encoder_id(self) -> EncoderId:
        """What makes the vectors: name, hash of the weights, hash of the preprocessing."""
        return self._encoder_id

    def embed_images(self, images: Sequence[ImageRGB]) -> Vectors:
        """Embed pictures through the model's own preprocessing.

        Args:
            images: uint8 (H, W, 3) each, any sizes.

        Returns:
            (N, D) float32, unit rows. On a GPU the kernels of half precision depend on the size of
            the batch, and a batch equals its singles to half precision only.

        Raises:
            InvalidInput: An array is no RGB picture.
        """

        def encode(batch: Sequence[ImageRGB]) -> torch.Tensor:
            pixels = self._torch.stack([self._transform(_picture(image)) for image in batch])
            return self._model.encode_image(pixels.to(self._device, non_blocking=True))

        return self._embed(images, encode)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Embed texts; what is longer than the model's context is cut off at its end.

        Returns:
            (N, D) float32, unit rows.
        """

        def encode(batch: Sequence[str]) -> torch.Tensor:
            # Tokenizers are written in languages that have no lone surrogates.
            clean = [text.encode("utf-8", "replace").decode("utf-8") for text in batch]
            return self._model.encode_text(self._tokenizer(clean).to(self._device))

        return self._embed(texts, encode)

    def embed_labels(
        self, words: Sequence[str], facet: Facet, *, templates: Sequence[str] | None = None
    ) -> Vectors:
        """Embed bare values of a type or colour through captions, see `models.hub.prompts`.

        Returns:
            (N, D) float32, unit rows.

        Raises:
            InvalidInput: A template has not exactly one ``{}``, or the facet has none.
        """
        return prompts.embed_labels(self, words, facet, templates=templates)

    def _embed(
        self, items: Sequence[Any], encode: Callable[[Sequence[Any]], torch.Tensor]
    ) -> Vectors:
        rows = np.empty((len(items), self._encoder_id.dims), np.float32)
        on_gpu = self._device.type == "cuda"
        half = self._torch.autocast("cuda", self._torch.float16) if on_gpu else nullcontext()
        with self._torch.inference_mode(), half:
            for start in range(0, len(items), self._batch):
                found = encode(items[start : start + self._batch]).float()
                found = self._torch.nn.functional.normalize(found, dim=-1)
                rows[start : start + self._batch] = found.cpu().numpy()
        return rows


def load_open_clip(
    name: str, *, device: str = "auto", cache_dir: Path | None = None
) -> OpenClipEncoder:
    """Load an open_clip model by name.

    Args:
        name: ``open_clip:ViT-B-16-SigLIP/webli``, ``hf-hub:Marqo/marqo-fashionSigLIP`` or
            ``local-dir:FOLDER`` (with ``open_clip_config.json``, safetensors and tokenizer).
        device: ``auto`` (a GPU where there is one), ``cpu``, ``cuda`` or ``cuda:1``.
        cache_dir: Where fetched files are kept; the hub client's own folder by default.

    Raises:
        InvalidInput: The name or the device is not known.
        ModelUnavailable: A package, a file or the network is missing, or the weights are a pickle.
    """
    try:
        import open_clip
    except ImportError as error:
        raise ModelUnavailable(
            f"the package {error.name} is not installed", where=name, hint=INSTALL_HINT
        ) from error
    place = device_for(device)
    checkpoint = fetch_checkpoint(name, cache_dir=cache_dir)
    model = _build(checkpoint)
    tokenizer = _tokenizer(checkpoint, cache_dir)
    return OpenClipEncoder(
        model,
        tokenizer,
        encoder_id=EncoderId(
            name=name,
            revision=_weights_hash(model.state_dict()),
            preprocess=_preprocess_hash(model, tokenizer, open_clip.__version__),
            dims=_dims(model),
        ),
        device=place,
    )


def random_open_clip(architecture: str, *, device: str = "cpu") -> OpenClipEncoder:
    """A model of one of open_clip's architectures with random weights, to measure its speed.

    Raises:
        InvalidInput: open_clip has no such architecture.
        ModelUnavailable: A package is missing.
    """
    try:
        import open_clip
        import torch
    except ImportError as error:
        raise ModelUnavailable(
            f"the package {error.name} is not installed", where=architecture, hint=INSTALL_HINT
        ) from error
    if architecture not in open_clip.list_models():
        raise InvalidInput(f"open_clip has no architecture {architecture!r}")
    torch.manual_seed(0)
    with _quiet():
        model: Any = open_clip.create_model(architecture, load_weights=False, pretrained_text=False)
    tokenizer = open_clip.get_tokenizer(architecture)
    identity = EncoderId(
        name=f"random:{architecture}",
        revision="0",
        preprocess=_preprocess_hash(model, tokenizer, open_clip.__version__),
        dims=_dims(model.eval()),
    )
    return OpenClipEncoder(
        model,
        tokenizer,
        encoder_id=identity,
        device=device_for(device),
    )


def _build(checkpoint: Checkpoint) -> Any:
    import open_clip

    # The architecture alone, from a folder without weights: open_clip would otherwise fetch and
    # unpickle whatever the repository offers.
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / CONFIG_NAME).write_text(json.dumps(checkpoint.config), encoding="utf-8")
        try:
            with _quiet():
                model: Any = open_clip.create_model(
                    f"local-dir:{folder}",
                    load_weights=False,
                    pretrained_image=False,
                    pretrained_text=False,
                )
            open_clip.load_checkpoint(model, str(checkpoint.weights))
        except _BUILD_ERRORS as error:
            raise ModelUnavailable(
                f"the model cannot be built from {checkpoint.weights}: {error}",
                where=checkpoint.name,
                hint="The file may be damaged or of another architecture: fetch it again.",
            ) from error
    return model.eval()


@contextmanager
def _quiet() -> Generator[None]:
    """Building without weights is what we want; open_clip warns that it happens."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _tokenizer(checkpoint: Checkpoint, cache_dir: Path | None) -> Callable[..., torch.Tensor]:
    import open_clip

    try:
        return open_clip.get_tokenizer(
            checkpoint.tokenizer_name, cache_dir=str(cache_dir) if cache_dir else None
        )
    except (OSError, ValueError, ImportError) as error:
        wanted = checkpoint.config["model_cfg"].get("text_cfg", {}).get("hf_tokenizer_name", "")
        raise ModelUnavailable(
            f"cannot load the tokenizer {wanted}: {str(error).splitlines()[0]}",
            where=checkpoint.name,
            hint="Connect this machine once, or load local-dir:FOLDER with the tokenizer's files.",
        ) from error


def _picture(image: ImageRGB) -> Image.Image:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
        raise InvalidInput(
            f"got an array {image.dtype} {image.shape}, expected uint8 (H, W, 3)",
            where="picture",
        )
    high, wide = image.shape[:2]
    longest = _MAX_ASPECT * min(high, wide)
    top, left = max(0, high - longest) // 2, max(0, wide - longest) // 2
    return Image.fromarray(np.ascontiguousarray(image[top : top + longest, left : left + longest]))


def _dims(model: Any) -> int:
    import torch

    # Towers differ in where they keep the width: a black picture tells.
    size = _preprocess_settings(model)["size"]
    high, wide = (size, size) if isinstance(size, int) else size[-2:]
    with torch.inference_mode():
        return int(model.encode_image(torch.zeros(1, 3, high, wide)).shape[-1])


def _preprocess_settings(model: Any) -> dict[str, Any]:
    return dict(model.visual.preprocess_cfg)


def _preprocess_hash(model: Any, tokenizer: Any, version: str) -> str:
    settings = {
        **_preprocess_settings(model),
        "tokenizer": type(tokenizer).__name__,
        "context": getattr(tokenizer, "context_length", None),
        "open_clip": version.partition(".")[0],
        "max_aspect": _MAX_ASPECT,
    }
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]


def _weights_hash(weights: Mapping[str, torch.Tensor]) -> str:
    """SHA-256 over names and values; the same on every device and for every file layout."""
    digest = hashlib.sha256()
    for key in sorted(weights):
        digest.update(key.encode())
        digest.update(weights[key].detach().cpu().contiguous().float().numpy().tobytes())
    return digest.hexdigest()[:12]
