"""``lookalike train variant-mask``: which pixels of a box are the garment."""

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


def variant_mask(
    data: DataOption = Path("../shared/data"),
    out: OutOption = Path("models/weights"),
    work: WorkOption = Path("runs/variant-mask"),
    device: Annotated[Device, typer.Option("--device", help="Where it runs.")] = Device.CPU,
    epochs: EpochsOption = None,
    seed: SeedOption = 7,
    as_json: JsonOption = False,
) -> None:
    """Train the masks of garments, which recolouring needs; writes variant-mask/.

    lookalike train variant-mask --data ../shared/data

    It goes on from the checkpoint in --work.
    """
    import logging

    try:
        from api.mask_crops import training_crops
        from detectors.taxonomy import default_taxonomy
        from models.training.variants_mask import MaskConfig, train_mask
    except ImportError as error:
        raise missing(error) from error

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    taxonomy = default_taxonomy()
    config = MaskConfig(
        out=out, work=work, classes=taxonomy.classes, device=device.value, seed=seed
    )
    report = train_mask(
        dataclasses.replace(config, epochs=epochs or config.epochs),
        training_crops(data, taxonomy, split="train"),
        training_crops(data, taxonomy, split="val"),
    )
    shown: dict[str, str | int | float] = {
        "folder": str(report.folder),
        "seconds": round(report.seconds),
        "parameters": report.parameters,
        "val_iou": round(report.val_iou, 4),
    }
    tell(shown, as_json=as_json)
