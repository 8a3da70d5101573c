"""What the distillation study runs: sizes, the teacher, the students."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

__all__ = ["RECIPE", "Metric", "StudentRun", "StudySizes", "TeacherConfig", "run_key"]

RECIPE = 1
"""Raise it when the code changes what a run finds; runs of another recipe are made again."""

Metric = Literal["contrastive", "triplet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TeacherConfig:
    """How the teacher learns.

    Attributes:
        dims: Length of an embedding, the student's too.
        steps: Batches of `classes` × `pictures`.
        metric: Loss on the labels, as for students, which see the next two.
    """

    dims: int = 128
    steps: int = 600
    classes: int = 16
    pictures: int = 4
    head_rate: float = 1e-3
    upper_rate: float = 3e-4
    weight_decay: float = 0.02
    metric: Metric = "contrastive"
    margin: float = 0.0
    temperature: float = 0.1
    seed: int = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentRun:
    """One student: everything that its figures depend on, besides the pictures and the teacher.

    Attributes:
        arm: Name of the arm.
        seed: Of its weights and batches.
        steps: Batches of `classes` × `pictures`.
        metric: Loss on the labels: ``contrastive`` or ``triplet``, see `metric_loss`.
        margin: Of the triplet loss.
        temperature: Of the contrastive loss.
        labels: Weight of that loss; 0 for none.
        absolute: λ of the absolute teacher; 0 for none, as for the next three.
        relative: λ of the relative teacher, per-pair mean form.
        hint: λ of the hint.
        attention: λ of attention transfer.
        unlabelled: Unlabelled pictures that each batch has besides, seen by the teachers' losses.
        degraded: Whether the student sees degraded pictures, in training and test.
        part: ``val`` to choose, ``test`` to report.
    """

    arm: str
    seed: int
    steps: int = 900
    classes: int = 16
    pictures: int = 4
    rate: float = 2e-3
    weight_decay: float = 0.02
    metric: Metric = "contrastive"
    margin: float = 0.0
    temperature: float = 0.1
    labels: float = 1.0
    absolute: float = 0.0
    relative: float = 0.0
    hint: float = 0.0
    attention: float = 0.0
    unlabelled: int = 0
    degraded: bool = False
    part: str = "test"

    @property
    def condition(self) -> str:
        """What the figure is called."""
        base = "cross-quality" if self.degraded else "class-disjoint"
        return base if self.metric == "contrastive" else f"{base}/{self.metric}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySizes:
    """How much of everything.

    Attributes:
        least: Pictures that a class must have.
        fit_most: Training pictures a class.
        test_most: Test pictures a class.
        unlabelled_most: Unlabelled pictures.
        class_most: Classes a part; ``None`` for all.
        views: Views of a training picture in the fixed table, the untouched one included.
        unlabelled_views: Views of an unlabelled one.
        steps: Of a student.
        grid_steps: Of a student while λ is chosen.
        grids: Loss → the λ that are tried.
        speed_pictures: Pictures a round of the speed measurement.
        speed_rounds: Its rounds.
    """

    least: int = 16
    fit_most: int = 40
    test_most: int = 24
    unlabelled_most: int = 4000
    class_most: int | None = None
    views: int = 4
    unlabelled_views: int = 2
    steps: int = 900
    grid_steps: int = 400
    unlabelled_a_batch: int = 32
    grids: dict[str, tuple[float, ...]] = field(
        default_factory=lambda: {
            "absolute": (0.5, 1.0, 2.0, 4.0),
            "relative": (3.0, 10.0, 30.0),
            "hint": (0.1, 0.3, 1.0),
            "attention": (0.3, 1.0, 5.0),
        }
    )
    teacher: TeacherConfig = field(default_factory=TeacherConfig)
    speed_pictures: int = 256
    speed_rounds: int = 15

    @classmethod
    def for_a_look(cls) -> StudySizes:
        """Seconds instead of minutes; its figures mean nothing."""
        return cls(
            fit_most=8,
            test_most=8,
            unlabelled_most=64,
            class_most=16,
            views=2,
            unlabelled_views=1,
            steps=4,
            grid_steps=2,
            unlabelled_a_batch=16,
            grids={"absolute": (1.0,), "relative": (10.0,), "hint": (0.3,), "attention": (1.0,)},
            teacher=replace(TeacherConfig(), steps=3),
            speed_pictures=16,
            speed_rounds=3,
        )


def run_key(*parts: StudentRun | TeacherConfig | str) -> str:
    """Hash of settings and strings, under which a result is kept."""
    shown = [
        repr(each) if isinstance(each, str) else repr(sorted(asdict(each).items()))
        for each in (str(RECIPE), *parts)
    ]
    return hashlib.sha256("\n".join(shown).encode()).hexdigest()[:16]
