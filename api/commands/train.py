"""``lookalike train``: one command a model. Needs the extra ``[models]``."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from api.commands import train_boxes, train_masks, train_sd_adapter, train_variants
from api.commands.terminal import EXIT_CODES, JsonOption
from api.commands.train_options import (
    DataOption,
    Device,
    EpochsOption,
    MinutesOption,
    OutOption,
    SeedOption,
    WorkOption,
    missing,
    tell,
)

if TYPE_CHECKING:
    from models.training.settings import TrainConfig, TrainReport

app = typer.Typer(
    help="Train a model from the real data, on CPU or GPU.",
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def root() -> None:
    """Train a model from the real data, on CPU or GPU."""


@app.command(epilog=EXIT_CODES)
def encoder(
    data: DataOption = Path("../shared/data"),
    out: OutOption = Path("models/weights"),
    work: WorkOption = Path("runs/teacher"),
    device: Annotated[Device, typer.Option("--device", help="Where it runs.")] = Device.CPU,
    epochs: EpochsOption = None,
    minutes: MinutesOption = None,
    seed: SeedOption = 7,
    as_json: JsonOption = False,
) -> None:
    """Train the dual encoder that teaches the one that is served; writes teacher/.

    lookalike train encoder --data ../shared/data

    A run that was stopped goes on from its last checkpoint in --work.
    """
    import logging

    try:
        from models.training.encoder import train
        from models.training.settings import TrainConfig
    except ImportError as error:
        raise missing(error) from error

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    base = (
        TrainConfig.for_cuda(data=data, out=out)
        if device is Device.CUDA
        else TrainConfig(data=data, out=out)
    )
    config: TrainConfig = dataclasses.replace(
        base,
        name="teacher",
        work=work,
        seed=seed,
        limit_minutes=minutes,
        epochs=epochs or base.epochs,
    )
    tell(_shown(train(config)), as_json=as_json)


@app.command(epilog=EXIT_CODES)
def student(
    teacher: Annotated[
        Path, typer.Option("--teacher", help="Folder that `train encoder` wrote.", metavar="DIR")
    ],
    data: DataOption = Path("../shared/data"),
    out: OutOption = Path("models/weights"),
    work: WorkOption = Path("runs/student"),
    start: Annotated[
        Path | None,
        typer.Option("--start", help="Folder to start from, else the teacher's.", metavar="DIR"),
    ] = None,
    epochs: EpochsOption = None,
    minutes: MinutesOption = None,
    seed: SeedOption = 7,
    as_json: JsonOption = False,
) -> None:
    """Distil the small image tower that is served from a teacher, then fit the texts to it.

    lookalike train student --teacher runs/teacher/teacher
    """
    _distil(
        "serving",
        teacher=teacher, start=start, data=data, out=out, work=work,
        epochs=epochs, minutes=minutes, seed=seed, as_json=as_json,
    )  # fmt: skip


@app.command(epilog=EXIT_CODES)
def teacher(
    encoder: Annotated[
        Path, typer.Option("--from", help="Served folder that it starts from.", metavar="DIR")
    ] = Path("models/weights/compact"),
    data: DataOption = Path("../shared/data"),
    out: OutOption = Path("runs/teacher"),
    work: WorkOption = Path("runs/teacher"),
    epochs: EpochsOption = None,
    minutes: MinutesOption = None,
    seed: SeedOption = 7,
    as_json: JsonOption = False,
) -> None:
    """Train a served encoder on for a larger frame, to teach the next student; writes teacher/.

    lookalike train teacher --from models/weights/compact
    """
    _distil(
        "teacher",
        teacher=encoder, start=None, data=data, out=out, work=work,
        epochs=epochs, minutes=minutes, seed=seed, as_json=as_json,
    )  # fmt: skip


def _distil(
    purpose: Literal["serving", "teacher"],
    *,
    teacher: Path,
    start: Path | None,
    data: Path,
    out: Path,
    work: Path,
    epochs: int | None,
    minutes: float | None,
    seed: int,
    as_json: bool,
) -> None:
    import logging

    try:
        from models.training.student import StudentConfig, train_student
    except ImportError as error:
        raise missing(error) from error

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    make = StudentConfig.for_serving if purpose == "serving" else StudentConfig.for_teacher
    config = make(data=data, out=out, teacher=teacher)
    base = dataclasses.replace(
        config.base,
        work=work,
        seed=seed,
        limit_minutes=minutes,
        epochs=epochs or config.base.epochs,
    )
    report = train_student(dataclasses.replace(config, base=base, start=start))
    tell(_shown(report), as_json=as_json)


@app.command(epilog=EXIT_CODES)
def composer(
    data: DataOption = Path("../shared/data"),
    out: OutOption = Path("models/weights"),
    work: Annotated[
        Path, typer.Option("--work", help="Keeps the catalogue's vectors.", metavar="DIR")
    ] = Path("runs/composer"),
    encoder: Annotated[
        str, typer.Option("--encoder", help="Whose vectors it composes.", metavar="NAME")
    ] = "compact",
    steps: Annotated[int | None, typer.Option("--steps", min=1, help="Steps of training.")] = None,
    seed: SeedOption = 7,
    as_json: JsonOption = False,
) -> None:
    """Train the composer (reference picture + change in words) for an encoder.

    lookalike train composer --data ../shared/data

    To be run again whenever the encoder's weights change. Vectors that --work holds already are
    not embedded again.
    """
    import logging

    try:
        from models.registry import load_encoder
        from models.training.composer import ComposerConfig, train_composer
    except ImportError as error:
        raise missing(error) from error

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    config = ComposerConfig(data=data, out=out, work=work, seed=seed)
    if steps is not None:
        config = dataclasses.replace(config, steps=steps)
    report = train_composer(config, load_encoder(encoder))
    shown = {
        "folder": str(report.folder),
        "encoder": report.encoder,
        "steps": report.steps,
        "seconds": round(report.seconds, 1),
        "parameters": report.parameters,
        "val_precision_at_10": round(report.val_precision, 4),
        "val_precision_at_10_arithmetic": round(report.val_arithmetic, 4),
    }
    tell(shown, as_json=as_json)


@app.command(epilog=EXIT_CODES)
def tagger(
    data: DataOption = Path("../shared/data"),
    out: OutOption = Path("models/weights"),
    work: Annotated[
        Path, typer.Option("--work", help="Keeps the pictures' vectors.", metavar="DIR")
    ] = Path("runs/tagger"),
    encoder: Annotated[
        Path, typer.Option("--from", help="Served folder whose vectors it reads.", metavar="DIR")
    ] = Path("models/weights/compact"),
    epochs: EpochsOption = None,
    seed: SeedOption = 7,
    as_json: JsonOption = False,
) -> None:
    """Train the attribute tagger for an encoder; writes tagger/.

    lookalike train tagger --data ../shared/data

    To be run again whenever the encoder's weights change.
    """
    import logging

    try:
        from models.training.tagger import TaggerConfig, train_tagger
    except ImportError as error:
        raise missing(error) from error

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    config = TaggerConfig(data=data, out=out, work=work, encoder=encoder, seed=seed)
    report = train_tagger(dataclasses.replace(config, epochs=epochs or config.epochs))
    shown: dict[str, str | int | float] = {
        "folder": str(report.folder),
        "seconds": round(report.seconds, 1),
        "parameters": report.parameters,
    }
    for each in report.facets:
        name = each.facet.value
        shown[f"val_accuracy_{name}"] = round(report.accuracy[name], 4)
        shown[f"temperature_{name}"] = each.temperature
        if each.has_none:
            shown[f"sure_from_{name}"] = each.sure_from
    tell(shown, as_json=as_json)


for each in (
    train_boxes.detector,
    train_boxes.relations,
    train_boxes.gallery,
    train_variants.variants,
):
    app.command(epilog=EXIT_CODES)(each)
app.command("variant-mask", epilog=EXIT_CODES)(train_masks.variant_mask)
app.command("sd-adapter", epilog=EXIT_CODES)(train_sd_adapter.sd_adapter)


def _shown(report: TrainReport) -> dict[str, str | int | float]:
    return {
        "folder": str(report.folder),
        "steps": report.steps,
        "seconds": round(report.seconds, 1),
        "val_recall_at_10": round(report.val_recall_at_10, 4),
    }
