"""The study of the small generator: does retrieval help one step, and what is it that helps?

Question, protocol and verdict: ``docs/studies/turbo.md``. What is drawn and what is seen in it are
kept in the work folder, so a second call goes on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import InvalidInput
from engine.evaluation.figures import Figure
from engine.query.lexicon import default_lexicon
from models.training.studies.result import StudyResult
from models.training.studies.turbo_draw import Drawer
from models.training.studies.turbo_figures import arm_figures, distance_figures, gain_figures
from models.training.studies.turbo_judge import Eyes
from models.training.studies.turbo_looks import Look, Looker, build_judge
from models.training.studies.turbo_material import TurboMaterial, steps_done
from models.training.studies.turbo_notes import notes_of
from models.training.studies.turbo_prompts import Prompts, draw_changed, draw_words
from models.training.studies.turbo_runner import ModeRunner
from models.training.studies.turbo_settings import ARMS, MODES, Arm, Mode, TurboSizes
from models.training.studies.turbo_sheet import write_sheet
from models.training.studies.turbo_speed import speed_figures
from models.training.variants.settings import VariantsConfig

__all__ = ["TurboOptions", "run_turbo_study"]

_log = logging.getLogger(__name__)
_SPEED_STAGES = ("teacher", "student", "adapter")
SHEET = "sheet-{mode}.png"


@dataclass(frozen=True, slots=True, kw_only=True)
class TurboOptions:
    """A run of the study.

    Attributes:
        config: Of the training whose checkpoints are read.
        work: Gets latents, what was seen, and the contact sheets.
        sizes: How much of everything.
        arms: Some of `ARMS`, in any order.
        speed: Whether speeds are measured, which wants a quiet machine.
    """

    config: VariantsConfig
    work: Path
    sizes: TurboSizes
    arms: tuple[str, ...] = tuple(ARMS)
    speed: bool = True


def run_turbo_study(options: TurboOptions) -> StudyResult:
    """Run, or go on with, the study.

    Raises:
        InvalidInput: There is no such arm.
        ModelUnavailable: A stage that an arm needs is not trained yet.
        NotFound: ``kagl.parquet`` is not in the data folder.
    """
    arms = _chosen(options.arms)
    sizes, work = options.sizes, options.work
    began = time.monotonic()
    material = TurboMaterial(options.config, work)
    drawer = Drawer(material, work / "drawn", teacher_steps=sizes.teacher_steps)
    for arm in arms.values():
        drawer.origin(arm)  # what is missing is said before anything is drawn
    lexicon, eyes = default_lexicon(), Eyes()
    judge = build_judge(material, drawer, eyes, sizes, work / "judge")
    looker = Looker(material, eyes, judge, lexicon, work / "seen")
    asked: dict[Mode, Prompts] = {
        "words": draw_words(material.catalogue, judge.values, count=sizes.prompts),
        "changed": draw_changed(material.catalogue, judge.values, lexicon, count=sizes.prompts),
    }
    figures: list[Figure] = []
    for mode in MODES:
        prompts = asked[mode]
        if not prompts:
            continue
        run = ModeRunner(material, drawer, looker, prompts, seeds=sizes.seeds)
        looks: dict[str, list[Look]] = {}
        for name, arm in arms.items():
            looks[name] = run.looks(arm)
            _log.info("%s %s done, %.0f s so far", mode, name, time.monotonic() - began)
        real = run.looks(ARMS["real"])[0].vectors
        figures += arm_figures(mode, prompts, looks)
        figures += distance_figures(mode, looks, real, axes=min(sizes.axes, len(prompts) // 3))
        figures += gain_figures(mode, prompts, looks)
        columns = {name: run.frames(arm, 0) for name, arm in arms.items()}
        write_sheet(work / SHEET.format(mode=mode), prompts, columns, most=sizes.shown)
    stages = [each for each in ("autoencoder", *_SPEED_STAGES, "lora") if _there(material, each)]
    if options.speed and all(stage in stages for stage in _SPEED_STAGES):
        figures += speed_figures(material, asked["words"], work / "served", count=sizes.timed)
    done = {stage: steps_done(material.checkpoint(stage)) for stage in stages}
    return StudyResult(figures=tuple(figures), notes=notes_of(judge, asked, sizes, done))


def _chosen(names: Sequence[str]) -> dict[str, Arm]:
    """Arms in the order in which they are shown."""
    unknown = sorted(set(names) - set(ARMS))
    if unknown:
        raise InvalidInput(
            f"there is no arm {unknown[0]!r}", where="--arms", hint=f"Such as: {', '.join(ARMS)}."
        )
    return {name: arm for name, arm in ARMS.items() if name in names}


def _there(material: TurboMaterial, stage: str) -> bool:
    return (material.config.work / f"{stage}.safetensors").exists()
