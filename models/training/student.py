"""Trains the image tower that ships: a small picture in, the teacher's vectors out.

The student reads pictures at about their own resolution (80 by 64 pixels where catalogues hold 60
by 80) and its teacher reads them enlarged, so it costs less than half of it. It starts from the
teacher's weights and learns at once the teacher's vectors (the absolute teacher of
`models.training.distil`), which of all train titles belongs to a picture, and the attributes. The
text tower stays the teacher's until the refit.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from engine.errors import ModelUnavailable
from models.compact import CompactEncoder, read_config
from models.training.batches import Batch, Batches, Source
from models.training.distil import absolute_loss
from models.training.encoder import batches_of
from models.training.loop import Trainer, run_to_the_end
from models.training.losses import attribute_loss
from models.training.network import DualTower, TowerConfig
from models.training.preparation import build_model, prepare
from models.training.prompts import LabelPrompts, label_prompts, prompt_loss
from models.training.settings import TrainConfig, TrainReport
from models.training.views import decode

__all__ = ["StudentConfig", "StudentObjective", "Targets", "start_from", "train_student"]

_log = logging.getLogger(__name__)
_CHUNK = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentConfig:
    """A distillation run.

    Attributes:
        teacher: Served folder of the teacher (see `models.training.export`).
        base: Data, folders, batch, passes and rates; its towers are the student's.
        start: Served folder whose image tower and heads the student starts from, the teacher's
            where ``None``. Texts are the teacher's either way.
        absolute: Weight of the distance to the teacher's vector.
        titles: Weight of the cross-entropy over all train titles.
        attributes: Weight of the attribute heads.
        names: Weight of the label names, see `models.training.prompts`.
    """

    teacher: Path
    base: TrainConfig
    start: Path | None = None
    absolute: float = 2.0
    titles: float = 0.4
    attributes: float = 0.3
    names: float = 0.3

    @classmethod
    def for_teacher(cls, *, data: Path, out: Path, teacher: Path) -> StudentConfig:
        """A student with a larger frame than its teacher, to teach the next one: two cores."""
        base = TrainConfig(
            data=data,
            out=out,
            work=Path("runs/teacher"),
            name="teacher",
            batch=128,
            epochs=5,
            frozen_epochs=0,
            views=4,
            trunk_rate=4e-4,
            head_rate=4e-4,
            towers=TowerConfig(height_px=192, width_px=144),
        )
        return cls(teacher=teacher, base=base)

    @classmethod
    def for_serving(cls, *, data: Path, out: Path, teacher: Path) -> StudentConfig:
        """The student that ships: the schedule of two cores."""
        base = TrainConfig(
            data=data,
            out=out,
            work=Path("runs/student"),
            epochs=24,
            frozen_epochs=0,
            views=7,
            trunk_rate=6e-4,
            head_rate=6e-4,
            towers=TowerConfig(height_px=80, width_px=64),
        )
        return cls(teacher=teacher, base=base)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Targets:
    """What the teacher says.

    Attributes:
        pictures: (n, D) unit vectors in the order of `Batch.rows`: the untouched picture and its
            mirror image, averaged.
        titles: (T, D) unit vectors of the distinct titles, by title number.
        names: (P, D) unit vectors of `prompts`.
        prompts: The names of the labels.
        scale: Inverse temperature of the teacher's titles.
    """

    pictures: Tensor
    titles: Tensor
    names: Tensor
    prompts: LabelPrompts
    scale: float


class StudentObjective:
    """The teacher's vectors, titles and attributes, for the image tower alone."""

    def __init__(self, config: StudentConfig, targets: Targets):
        self._config = config
        self._targets = targets

    def groups(self, model: DualTower) -> list[dict[str, Any]]:
        """Everything after the stem, and the heads."""
        base = self._config.base
        for fixed in (model.text, model.image.lower):
            fixed.requires_grad_(False)
        model.log_scale.requires_grad_(False)
        model.log_scale_phrase.requires_grad_(False)
        learning = [each for each in model.parameters() if each.requires_grad]
        return [
            {
                "params": [each for each in learning if (each.ndim > 1) == decays],
                "peak": base.trunk_rate,
                "from": 0,
                "weight_decay": base.weight_decay if decays else 0.0,
            }
            for decays in (True, False)
        ]

    def loss(self, model: DualTower, batch: Batch, step: int) -> tuple[Tensor, dict[str, float]]:
        """Weighted sum of the four losses."""
        del step
        config, targets = self._config, self._targets
        images = model.image.head(model.image.trunk(batch.features), batch.thumbnails)
        absolute = absolute_loss(images, targets.pictures[batch.rows])
        titled = batch.title_numbers >= 0
        by_title = functional.cross_entropy(
            targets.scale * images[titled] @ targets.titles.T, batch.title_numbers[titled]
        )
        attributes = attribute_loss(model.heads(images), batch.labels)
        by_name = prompt_loss(images, targets.names, targets.prompts.sizes, batch.labels)
        loss = (
            config.absolute * absolute
            + config.titles * by_title
            + config.attributes * attributes
            + config.names * by_name
        )
        parts = {
            "absolute": absolute,
            "title": by_title,
            "attributes": attributes,
            "name": by_name,
        }
        return loss, {name: float(each.detach()) for name, each in parts.items()}


