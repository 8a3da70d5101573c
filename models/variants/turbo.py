"""The small turbo generator as it is served: prompts and references to pictures, by ONNX Runtime.

One step is one call of the UNet; four are four. Every picture has a seed of its own, so it comes
out the same in whatever batch it is drawn.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidInput, ModelUnavailable
from engine.ports import Network, TextEncoder
from engine.types import Facet, ImageRGB
from models.onnx_session import OnnxTower
from models.preprocess import letterbox
from models.variants.prompts import PromptVocabulary, caption
from models.variants.structure import structure, structure_planes

__all__ = [
    "EDIT_START",
    "FEW_STEPS",
    "HEIGHT_PX",
    "WEIGHTS",
    "WIDTH_PX",
    "Helped",
    "Keep",
    "Networks",
    "SmallTurbo",
    "load_small_turbo",
]

WEIGHTS = Path(__file__).parents[1] / "weights" / "variants"
HEIGHT_PX, WIDTH_PX = 96, 72
EDIT_START = 0.875
"""Noise over a reference of which colour, wearer and cut shall stay; the student learns to step
from there."""
FEW_STEPS: Mapping[int, tuple[float, ...]] = {1: (1.0,), 4: (1.0, 0.75, 0.5, 0.25)}
"""Steps → times at which the UNet is called."""
Keep = Literal["nothing", "outline", "detail"]
"""What stays of a reference: detail for another colour, outline for another pattern or material."""

_CHUNK = 16
_SHARP = 2
_HINT = "Train it with `lookalike train variants`."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Helped:
    """What the catalogue lends to N pictures, or to each of them the same (N = 1), K products each.

    Attributes:
        features: float32 (N, K, C, h, w), see `SmallTurbo.middle`.
        similarity: float32 (N, K) cosines of their captions with the prompts; negative ones are
            no help.
        blend: Weight of the target in the slerp with the first product, 0 to 1; 1 is no slerp.
        adapted: Decoder changes that were trained with the adapter are on.
    """

    features: NDArray[np.float32]
    similarity: NDArray[np.float32]
    blend: float = 1.0
    adapted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Networks:
    """The four graphs."""

    encoder: Network
    decoder: Network
    generator: Network
    middle: Network


class SmallTurbo:
    """Draws pictures of 96×72 pixels.

    Args:
        networks: The graphs.
        vocabulary: Of the prompts.
        texts: The encoder that it was trained with.
        latents: Shape (8, 16, 12) of a picture's latents.
        middle: Shape (C, 4, 3) of its middle features.
        revision: Of the weights.
    """

    def __init__(
        self,
        networks: Networks,
        vocabulary: PromptVocabulary,
        texts: TextEncoder,
        *,
        latents: tuple[int, int, int],
        middle: tuple[int, int, int],
        revision: str = "",
    ) -> None:
        self._networks = networks
        self._latents, self._middle = latents, middle
        self._texts = texts
        self.vocabulary, self.revision = vocabulary, revision

    def draw(
        self,
        prompts: Sequence[Mapping[Facet, str]],
        *,
        seeds: Sequence[int],
        references: Sequence[ImageRGB] | None = None,
        keep: Keep = "nothing",
        helped: Helped | None = None,
        steps: int = 1,
        start: float = 1.0,
    ) -> NDArray[np.uint8]:
        """Draw a picture of each prompt.

        Args:
            prompts: N, facet → canonical value.
            seeds: N, at least 0.
            references: N pictures, uint8 (H, W, 3) on a plain ground, whose `keep` stays; or one
                for all.
            keep: See `Keep`.
            helped: What was retrieved, if anything.
            steps: 1 or 4; those before `start` are left out.
            start: How much noise is laid over the references to begin with (SDEdit, Meng et al.
                2022): 1 is noise alone; the less, the more of their colours and shapes stays.

        Returns:
            uint8 (N, 96, 72, 3).

        Raises:
            InvalidInput: The counts differ, there is no such number of steps, or no reference to
                start from.
        """
        count = len(prompts)
        if steps not in FEW_STEPS:
            raise InvalidInput(f"got {steps}, expected 1 or 4", where="steps")
        if len(seeds) != count or (references is not None and len(references) not in (1, count)):
            raise InvalidInput("prompts, seeds and references differ in number", where="seeds")
        if not 0 < start <= 1 or (start < 1 and references is None):
            raise InvalidInput(
                f"got {start} with {'a' if references is not None else 'no'} reference, expected 1,"
                " or more than 0 with references",
                where="start",
            )
        inputs = self._conditions(prompts, references, keep) | self._retrieved(count, helped)
        draws = [np.random.default_rng(seed) for seed in seeds]
        picture = np.zeros((count, *self._latents), np.float32)
        if start < 1 and references is not None:
            picture = _for_all(self.encode(references), count)
        for now in (start, *(each for each in FEW_STEPS[steps][1:] if each < start)):
            fresh = np.array(
                [each.standard_normal(self._latents, np.float32) for each in draws], np.float32
            ).reshape(count, *self._latents)
            noisy = ((1 - now) * picture + now * fresh).astype(np.float32)
            held = inputs | {"latents": noisy, "time": np.full(count, now, np.float32)}
            lora = np.float32(helped is not None and helped.adapted)
            velocity = self._run(self._networks.generator, count, held, {"lora": np.array(lora)})
            picture = (noisy - now * velocity).astype(np.float32)
        return self.decode(picture)

    def encode(self, pictures: Sequence[ImageRGB]) -> NDArray[np.float32]:
        """Pictures of any sizes to latents, float32 (N, 8, 16, 12)."""
        return self._run(self._networks.encoder, len(pictures), {"frames": _framed(pictures)})

    def decode(self, latents: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Latents to pictures, uint8 (N, 96, 72, 3)."""
        made = self._run(self._networks.decoder, len(latents), {"latents": latents})
        return made.reshape(-1, HEIGHT_PX, WIDTH_PX, 3).astype(np.uint8)

    def middle(
        self, pictures: Sequence[ImageRGB], prompts: Sequence[Mapping[Facet, str]]
    ) -> NDArray[np.float32]:
        """H-space features of catalogue pictures with their own captions, float32 (N, C, 4, 3)."""
        inputs = self._conditions(prompts, None, "nothing") | {"latents": self.encode(pictures)}
        found = self._run(self._networks.middle, len(pictures), inputs)
        return found.reshape(-1, *self._middle)

    def _conditions(
        self,
        prompts: Sequence[Mapping[Facet, str]],
        references: Sequence[ImageRGB] | None,
        keep: Keep,
    ) -> dict[str, NDArray[Any]]:
        count = len(prompts)
        told = references is not None and keep != "nothing"
        frames = (
            _framed(references)
            if told and references is not None
            else np.zeros((1, HEIGHT_PX, WIDTH_PX, 3), np.uint8)
        )
        planes = structure_planes(
            structure(frames),
            detail=np.full(len(frames), keep == "detail"),
            present=np.full(len(frames), told),
        )
        sharp = np.full((count, 1), _SHARP, np.int64)
        captions = [caption(each) for each in prompts]
        own = list(dict.fromkeys(captions))
        text = self._texts.embed_texts(own)
        return {
            "text": text[[own.index(each) for each in captions]],
            "codes": np.concatenate([self.vocabulary.codes(prompts), sharp], axis=1),
            "planes": _for_all(planes, count),
        }

    def _retrieved(self, count: int, helped: Helped | None) -> dict[str, NDArray[Any]]:
        if helped is None:
            return {
                "retrieved": np.zeros((count, 1, *self._middle), np.float32),
                "similarity": np.zeros((count, 1), np.float32),
                "blend": np.ones(count, np.float32),
            }
        return {
            "retrieved": _for_all(helped.features, count),
            "similarity": _for_all(helped.similarity, count),
            "blend": np.full(count, helped.blend, np.float32),
        }

    def _run(
        self,
        network: Network,
        count: int,
        inputs: Mapping[str, NDArray[Any]],
        whole: Mapping[str, NDArray[Any]] | None = None,
    ) -> NDArray[np.float32]:
        """All chunks of inputs with a row an item; `whole` goes to each chunk as it is."""

        def chunk(start: int, end: int) -> dict[str, Any]:
            return {name: held[start:end] for name, held in inputs.items()} | dict(whole or {})

        found = list(network.run(count, chunk))
        return np.concatenate(found) if found else np.zeros((0, *self._latents), np.float32)


