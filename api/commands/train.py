"""``lookalike train``: one command a model. Needs the extra ``[models]``."""

from __future__ import annotations

import dataclasses
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.terminal import EXIT_CODES, JsonOption, print_json
from engine.errors import ModelUnavailable

if TYPE_CHECKING:
    from models.training.settings import TrainConfig

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


@app.callback()
def root() -> None:
    """Train a model from the real data, on CPU or GPU."""


@app.command(epilog=EXIT_CODES)
def encoder(
    data: Annotated[
        Path, typer.Option("--data", help="Folder with kagl.parquet.", metavar="DIR")
    ] = Path("../shared/data"),
    out: Annotated[
        Path, typer.Option("--out", help="Folder that gets compact/.", metavar="DIR")
    ] = Path("models/weights"),
    work: Annotated[
        Path, typer.Option("--work", help="Caches and checkpoints, to go on from.", metavar="DIR")
    ] = Path("runs/compact"),
    device: Annotated[Device, typer.Option("--device", help="Where it runs.")] = Device.CPU,
    epochs: Annotated[
        int | None, typer.Option("--epochs", min=1, help="Passes over the training rows.")
    ] = None,
    minutes: Annotated[float | None, typer.Option("--minutes", help="End by then.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of everything that is drawn.")] = 7,
    as_json: JsonOption = False,
) -> None:
    """Train the compact dual encoder and export what is served.

    lookalike train encoder --data ../shared/data

    A run that was stopped goes on from its last checkpoint in --work.
    """
    import logging

    try:
        from models.training.encoder import train
        from models.training.settings import TrainConfig
    except ImportError as error:
        raise ModelUnavailable(
            f"the package {error.name!r} is not installed.",
            where="train",
            hint="Install it with: pip install 'lookalike[models]'",
        ) from error

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    base = (
        TrainConfig.for_cuda(data=data, out=out)
        if device is Device.CUDA
        else TrainConfig(data=data, out=out)
    )
    config: TrainConfig = dataclasses.replace(
        base, work=work, seed=seed, limit_minutes=minutes, epochs=epochs or base.epochs
    )
    report = train(config)
    shown = {
        "folder": str(report.folder),
        "steps": report.steps,
        "seconds": round(report.seconds, 1),
        "val_recall_at_10": round(report.val_recall_at_10, 4),
    }
    if as_json:
        print_json(shown)
    else:
        for name, value in shown.items():
            typer.echo(f"{name}: {value}")
