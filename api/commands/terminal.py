"""What the commands share: exit codes, consoles, JSON, the options that all of them have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.errors import LookalikeError, NotFound

if TYPE_CHECKING:
    from rich.console import Console

    from api.container import Container

EXIT_CODES = (
    "Exit codes: 0 ok · 1 failure · 2 usage or unusable input · 3 partial (some rows rejected) ·"
    " 4 not found · 6 conflict (index of another encoder, or in use) · 7 overload ·"
    " 8 guard (wants --yes) · 130 Ctrl-C."
)

_PIPE_WIDTH = 10_000

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        help="Folder of everything that Lookalike keeps. Default: .lookalike",
        metavar="DIR",
    ),
]
EncoderOption = Annotated[
    str | None,
    typer.Option(
        "--encoder", help="compact, toy or open_clip:<model>/<pretrained>.", metavar="NAME"
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]


def open_container(*, home: Path | None, encoder: str | None, existing: bool = False) -> Container:
    """The parts that the settings and the options name, not yet built.

    Args:
        home: Of the option, if it was given.
        encoder: Likewise.
        existing: A home that was named has to be there: without products it was mistyped.

    Raises:
        NotFound: It is not.
    """
    if existing and home is not None and not home.is_dir():
        raise NotFound(
            f"there is no home {home}.",
            where="--home",
            hint="Name the one of `lookalike ingest`, or `lookalike demo` makes one.",
        )
    from api.container import Container
    from api.settings import load_settings

    return Container(load_settings(home=home, encoder=encoder))


def stdout() -> Console:
    """Console for results."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _PIPE_WIDTH  # a pipe has no edge to wrap at
    return console


def stderr() -> Console:
    """Console for progress and remarks."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """One JSON object, the only thing on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def tell(error: LookalikeError, *, as_json: bool = False) -> None:
    """An error on stderr: what, and what to do; with `as_json` as an object on stdout as well."""
    if as_json:
        print_json({"error": {"code": error.code, "message": str(error), "hint": error.hint}})
    head = f"{error.where}: {error.what}" if error.where else error.what
    typer.secho(f"Error ({error.code}): {head}", err=True, fg="red")
    if error.hint:
        typer.echo(error.hint, err=True)