def _for_all(rows: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """One row for each of `count` pictures, where there is one for all."""
    return np.repeat(rows, count, axis=0) if len(rows) == 1 else rows


def _framed(pictures: Sequence[ImageRGB]) -> NDArray[np.uint8]:
    frames = np.empty((len(pictures), HEIGHT_PX, WIDTH_PX, 3), np.uint8)
    for frame, picture in zip(frames, pictures, strict=True):
        letterbox(picture, height_px=HEIGHT_PX, width_px=WIDTH_PX, out=frame)
    return frames


def load_small_turbo(
    texts: TextEncoder, folder: Path = WEIGHTS, *, threads: int | None = None
) -> SmallTurbo:
    """The generator that ships with Lookalike, or one from another folder.

    Args:
        texts: The encoder that it was trained with.
        folder: What `lookalike train variants` wrote.
        threads: See `OnnxTower`.

    Raises:
        ModelUnavailable: A file is missing or damaged, or it was trained with another encoder.
    """

    def open_graph(name: str) -> OnnxTower:
        return OnnxTower(folder / f"{name}.onnx", chunk=_CHUNK, threads=threads)

    try:
        config: Any = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        vocabulary = PromptVocabulary.load(folder / "prompts.json")
        wanted, latents, middle = config["encoder"], config["latents"], config["middle"]
        revision = str(config["revision"])
    except FileNotFoundError as error:
        raise ModelUnavailable(
            "the weights of the generator are not there",
            where=str(error.filename or folder),
            hint=_HINT,
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelUnavailable(f"cannot be read: {error!r}", where=str(folder)) from error
    if texts.encoder_id.revision != wanted:
        raise ModelUnavailable(
            f"trained with the encoder {wanted!r}, not with {texts.encoder_id.revision!r}",
            where=str(folder),
            hint=_HINT,
        )
    networks = Networks(
        encoder=open_graph("encoder"),
        decoder=open_graph("decoder"),
        generator=open_graph("generator"),
        middle=open_graph("middle"),
    )
    return SmallTurbo(
        networks,
        vocabulary,
        texts,
        latents=tuple(latents),
        middle=tuple(middle),
        revision=revision,
    )
