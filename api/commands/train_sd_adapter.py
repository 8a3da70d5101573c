"""``lookalike train sd-adapter``: what retrieval adds to SD-Turbo."""

from __future__ import annotations

import dataclasses
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


def sd_adapter(
    data: DataOption = Path("../shared/data"),
    student: Annotated[
        str, typer.Option("--student", help="SD-Turbo: folder or repository.", metavar="MODEL")
    ] = "stabilityai/sd-turbo",
    teacher: Annotated[
        str,
        typer.Option(
            "--teacher", help="Stable Diffusion 2.1 base: folder or repository.", metavar="MODEL"
        ),
    ] = "stabilityai/stable-diffusion-2-1-base",
    out: OutOption = Path("runs/sd-adapter"),
    work: WorkOption = Path("runs/sd-adapter/work"),
    device: Annotated[Device, typer.Option("--device", help="Where it runs.")] = Device.CUDA,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Of training.")] = 20_000,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Pictures a step.")] = 16,
    bank: Annotated[int, typer.Option("--bank", min=2, help="Pictures to retrieve from.")] = 8_192,
    samples: Annotated[
        int, typer.Option("--samples", min=1, help="Batches that the teacher draws.")
    ] = 2_000,
    seed: SeedOption = 7,
    as_json: JsonOption = False,
) -> None:
    """Train the adapter of SD-Turbo by distillation from Stable Diffusion 2.1; needs a large GPU.

    lookalike train sd-adapter --student ~/sd-turbo --teacher ~/stable-diffusion-2-1-base

    Bank, the teacher's samples and training go on from what is in --work. Writes sd-adapter/, which
    LOOKALIKE_VARIANTS_ADAPTER names.
    """
    import logging

    try:
        from models.hub.sd_turbo.training.run import train_sd_adapter
        from models.hub.sd_turbo.training.settings import SdAdapterConfig
    except ImportError as error:
        raise missing(error) from error

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    base = SdAdapterConfig(data=data, student=student, teacher=teacher, out=out, work=work)
    report = train_sd_adapter(
        dataclasses.replace(
            base,
            device=device.value,
            bank=bank,
            samples=samples,
            seed=seed,
            schedule=dataclasses.replace(base.schedule, steps=steps, batch=batch),
        )
    )
    shown: dict[str, str | int | float] = {
        "folder": str(report.folder),
        "revision": report.revision,
        "parameters": report.parameters,
        "seconds": round(report.seconds),
    }
    tell(shown, as_json=as_json)
