"""What the commands of ``lookalike eval`` share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from engine.evaluation.cache import CachingEncoder

DataOption = Annotated[Path, typer.Option("--data", help="Folder of the real data.", metavar="DIR")]
NameOption = Annotated[
    str,
    typer.Option(
        "--encoder", help="compact, toy or open_clip:<model>/<pretrained>.", metavar="NAME"
    ),
]
LimitOption = Annotated[
    int | None,
    typer.Option("--limit", "-n", min=1, help="Most queries; the corpus is always whole."),
]
CacheOption = Annotated[
    Path | None,
    typer.Option(
        "--cache", help="Where vectors are kept. Default: evaluation in the home.", metavar="DIR"
    ),
]
CardOption = Annotated[
    bool, typer.Option("--write-card", help="Put the table into the model's card.")
]
DEFAULT_DATA = Path("../shared/data")


def open_encoder(name: str, cache: Path | None, home: Path | None) -> CachingEncoder:
    """An encoder whose vectors are kept in `cache`, or in the home."""
    from api.settings import load_settings
    from engine.evaluation.cache import caching
    from models.registry import load_encoder

    folder = cache or load_settings(home=home).home / "evaluation"
    return caching(load_encoder(name), folder)
