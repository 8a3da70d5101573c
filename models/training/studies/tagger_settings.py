"""What the tagger study runs: sizes, and one run with all that its figures depend on."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Literal

__all__ = ["ARMS", "DECODERS", "RECIPE", "Arm", "TaggerRun", "TaggerSizes", "run_key"]

RECIPE = 1
"""Raise it when the code changes what a run finds; runs of another recipe are made again."""

Arm = Literal["bce", "bce-unknown", "rare-first", "frequent-first", "random", "mla", "pla"]
DECODERS: tuple[Arm, ...] = ("rare-first", "frequent-first", "random", "mla", "pla")
"""Arms that emit labels one by one."""
ARMS: tuple[Arm, ...] = ("bce", "bce-unknown", *DECODERS)
"""``bce-unknown`` takes no loss of a title's facets where the title is silent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggerRun:
    """One tagger.

    Attributes:
        arm: How it learns.
        seed: Of its weights, batches and views.
        epochs: Passes over the training rows.
        hidden: Width of the LSTM cell; the perceptron of the BCE arms is twice as wide.
        embedding: Length of a label's embedding.
        attention: Width of the attention.
        dropout: On the state before the output, and inside the perceptron.
    """

    arm: Arm
    seed: int
    epochs: int = 12
    batch: int = 256
    rate: float = 2e-3
    weight_decay: float = 0.01
    hidden: int = 192
    embedding: int = 64
    attention: int = 64
    dropout: float = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggerSizes:
    """How much of everything.

    Attributes:
        least: Training rows that a label must have.
        views: Views of a training picture; the first is the untouched one.
        train_most: Training rows, ``None`` for all.
        test_most: Rows of val and of test each.
        epochs: Of each run.
    """

    least: int = 30
    views: int = 2
    train_most: int | None = 16_000
    test_most: int | None = None
    epochs: int = 12

    @classmethod
    def for_a_look(cls) -> TaggerSizes:
        """Seconds instead of minutes; its figures mean nothing."""
        return cls(least=5, views=1, train_most=600, test_most=200, epochs=2)


def run_key(*parts: TaggerRun | str) -> str:
    """Hash of settings and strings, under which a result is kept."""
    shown = [
        repr(each) if isinstance(each, str) else repr(sorted(asdict(each).items()))
        for each in (str(RECIPE), *parts)
    ]
    return hashlib.sha256("\n".join(shown).encode()).hexdigest()[:16]
