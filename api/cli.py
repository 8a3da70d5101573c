"""The command line. Each command lives in a file of `api.commands`; heavy things load on use."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from api.commands import bench, demo, detect, doctor, ingest, render, search, serve, study, train
from api.commands import eval as evaluate
from api.commands.terminal import EXIT_CODES, tell
from engine.errors import LookalikeError

__all__ = ["app", "main", "run"]

app = typer.Typer(
    name="lookalike",
    help="Multimodal fashion product search: a feed goes in, “like this but red” comes out.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help loads in half the time
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from api.version import lookalike_version

        typer.echo(f"lookalike {lookalike_version()}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Multimodal fashion product search: a feed goes in, “like this but red” comes out."""


app.command(name="ingest", epilog=EXIT_CODES)(ingest.ingest)
app.command(name="search", epilog=EXIT_CODES)(search.search)
app.command(name="render", epilog=EXIT_CODES)(render.render)
app.command(name="detect", epilog=EXIT_CODES)(detect.detect)
app.command(name="serve", epilog=EXIT_CODES)(serve.serve)
app.command(name="demo", epilog=EXIT_CODES)(demo.demo)
app.command(name="doctor", epilog=EXIT_CODES)(doctor.doctor)
app.add_typer(train.app, name="train")
app.add_typer(evaluate.app, name="eval")
app.add_typer(bench.app, name="bench")
app.add_typer(study.app, name="study")


def run(arguments: Sequence[str]) -> int:
    """Run one command line; the exit code is documented in `EXIT_CODES`."""
    try:
        app(list(arguments), prog_name="lookalike")
    except LookalikeError as error:
        tell(error, as_json="--json" in arguments)
        return exit_code(error)
    except KeyboardInterrupt:
        return 130
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


def exit_code(error: LookalikeError) -> int:
    """The exit code of an error."""
    from engine.errors import Conflict, GuardTripped, InvalidInput, NotFound, Overloaded

    codes: tuple[tuple[type[LookalikeError], int], ...] = (
        (GuardTripped, 8),
        (Conflict, 6),
        (Overloaded, 7),
        (NotFound, 4),
        (InvalidInput, 2),
    )
    return next((code for kind, code in codes if isinstance(error, kind)), 1)


def main() -> None:
    """Entry point of the script ``lookalike``."""
    # Read when numpy loads, which no import above does. After each product of matrices a thread of
    # numpy's own would spin for a while and take the core from the encoder: a tenth of the time of
    # an ingestion.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Searches and ingestions make thousands of short-lived objects and no cycles: those are looked
    # for less often.
    gc.set_threshold(50_000, 20, 50)
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
