"""What a study found."""

from __future__ import annotations

from dataclasses import dataclass

from engine.evaluation.figures import Figure

__all__ = ["StudyResult"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyResult:
    """Figures of a study and its protocol in sentences."""

    figures: tuple[Figure, ...]
    notes: tuple[str, ...]
