"""The distillation study: a small image network without and with teachers.

Question, protocol and verdict: ``docs/studies/distil.md``. Everything slow is kept in the work
folder (cached features, the teacher, its targets, one JSON file a run), so a second call goes on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from engine.evaluation.figures import Figure
from models.training.pairs import load_kagl
from models.training.studies.distil_data import StudyRows, choose_rows
from models.training.studies.distil_figures import cost_figures, gain_figure, recall_figures
from models.training.studies.distil_networks import StudentNet, TeacherTail
from models.training.studies.distil_settings import StudentRun, StudySizes, run_key
from models.training.studies.distil_students import Found, Material, recall_at, run_student
from models.training.studies.distil_teacher import (
    DEGRADED_HW,
    build_front,
    build_teacher,
    fill_views,
    load_views,
)
from models.training.studies.result import StudyResult

__all__ = ["plan_runs", "run_distil_study"]

_log = logging.getLogger(__name__)
_GRID_SEED = 100  # no seed of the reported runs
NO_TEACHER = "no-teacher"


def run_distil_study(data: Path, work: Path, *, seeds: int, quick: bool) -> StudyResult:
    """Run, or go on with, the study.

    Args:
        data: Folder with ``kagl.parquet``.
        work: Keeps features (about 0.7 GB) and finished runs.
        seeds: Students of each arm.
        quick: A few steps on a few pictures; one seed, figures without meaning.

    Raises:
        NotFound: ``kagl.parquet`` is not in the folder.
    """
    sizes = StudySizes.for_a_look() if quick else StudySizes()
    began = time.monotonic()
    pairs = load_kagl(data)
    rows = choose_rows(
        pairs,
        least=sizes.least,
        fit_most=sizes.fit_most,
        test_most=sizes.test_most,
        unlabelled_most=sizes.unlabelled_most,
        class_most=sizes.class_most,
    )
    shape = run_key(rows.key, str(sizes.views), str(sizes.unlabelled_views))
    cache = work / f"views-{shape}"
    tower, front = build_front(cache, dims=sizes.teacher.dims, seed=sizes.teacher.seed)
    fit = fill_views(cache, "fit", pairs, rows.fit.rows, front, views=sizes.views)
    others = {
        "unlabelled": fill_views(
            cache, "unlabelled", pairs, rows.unlabelled, front, views=sizes.unlabelled_views
        ),
        "val": fill_views(cache, "val", pairs, rows.val.rows, front, views=1),
        "test": fill_views(cache, "test", pairs, rows.test.rows, front, views=1),
        "degraded": fill_views(
            cache, "degraded", pairs, rows.test.rows, front, views=1, degraded=True
        ),
    }
    key = run_key(shape, sizes.teacher)
    taught = work / f"teacher-{key}"
    taught.mkdir(parents=True, exist_ok=True)
    untrained = load_views(TeacherTail(tower).eval(), others["test"], taught, "untrained")
    tail = build_teacher(tower, fit, rows.fit.labels, sizes.teacher, taught / "teacher.safetensors")
    tables = {name: load_views(tail, each, taught, name) for name, each in others.items()}
    material = Material(
        fit=load_views(tail, fit, taught, "fit"),
        fit_labels=rows.fit.labels,
        unlabelled=tables["unlabelled"],
        parts={"val": (tables["val"], rows.val.labels), "test": (tables["test"], rows.test.labels)},
        key=key,
    )
    references = [
        *_reference("pixels", "class-disjoint", _pixels(untrained.frames[0]), rows),
        *_reference("teacher-untrained", "class-disjoint", untrained.targets[0], rows),
        *_reference("teacher", "class-disjoint", tables["test"].targets[0], rows),
        *_reference("teacher", "cross-quality", tables["degraded"].targets[0], rows),
    ]
    chosen, grid = _choose(sizes, material, taught / "runs")
    plan = plan_runs(sizes, chosen, seeds=1 if quick else seeds)
    found: dict[tuple[str, str], list[Found]] = {}
    for number, run in enumerate(plan, start=1):
        _log.info("run %d of %d, %.0f s so far", number, len(plan), time.monotonic() - began)
        found.setdefault((run.condition, run.arm), []).append(
            run_student(run, material, taught / "runs")
        )
    return StudyResult(
        figures=(
            *references,
            *_student_figures(found),
            *cost_figures(
                tower,
                StudentNet(sizes.teacher.dims).eval(),
                cache,
                pictures=sizes.speed_pictures,
                rounds=sizes.speed_rounds,
            ),
        ),
        notes=(*_notes(rows, sizes, chosen), *grid),
    )


def plan_runs(sizes: StudySizes, chosen: dict[str, float], *, seeds: int) -> list[StudentRun]:
    """Every reported run, seed by seed, so that an interrupted study has whole seeds.

    Args:
        sizes: Steps and unlabelled pictures.
        chosen: Loss → λ.
        seeds: From 0.
    """
    bare = StudentRun(arm=NO_TEACHER, seed=0, steps=sizes.steps)
    both = {"absolute": chosen["absolute"], "relative": chosen["relative"]}
    arms = [
        bare,
        *(replace(bare, arm=name, **{name: chosen[name]}) for name in ("absolute", "relative")),
        replace(bare, arm="absolute+relative", **both),
        replace(bare, arm="teacher-only", labels=0.0, **both),
        *(replace(bare, arm=name, **{name: chosen[name]}) for name in ("hint", "attention")),
        replace(bare, arm="semi-supervised", unlabelled=sizes.unlabelled_a_batch, **both),
        replace(bare, degraded=True),
        replace(bare, arm="absolute+relative", degraded=True, **both),
        replace(bare, metric="triplet"),
        replace(bare, arm="absolute+relative", metric="triplet", **both),
    ]
    return [replace(arm, seed=seed) for seed in range(seeds) for arm in arms]


def _choose(
    sizes: StudySizes, material: Material, folder: Path
) -> tuple[dict[str, float], list[str]]:
    """λ of each loss by recall@1 on the validation types, and the grid in sentences."""
    chosen: dict[str, float] = {}
    notes: list[str] = []
    for loss, grid in sizes.grids.items():
        scores: list[float] = []
        for weight in grid:
            run = replace(
                StudentRun(arm=loss, seed=_GRID_SEED, steps=sizes.grid_steps, part="val"),
                **{loss: weight},  # pyright: ignore[reportArgumentType]
            )
            scores.append(run_student(run, material, folder).recall[0])
        chosen[loss] = grid[int(np.argmax(scores))]
        tried = ", ".join(
            f"{weight:g}: {score:.3f}" for weight, score in zip(grid, scores, strict=True)
        )
        notes.append(f"λ of {loss}, recall@1 on the validation types: {tried}.")
    return chosen, notes


def _reference(arm: str, condition: str, vectors: np.ndarray, rows: StudyRows) -> list[Figure]:
    found = Found(recall=recall_at(vectors, rows.test.labels), loss=0.0, seconds=0.0)
    return recall_figures(arm, condition, [found])


def _pixels(frames: np.ndarray) -> np.ndarray:
    flat = 255 - frames.reshape(len(frames), -1).astype(np.float32)  # white says nothing
    return flat / np.linalg.norm(flat, axis=1, keepdims=True).clip(1e-6)


def _student_figures(found: dict[tuple[str, str], list[Found]]) -> list[Figure]:
    figures: list[Figure] = []
    for (condition, arm), each in found.items():
        figures += recall_figures(arm, condition, each)
    for (condition, arm), each in found.items():
        if arm != NO_TEACHER:
            figures.append(gain_figure(arm, condition, each, found[condition, NO_TEACHER]))
    return figures


def _notes(rows: StudyRows, sizes: StudySizes, chosen: dict[str, float]) -> Sequence[str]:
    run, teacher = StudentRun(arm=NO_TEACHER, seed=0, steps=sizes.steps), sizes.teacher
    weights = ", ".join(f"{name} {weight:g}" for name, weight in chosen.items())
    high, wide = DEGRADED_HW
    return (
        f"Classes: type × colour with {sizes.least} or more pictures of different titles. "
        f"Training: {rows.fit.classes} classes of {len(rows.fit.types)} types, "
        f"{len(rows.fit.rows):,} pictures in {sizes.views} fixed views; validation: "
        f"{rows.val.classes} classes of {len(rows.val.types)} other types, "
        f"{len(rows.val.rows):,} pictures; test: {rows.test.classes} classes of "
        f"{len(rows.test.types)} further types, {len(rows.test.rows):,} pictures, each a query "
        "among all others.",
        "Interval: over seeds of the student, Student's t; n = seeds, one teacher for all. Rates: "
        "bootstrap over rounds, ONNX Runtime, one thread, uint8 pictures to vectors.",
        f"Unlabelled: {len(rows.unlabelled):,} pictures of the test half's types, none a test "
        f"picture nor of a test picture's title; {sizes.unlabelled_a_batch} a batch besides the "
        "labelled ones, which are the same in every arm.",
        f"Cross-quality: the student sees {high}×{wide} px enlarged again, in training and in "
        "test; its teacher saw the clean pictures. The arm teacher there reads the degraded ones.",
        f"Student: {run.steps} steps of {run.classes} classes × {run.pictures} pictures, AdamW "
        f"{run.rate:g}; teacher: {teacher.steps} steps of {teacher.classes} × "
        f"{teacher.pictures}. Loss on labels: supervised contrastive, temperature "
        f"{run.temperature:g}; condition class-disjoint/triplet: batch-hard triplet, margin "
        f"{run.margin:g}, as in the paper.",
        f"λ, chosen with one seed and {sizes.grid_steps} steps, relative in the per-pair mean "
        f"form: {weights}.",
        f"{torch.get_num_threads()} threads.",
    )
