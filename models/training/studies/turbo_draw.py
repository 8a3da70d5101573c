"""Draws what an arm makes of the prompts, once: latents lie in the study's folder."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.hub.hspace.middle import Retrieved
from models.training.studies.turbo_material import TurboMaterial, rows_of
from models.training.studies.turbo_prompts import Prompts
from models.training.studies.turbo_settings import RECIPE, Arm
from models.training.variants.flow import GUIDANCE, few_steps, sample_flow
from models.training.variants.network import Condition
from models.training.variants.watch import to_frames

__all__ = ["Drawer", "kept", "key_of", "other_products"]

_log = logging.getLogger(__name__)
_CHUNK = 50
_SEED = 31_000

Latents = NDArray[np.float16]
_Kind = TypeVar("_Kind", bound=np.generic)


class Drawer:
    """Arms to latents to pictures.

    Everything runs in bfloat16 by autocast, as the stages were trained, in all arms alike.

    Args:
        material: What is drawn with.
        work: Keeps latents.
        teacher_steps: Of the guided teacher, in each of which the UNet sees twice the batch.
    """

    def __init__(self, material: TurboMaterial, work: Path, *, teacher_steps: int):
        self._material, self._work, self.teacher_steps = material, work, teacher_steps

    def latents(self, arm: Arm, blend: float, prompts: Prompts, seed: int) -> Latents:
        """Of an arm, at one weight of its slerp: float16 (B, 8, 16, 12)."""
        if arm.draws == "latents":
            return self._material.batches.latents[rows_of(prompts)]
        key = key_of(RECIPE, arm, blend, self.origin(arm), self.teacher_steps, prompts, seed)
        return kept(self._work / f"{key}.npy", lambda: self._drawn(arm, blend, prompts, seed))

    def origin(self, arm: Arm) -> str:
        """Hash of the checkpoints that an arm stands on."""
        stages = {
            "picture": (),
            "latents": ("autoencoder",),
            "teacher": ("autoencoder", "teacher"),
            "student": ("autoencoder", "student"),
            "adapter": ("autoencoder", "student", "adapter"),
            "lora": ("autoencoder", "student", "lora"),
        }
        return self._material.digest(stages[arm.draws])

    @torch.no_grad()
    def frames(self, latents: Latents) -> NDArray[np.uint8]:
        """Pictures of latents, uint8 (B, 96, 72, 3)."""
        made = []
        for start in range(0, len(latents), _CHUNK):
            part = torch.from_numpy(latents[start : start + _CHUNK].astype(np.float32))
            with torch.autocast("cpu", torch.bfloat16):
                made.append(to_frames(self._material.autoencoder, part))
        return np.concatenate(made)

    def _drawn(self, arm: Arm, blend: float, prompts: Prompts, seed: int) -> Latents:
        generator = torch.Generator().manual_seed(_SEED + seed)
        # The first step's noise comes first, so all arms start from the same.
        noise = [torch.randn(len(prompts), 8, 16, 12, generator=generator)]
        noise += [torch.randn(noise[0].shape, generator=generator) for _ in range(arm.steps - 1)]
        made: list[Latents] = []
        for start in range(0, len(prompts), _CHUNK):
            part = prompts[start : start + _CHUNK]
            starts = [each[start : start + _CHUNK] for each in noise]
            condition = self._material.condition(part)
            retrieved = self._retrieved(arm, blend, part, condition.text, seed)
            with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
                found = self._step(arm, starts, condition, retrieved)
            made.append(found.float().numpy().astype(np.float16))
        _log.info("drew %s blend=%g seed=%d prompts=%d", arm.draws, blend, seed, len(prompts))
        return np.concatenate(made)

    def _step(
        self, arm: Arm, noise: list[Tensor], condition: Condition, retrieved: Retrieved | None
    ) -> Tensor:
        held = self._material
        if arm.draws == "teacher":
            return sample_flow(
                held.teacher, noise[0], condition, steps=self.teacher_steps, scale=GUIDANCE
            )
        if arm.draws == "lora":
            return few_steps(held.lora, noise, condition)
        helped = held.adapted if arm.draws == "adapter" else held.student
        helped.space.retrieved = retrieved
        try:
            return few_steps(helped.student, noise, condition)
        finally:
            helped.space.retrieved = None

    def _retrieved(
        self, arm: Arm, blend: float, prompts: Prompts, text: Tensor, seed: int
    ) -> Retrieved | None:
        if not arm.neighbours:
            return None
        held = self._material
        rows = rows_of(prompts)
        near, _ = held.bank.retrieve(held.batches, text, rows, count=arm.neighbours)
        features, gate = near.features, near.similarity
        if arm.chosen == "random":
            places = other_products(
                held.catalogue.pairs.titles, held.bank.rows, rows, count=arm.neighbours, seed=seed
            )
            features = torch.from_numpy(held.bank.features[places].astype(np.float32))
        if arm.gate == "one":
            gate = torch.ones_like(gate)
        weight = torch.full((len(rows),), blend)
        return Retrieved(features=features, similarity=gate, blend=weight)


def other_products(
    titles: Sequence[str],
    bank: NDArray[np.int64],
    rows: NDArray[np.int64],
    *,
    count: int,
    seed: int,
) -> NDArray[np.int64]:
    """Places of any products in the bank, (B, count), none of them a prompt's own.

    Args:
        titles: Of the catalogue's rows; products of one title are one product.
        bank: (R,) rows of the catalogue.
        rows: (B,) that the prompts come from; a row's places depend on it and the seed alone.
        count: Of each.
        seed: Of the draw.
    """
    found = np.zeros((len(rows), count), np.int64)
    for number, row in enumerate(rows.tolist()):
        rng = np.random.default_rng((seed, row))
        others = (
            place
            for place in rng.permutation(len(bank)).tolist()
            if titles[int(bank[place])] != titles[row]
        )
        found[number] = [next(others) for _ in range(count)]
    return found


def key_of(*parts: object) -> str:
    """Hash of whatever a result depends on, by its representation."""
    return hashlib.sha256(json.dumps([repr(each) for each in parts]).encode()).hexdigest()[:20]


def kept(path: Path, make: Callable[[], NDArray[_Kind]]) -> NDArray[_Kind]:
    """An array from its file, made and written whole where it is not there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".partial")
        with fresh.open("wb") as file:
            np.save(file, make())
        fresh.replace(path)
    return np.load(path)
