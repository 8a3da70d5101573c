"""``lookalike train variants``: the small generator, in five stages."""

from __future__ import annotations

import dataclasses
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.commands.terminal import JsonOption
from api.commands.train_options import (
    DataOption,
    Device,
    OutOption,
    SeedOption,
    WorkOption,
    missing,
    tell,
)


class Stage(StrEnum):
    """Stages, each needing the one before."""

    AUTOENCODER = "autoencoder"
    TEACHER = "teacher"
    CONSISTENCY = "consistency"
    STUDENT = "student"
    ADAPTER = "adapter"


class Control(StrEnum):
    """What is trained beside the stages, for the study alone."""

    LORA = "lora"


def variants(
    data: DataOption = Path("../shared/data"),
    out: OutOption = Path("models/weights"),
    work: WorkOption = Path("runs/variants"),
    encoder: Annotated[
        Path, typer.Option("--encoder", help="Served folder whose texts it reads.", metavar="DIR")
    ] = Path("models/weights/compact"),
    device: Annotated[Device, typer.Option("--device", help="Where it runs.")] = Device.CPU,
    until: Annotated[Stage, typer.Option("--until", help="Stop after this stage.")] = Stage.ADAPTER,
    control: Annotated[
        Control | None,
        typer.Option(
            "--control",
            help="In place of the adapter, train what changes the decoder alone, without retrieval:"
            " an arm of `lookalike study turbo`, never exported.",
        ),
    ] = None,
    seed: SeedOption = 7,
    as_json: JsonOption = False,
) -> None:
    """Train the small generator of variants; writes variants/.

    lookalike train variants --data ../shared/data

    Autoencoder, teacher, student (first consistent, then matched) and adapter, each going on from
    its checkpoint in --work.
    """
    import logging

    try:
        from models.training.variants.run import train_variants
        from models.training.variants.settings import VariantsConfig
    except ImportError as error:
        raise missing(error) from error

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    base = (
        VariantsConfig.for_cuda(data=data, out=out, work=work)
        if device is Device.CUDA
        else VariantsConfig(data=data, out=out, work=work)
    )
    config = dataclasses.replace(base, encoder=encoder, seed=seed)
    report = train_variants(
        config, until=until.value, control=None if control is None else control.value
    )
    nothing = "not yet" if control is None else "none, a control"
    tell(
        {
            "folder": str(report.folder or nothing),
            "stages": " ".join(report.stages),
            "parameters": report.parameters,
            "megabytes": round(report.megabytes, 1),
        },
        as_json=as_json,
    )
