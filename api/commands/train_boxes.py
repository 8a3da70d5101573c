"""``lookalike train detector|relations|gallery``: boxes in pictures."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from api.commands.terminal import JsonOption
from api.commands.train_options import (
    DataOption,
    Device,
    EpochsOption,
    OutOption,
    SeedOption,
    WorkOption,
    missing,
    tell,
)


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
        raise missing(error) from error

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    config = DetectorConfig(data=data, out=out, work=work, device=device.value, seed=seed)
    report = train_detector(
        dataclasses.replace(config, epochs=epochs or config.epochs), link=link_weights
    )
    tell({"folder": str(report.folder), "seconds": round(report.seconds)}, as_json=as_json)


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
        raise missing(error) from error

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
    tell(shown, as_json=as_json)


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
        raise missing(error) from error

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    finder = load_detector(OnnxTower, least_score=LEAST_SCORE, most=MOST_BOXES)
    encoder, taxonomy = load_encoder("compact"), default_taxonomy()
    with counting("Looking at pictures", None) as advance:
        sight = Sight(
            boxes_of=lambda pictures: finder.detect([each.rgb for each in pictures]),
            revision=finder.weights,
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
        detector=finder.weights,
    )
    shown: dict[str, str | int | float] = {
        "folder": str(report.folder),
        "seconds": round(report.seconds, 1),
    }
    for arm, (titled, untitled) in report.val_ap.items():
        shown[f"val_ap_{arm}"] = round(titled, 4)
        shown[f"val_ap_{arm}_without_title"] = round(untitled, 4)
    tell(shown, as_json=as_json)
