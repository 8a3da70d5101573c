"""What the study of the small generator compares, and how much of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["ANCHORS", "ARMS", "MODES", "ORACLE_WEIGHTS", "RECIPE", "Arm", "Mode", "TurboSizes"]

RECIPE = 1
"""Raise it when the code changes what is drawn or measured; what is kept is then made again."""

Mode = Literal["words", "changed"]
MODES: tuple[Mode, ...] = ("words", "changed")
"""From words alone; and with a reference's structure and one of its attributes changed."""

ORACLE_WEIGHTS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
ANCHORS = ("one-step", "teacher-50")
"""What retrieval starts from, and how far it is to go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One way to draw.

    Attributes:
        draws: Whose weights: ``picture`` is the real one and ``latents`` its reconstruction;
            ``adapter`` and ``lora`` are the student with what was trained beside it.
        steps: Calls of the UNet (of twice the batch where the teacher is guided).
        neighbours: Retrieved products, K.
        chosen: The nearest by caption, or any others, which keep the nearest ones' gate.
        gate: λ: the captions' cosine, or 1.
        blend: Weight of the target in the slerp; several are the oracle's choice.
        bound: No method: chosen on the measure itself, or the product's own picture.
        dear: Drawn with the first noise seed alone, for what it costs.
    """

    draws: Literal["picture", "latents", "teacher", "student", "adapter", "lora"]
    steps: int = 1
    neighbours: int = 0
    chosen: Literal["nearest", "random"] = "nearest"
    gate: Literal["cosine", "one"] = "cosine"
    blend: tuple[float, ...] = (1.0,)
    bound: bool = False
    dear: bool = False


ARMS: Mapping[str, Arm] = {
    "real": Arm(draws="picture", steps=0, bound=True, dear=True),
    "autoencoder": Arm(draws="latents", steps=0, bound=True, dear=True),
    "teacher-50": Arm(draws="teacher", steps=50, dear=True),
    "four-step": Arm(draws="student", steps=4),
    "one-step": Arm(draws="student"),
    "slerp": Arm(draws="student", neighbours=1, blend=(0.8,)),
    "adapter": Arm(draws="adapter", neighbours=1),
    "adapter-random": Arm(draws="adapter", neighbours=1, chosen="random"),
    "lora-only": Arm(draws="lora"),
    "adapter-k3": Arm(draws="adapter", neighbours=3),
    "adapter-lambda1": Arm(draws="adapter", neighbours=1, gate="one"),
    "oracle-w": Arm(draws="student", neighbours=1, blend=ORACLE_WEIGHTS, bound=True, dear=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TurboSizes:
    """How much of everything.

    Attributes:
        prompts: Of each mode; a third of them, where there are as many, of combinations that
            training never saw.
        seeds: Noise seeds of each prompt.
        teacher_steps: Of the guided teacher.
        least: Products that the judge's train rows must have of a value for a question about it.
        judge_epochs: Passes over its train rows.
        axes: Principal components in which the Fréchet distance is taken.
        timed: Pictures for the speeds.
        shown: Prompts of each mode on the contact sheet.
    """

    prompts: int = 300
    seeds: int = 3
    teacher_steps: int = 50
    least: int = 24
    judge_epochs: int = 12
    axes: int = 32
    timed: int = 60
    shown: int = 10

    @classmethod
    def for_a_look(cls, *, seeds: int = 1) -> TurboSizes:
        """Seconds instead of minutes; its figures mean nothing."""
        return cls(
            prompts=12,
            seeds=seeds,
            teacher_steps=2,
            least=4,
            judge_epochs=2,
            axes=4,
            timed=3,
            shown=2,
        )
