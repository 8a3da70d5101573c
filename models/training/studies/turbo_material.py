"""The trained generator as the study takes it, read from the checkpoints of its training."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from torch import Tensor

from engine.errors import ModelUnavailable
from engine.types import Facet
from models.compact import CompactEncoder
from models.hub.hspace.middle import HSpace
from models.training.checkpoint import load_average
from models.training.studies.turbo_prompts import Prompt
from models.training.variants.autoencoder import Autoencoder
from models.training.variants.batches import SHARP, LatentBatches
from models.training.variants.fit_adapter import Retrieval
from models.training.variants.neighbours import HBank
from models.training.variants.network import Condition, Generator, frozen
from models.training.variants.preparation import Catalogue, prepare
from models.training.variants.settings import VariantsConfig
from models.variants.prompts import caption
from models.variants.structure import structure_planes

__all__ = ["Helped", "TurboMaterial", "rows_of", "steps_done"]

_log = logging.getLogger(__name__)
_COMMANDS = {"lora": " --control lora", "adapter": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Helped:
    """A student with the hooks that let the catalogue in."""

    student: Generator
    space: HSpace


class TurboMaterial:
    """Catalogue, networks and bank; each is loaded when an arm first needs it.

    Args:
        config: Of the training; its folder `work` is read.
        work: The study's own folder: gets the bank's features where the training has none yet.

    Raises:
        ModelUnavailable: The training has not come to its latents.
        NotFound: There is no ``kagl.parquet``.
    """

    def __init__(self, config: VariantsConfig, work: Path):
        self.config, self._work = config, work
        self._digests: dict[str, bytes] = {}
        for name in ("autoencoder.safetensors", "latents.npy"):
            if not (config.work / name).exists():
                raise _missing(config.work / name, "")
        self.catalogue: Catalogue = prepare(config)
        self.encoder = CompactEncoder(config.encoder)
        self.autoencoder = Autoencoder()
        self.autoencoder.load_state_dict(load_average(self.checkpoint("autoencoder")))
        self.autoencoder.eval().to(memory_format=torch.channels_last)
        self.batches = LatentBatches(
            self.catalogue,
            np.load(config.work / "latents.npy", mmap_mode="r"),
            seed=config.seed,
            device="cpu",
        )

    def checkpoint(self, stage: str) -> Path:
        """A stage's file.

        Raises:
            ModelUnavailable: The stage was not trained.
        """
        path = self.config.work / f"{stage}.safetensors"
        if not path.exists():
            raise _missing(path, _COMMANDS.get(stage, f" --until {stage}"))
        return path

    def digest(self, stages: Sequence[str]) -> str:
        """Hash of the checkpoints of stages, under which what they drew is kept."""
        found = hashlib.sha256()
        for stage in stages:
            if stage not in self._digests:
                with self.checkpoint(stage).open("rb") as file:
                    self._digests[stage] = hashlib.file_digest(file, "sha256").digest()
            found.update(self._digests[stage])
        return found.hexdigest()[:16]

    @cached_property
    def teacher(self) -> Generator:
        """With averaged weights, frozen."""
        return self._generator(load_average(self.checkpoint("teacher")))

    @cached_property
    def student(self) -> Helped:
        """As it is, but for a slerp where something was retrieved."""
        student = self.fresh_student()
        return Helped(student=student, space=HSpace(student.unet))

    @cached_property
    def adapted(self) -> Helped:
        """With the adapter and its changes to the decoder."""
        student, held = self.retrieval("adapter")
        return Helped(student=student, space=held.space)

    @cached_property
    def lora(self) -> Generator:
        """With changes to the decoder that were trained without retrieval."""
        return self.retrieval("lora")[0]

    def retrieval(self, stage: str) -> tuple[Generator, Retrieval]:
        """A student of its own, hooked, with the hooks: stage ``adapter`` or ``lora``."""
        student = self.fresh_student()
        held = Retrieval(student, adapter=stage == "adapter")
        held.load_state_dict(_part(load_average(self.checkpoint(stage)), "retrieval."))
        return student, held.eval().requires_grad_(False)

    @cached_property
    def bank(self) -> HBank:
        """The train split, held-out combinations included."""
        rows = self.catalogue.pairs.rows("train")
        kept = self.config.work / "bank.npy"
        if not kept.exists():
            kept = self._work / f"bank-{self.digest(['student'])}.npy"
        return HBank.build(self.fresh_student(), self.batches, rows, kept)

    def condition(self, prompts: Sequence[Prompt]) -> Condition:
        """What the generator is told: sharp; of a reference the detail, or the outline.

        The detail stays for another colour and the outline for another pattern, as it is served.
        """
        said = [each.attributes for each in prompts]
        codes = self.catalogue.vocabulary.codes(said)
        planes = structure_planes(
            self.catalogue.structures[rows_of(prompts)],
            detail=np.array([each.changed is Facet.COLOUR for each in prompts]),
            present=np.array([each.changed is not None for each in prompts]),
        )
        sharp = np.full((len(prompts), 1), SHARP, np.int64)
        return Condition(
            text=torch.from_numpy(self.encoder.embed_texts([caption(each) for each in said])),
            codes=torch.from_numpy(np.concatenate([codes, sharp], axis=1)),
            planes=torch.from_numpy(planes),
        )

    def _generator(self, state: dict[str, Tensor]) -> Generator:
        model = Generator(self.catalogue.vocabulary.sizes)
        model.load_state_dict(state)
        return frozen(model).to(memory_format=torch.channels_last)

    def fresh_student(self) -> Generator:
        """A student of its own, without hooks."""
        return self._generator(_part(load_average(self.checkpoint("student")), "student."))


def _part(whole: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): each for n, each in whole.items() if n.startswith(prefix)}


def rows_of(prompts: Sequence[Prompt]) -> NDArray[np.int64]:
    """Rows of the catalogue that prompts come from."""
    return np.array([each.row for each in prompts], np.int64)


def steps_done(path: Path) -> int:
    """How far a checkpoint's stage has come."""
    with safe_open(path, framework="pt") as held:
        return int(held.get_tensor("step"))


def _missing(path: Path, option: str) -> ModelUnavailable:
    return ModelUnavailable(
        "this stage of the generator is not trained yet",
        where=str(path),
        hint=f"Run `lookalike train variants{option} --work {path.parent}`, or leave its arms out "
        "with --arms.",
    )
