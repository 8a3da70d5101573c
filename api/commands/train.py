"""``lookalike train``: one command a model. Needs the extra ``[models]``."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from api.commands.terminal import EXIT_CODES, JsonOption, print_json
from engine.errors import ModelUnavailable

if TYPE_CHECKING:
    from models.training.settings import TrainConfig, TrainReport

app = typer.Typer(
    help="Train a model from the real data, on CPU or GPU.",
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Device(StrEnum):
    """Where training runs."""

    CPU = "cpu"
    CUDA = "cuda"


DataOption = Annotated[
    Path, typer.Option("--data", help="Folder with kagl.parquet.", metavar="DIR")
]
OutOption = Annotated[
    Path, typer.Option("--out", help="Folder that gets the weights' folder.", metavar="DIR")
]
WorkOption = Annotated[
    Path, typer.Option("--work", help="Caches and checkpoints, to go on from.", metavar="DIR")
]
EpochsOption = Annotated[
    int | None, typer.Option("--epochs", min=1, help="Passes over the training rows.")
]
MinutesOption = Annotated[float | None, typer.Option("--minutes", help="End by then.")]
SeedOption = Annotated[int, typer.Option("--seed", help="Of everything that is drawn.")]


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
        raise _missing(error) from error

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
    _tell(_shown(train(config)), as_json=as_json)


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

    lookalike train student --teacher models/weights/teacher
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
    out: OutOption = Path("models/weights"),
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
        raise _missing(error) from error

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
    _tell(_shown(report), as_json=as_json)


@app.command(epilog=EXIT_CODES)
def detector(
    data: DataOption = Path("../shared/data"),
    out: OutOption = Path("detectors/weights"),
    work: WorkOption = Path("runs/detector"),
    device: Annotated[Device, typer.Option("--device", help="Where it runs.")] = Device.CPU,
    epochs: EpochsOption = None,
    seed: SeedOption = 7,
    as_json: JsonOption = False,
) -> None:
    """Train the detector of garments; writes yolo/.

    lookalike train detector --data ../shared/data
    """
    import logging

    try:
        from detectors.training.yolo import DetectorConfig, train_detector
        from models.training.export import link_weights
    except ImportError as error:
        raise _missing(error) from error

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    config = DetectorConfig(data=data, out=out, work=work, device=device.value, seed=seed)
    report = train_detector(
        dataclasses.replace(config, epochs=epochs or config.epochs), link=link_weights
    )
    _tell({"folder": str(report.folder), "seconds": round(report.seconds)}, as_json=as_json)


@app.command(epilog=EXIT_CODES)
def relations(
    data: DataOption = Path("../shared/data"),
    out: OutOption = Path("detectors/weights"),
    simulated: Annotated[
        bool, typer.Option("--simulated", help="Boxes of a simulated detector, not the shipped.")
    ] = False,
    steps: Annotated[int | None, typer.Option("--steps", min=1, help="Steps of training.")] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, help="Most photos of a split.")
    ] = None,
    seed: SeedOption = 7,
    as_json: JsonOption = False,
) -> None:
    """Train the relations between boxes, and fit RelDetect's two numbers a fine class.

    lookalike train relations --data ../shared/data

    Relations are learned from masks and know no fine class; to be run again with a new detector.
    """
    import logging

    try:
        from api.evaluation.reldetect import detections_of
        from detectors.training.relations import RelationsConfig
        from detectors.training.reldetect import train_reldetect
    except ImportError as error:
        raise _missing(error) from error

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    config = RelationsConfig(seed=seed)
    if steps is not None:
        config = dataclasses.replace(config, steps=steps)
    report = train_reldetect(data, out, config, detections_of(simulated=simulated), limit=limit)
    shown: dict[str, str | int | float] = {
        "folder": str(report.folder),
        "seconds": round(report.seconds, 1),
        "parameters": report.parameters,
        "calibrated": report.calibrated,
    }
    for name, (precision, share) in report.val_precision.items():
        shown[f"val_ap {name}"] = round(precision, 3)
        shown[f"val_share {name}"] = round(share, 3)
    _tell(shown, as_json=as_json)


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
        raise _missing(error) from error

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
    _tell(shown, as_json=as_json)


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
        raise _missing(error) from error

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
    _tell(shown, as_json=as_json)


@app.command(epilog=EXIT_CODES)
def gallery(
    data: DataOption = Path("../shared/data"),
    out: OutOption = Path("detectors/weights"),
    work: Annotated[
        Path, typer.Option("--work", help="Keeps what was seen in the pictures.", metavar="DIR")
    ] = Path("runs/gallery"),
    photos: Annotated[
        int | None, typer.Option("--photos", min=1, help="Most photos of the train split.")
    ] = None,
    epochs: EpochsOption = None,
    seed: SeedOption = 7,
    as_json: JsonOption = False,
) -> None:
    """Train the gallery graph, which finds a product's boxes in its pictures; writes gallery/.

    lookalike train gallery --data ../shared/data

    To be run again whenever the weights of the detector or the encoder change. Pictures that
    --work holds already are not looked at again.
    """
    import logging

    from api.progress import counting
    from detectors.gallery_graph import LEAST_SCORE, MOST_BOXES
    from detectors.registry import load_detector
    from detectors.taxonomy import default_taxonomy

    try:
        from detectors.training.gallery import train_gallery
        from detectors.training.gallery_fit import GalleryConfig
        from detectors.training.gallery_seen import Sight
        from detectors.training.gallery_street import street_domain
        from models.onnx_session import OnnxTower
        from models.registry import load_encoder
    except ImportError as error:
        raise _missing(error) from error

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    finder = load_detector(OnnxTower, least_score=LEAST_SCORE, most=MOST_BOXES)
    encoder, taxonomy = load_encoder("compact"), default_taxonomy()
    with counting("Looking at pictures", None) as advance:
        sight = Sight(
            boxes_of=lambda pictures: finder.detect([each.rgb for each in pictures]),
            revision=finder.revision,
            encoder=encoder,
            folder=work,
            on_progress=advance,
        )
        train = street_domain(data, taxonomy, "train", sight, most_photos=photos)
        val = street_domain(data, taxonomy, "val", sight)
    config = GalleryConfig(out=out, seed=seed)
    report = train_gallery(
        dataclasses.replace(config, epochs=epochs or config.epochs),
        train,
        val,
        embed_texts=encoder.embed_texts,
        encoder=encoder.encoder_id.fingerprint,
        classes=finder.classes,
        detector=finder.revision,
    )
    shown: dict[str, str | int | float] = {
        "folder": str(report.folder),
        "seconds": round(report.seconds, 1),
    }
    for arm, (titled, untitled) in report.val_ap.items():
        shown[f"val_ap_{arm}"] = round(titled, 4)
        shown[f"val_ap_{arm}_without_title"] = round(untitled, 4)
    _tell(shown, as_json=as_json)


def _missing(error: ImportError) -> ModelUnavailable:
    return ModelUnavailable(
        f"the package {error.name!r} is not installed.",
        where="train",
        hint="Install it with: pip install 'lookalike[models]'",
    )


def _shown(report: TrainReport) -> dict[str, str | int | float]:
    return {
        "folder": str(report.folder),
        "steps": report.steps,
        "seconds": round(report.seconds, 1),
        "val_recall_at_10": round(report.val_recall_at_10, 4),
    }


def _tell(shown: Mapping[str, str | int | float], *, as_json: bool) -> None:
    if as_json:
        print_json(shown)
    else:
        for name, value in shown.items():
            typer.echo(f"{name}: {value}")
