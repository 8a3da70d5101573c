"""What the commands of ``lookalike train`` share."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.commands.terminal import print_json
from engine.errors import ModelUnavailable


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


def missing(error: ImportError) -> ModelUnavailable:
    """What to say where a package of the extra is not there."""
    return ModelUnavailable(
        f"the package {error.name!r} is not installed.",
        where="train",
        hint="Install it with: pip install 'lookalike[models]'",
    )


def tell(shown: Mapping[str, str | int | float], *, as_json: bool) -> None:
    """Print what came of a run."""
    if as_json:
        print_json(shown)
    else:
        for name, value in shown.items():
            typer.echo(f"{name}: {value}")