def _embed_mirrored(teacher: CompactEncoder, source: Source) -> NDArray[np.float32]:
    pictures = source.pairs.pictures
    found: list[NDArray[np.float32]] = []
    for start in range(0, len(source.rows), _CHUNK):
        images = [decode(pictures[row]) for row in source.rows[start : start + _CHUNK]]
        mirrored = [np.ascontiguousarray(image[:, ::-1]) for image in images]
        both = teacher.embed_images(images) + teacher.embed_images(mirrored)
        found.append(both / np.linalg.norm(both, axis=1, keepdims=True))
    return np.concatenate(found)


def _ask(
    teacher: CompactEncoder, sources: tuple[Source, ...], batches: Batches, path: Path, scale: float
) -> Targets:
    if path.exists():
        pictures = np.load(path)
    else:
        began = time.monotonic()
        pictures = np.concatenate([_embed_mirrored(teacher, each) for each in sources])
        np.save(path, pictures)
        _log.info("teacher embedded %d in %.0f s", len(pictures), time.monotonic() - began)
    prompts = label_prompts(batches.label_names, batches.tokenizer)
    return Targets(
        pictures=torch.from_numpy(pictures.astype(np.float32)),
        titles=torch.from_numpy(teacher.embed_texts(batches.distinct_titles)),
        names=torch.from_numpy(teacher.embed_texts(prompts.words)),
        prompts=prompts,
        scale=scale,
    )


def start_from(model: DualTower, folder: Path, *, texts: Path | None = None) -> None:
    """Fill a student with the weights of a served encoder, its text tower with those of another.

    An encoder that was fitted again may have heads that the student lacks; nothing else may differ.

    Raises:
        ModelUnavailable: The towers are of other sizes.
    """
    held = load_file(folder / "compact.safetensors")
    if texts is not None:
        others = load_file(texts / "compact.safetensors")
        seen = ("image.", "heads.")
        held = {name: each for name, each in held.items() if name.startswith(seen)}
        held |= {name: each for name, each in others.items() if not name.startswith(seen)}
    own = model.state_dict()
    sizes = {name: each.shape for name, each in held.items()}
    unlike = {name for name, each in own.items() if sizes.get(name) != each.shape}
    unlike |= {name for name in held.keys() - own.keys() if not name.startswith("heads.")}
    if unlike:
        raise ModelUnavailable(
            f"{len(unlike)} tensors of this encoder and the student differ, such as {min(unlike)}",
            where=str(folder),
            hint="Only the frame may differ: train the teacher anew with this version.",
        )
    model.load_state_dict({name: held[name].to(each) for name, each in own.items()})


def _run_folder(config: StudentConfig, *revisions: str) -> Path:
    """A checkpoint fits one run, one teacher and one start only."""
    weights = (config.absolute, config.titles, config.attributes, config.names)
    digest = hashlib.sha256(repr((config.base.run_id, weights, revisions)).encode()).hexdigest()
    return config.base.work / digest[:12]


def train_student(config: StudentConfig) -> TrainReport:
    """Distil, measure on val, export; goes on from its last checkpoint.

    Raises:
        NotFound: The training data are not there.
        ModelUnavailable: The teacher's or the start's folder is incomplete, or its towers are of
            other sizes.
    """
    teacher = CompactEncoder(config.teacher)
    start = config.start or config.teacher
    begun = read_config(start).revision
    theirs = json.loads((config.teacher / "config.json").read_text(encoding="utf-8"))
    towers = dataclasses.replace(
        config.base.towers,
        **{name: theirs[name] for name in ("text_layers", "vocabulary", "tokens")},
    )
    base = dataclasses.replace(config.base, towers=towers)
    config = dataclasses.replace(config, base=base)
    work = _run_folder(config, teacher.encoder_id.revision, begun)
    base = dataclasses.replace(base, work=work)
    config = dataclasses.replace(config, base=base)
    work.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(config.teacher / "tokenizer.json", work / "tokenizer.json")
    ready = prepare(base)
    batches = batches_of(ready, base)
    model = build_model(base.towers, ready.label_names, seed=base.seed)
    start_from(model, start, texts=config.teacher)
    targets = _ask(
        teacher,
        ready.sources,
        batches,
        work / "targets.npy",
        float(model.log_scale.detach().exp()),
    )
    objective = StudentObjective(config, targets)
    checkpoint = work / "checkpoint.safetensors"
    return run_to_the_end(Trainer(base, batches, model, checkpoint, objective), ready)
