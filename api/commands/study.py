"""``lookalike study``: the experiments of the papers, on our data. Needs the extra ``[models]``."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.terminal import EXIT_CODES, JsonOption
from engine.errors import ModelUnavailable

if TYPE_CHECKING:
    from models.training.studies.result import StudyResult

app = typer.Typer(
    help="Repeat an experiment of a paper on the real data.",
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

DataOption = Annotated[Path, typer.Option("--data", help="Folder of the real data.", metavar="DIR")]
WorkOption = Annotated[
    Path, typer.Option("--work", help="Keeps features and finished runs.", metavar="DIR")
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", help="Folder whose page and JSON file get the table.", metavar="DIR"),
]
SeedsOption = Annotated[int, typer.Option("--seeds", min=1, help="Runs of each arm.")]
QuickOption = Annotated[
    bool, typer.Option("--quick", help="A few steps on a few pictures, to see that it runs.")
]
DEFAULT_DATA = Path("../shared/data")


@app.callback()
def root() -> None:
    """Repeat an experiment of a paper on the real data."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")  # to stderr


@app.command("distil", epilog=EXIT_CODES)
def distil(
    data: DataOption = DEFAULT_DATA,
    work: WorkOption = Path("runs/studies/distil"),
    out: OutOption = None,
    seeds: SeedsOption = 3,
    quick: QuickOption = False,
    as_json: JsonOption = False,
) -> None:
    """A small image tower without and with teachers: absolute, relative, hint, attention and more.

    lookalike study distil --out docs/studies
    """
    try:
        from models.training.studies.distil import run_distil_study
    except ImportError as error:
        raise _missing(error) from error
    found = run_distil_study(data, work, seeds=seeds, quick=quick)
    _report("distil", _marked(found, quick=quick), out, as_json)


@app.command("text-towers", epilog=EXIT_CODES)
def text_towers(
    data: DataOption = DEFAULT_DATA,
    work: WorkOption = Path("runs/studies/text-towers"),
    out: OutOption = None,
    seeds: SeedsOption = 1,
    quick: QuickOption = False,
    as_json: JsonOption = False,
) -> None:
    """Word average, recurrent and transformer text towers against the number of pairs.

    lookalike study text-towers --out docs/studies
    """
    try:
        from models.training.studies.text_towers import run_text_tower_study
    except ImportError as error:
        raise _missing(error) from error
    found = run_text_tower_study(data, work, seeds=seeds, quick=quick)
    _report("text-towers", _marked(found, quick=quick), out, as_json)


@app.command("tagger", epilog=EXIT_CODES)
def tagger(
    data: DataOption = DEFAULT_DATA,
    work: WorkOption = Path("runs/studies/tagger"),
    out: OutOption = None,
    seeds: SeedsOption = 3,
    quick: QuickOption = False,
    as_json: JsonOption = False,
) -> None:
    """Attributes as a sequence in some order, in the order that fits best, or as sigmoids.

    lookalike study tagger --out docs/studies
    """
    try:
        from models.training.studies.tagger import run_tagger_study
    except ImportError as error:
        raise _missing(error) from error
    found = run_tagger_study(data, work, seeds=seeds, quick=quick)
    _report("tagger", _marked(found, quick=quick), out, as_json)


@app.command("turbo", epilog=EXIT_CODES)
def turbo(
    data: DataOption = DEFAULT_DATA,
    work: WorkOption = Path("runs/studies/turbo"),
    training: Annotated[
        Path,
        typer.Option("--training", help="What `train variants` worked in; read.", metavar="DIR"),
    ] = Path("runs/variants"),
    encoder: Annotated[
        Path, typer.Option("--encoder", help="Served folder that it was trained with.")
    ] = Path("models/weights/compact"),
    out: OutOption = None,
    limit: Annotated[int, typer.Option("--limit", min=3, help="Prompts of each mode.")] = 300,
    seeds: SeedsOption = 3,
    arms: Annotated[
        str, typer.Option("--arms", help="Some of the arms, by commas; all where empty.")
    ] = "",
    speed: Annotated[
        bool, typer.Option("--speed/--no-speed", help="Measure milliseconds a picture too.")
    ] = True,
    quick: QuickOption = False,
    as_json: JsonOption = False,
) -> None:
    """Retrieval in one-step generation: slerp, adapter and their controls against the teacher.

    lookalike study turbo --training runs/variants --out docs/studies

    The arm lora-only wants `lookalike train variants --control lora` before. Contact sheets go
    to --work.
    """
    try:
        from models.training.studies.turbo import TurboOptions, run_turbo_study
        from models.training.studies.turbo_settings import ARMS, TurboSizes
        from models.training.variants.settings import VariantsConfig
    except ImportError as error:
        raise _missing(error) from error
    options = TurboOptions(
        config=VariantsConfig(data=data, work=training, encoder=encoder),
        work=work,
        sizes=TurboSizes.for_a_look() if quick else TurboSizes(prompts=limit, seeds=seeds),
        arms=tuple(arms.split(",")) if arms else tuple(ARMS),
        speed=speed,
    )
    _report("turbo", _marked(run_turbo_study(options), quick=quick), out, as_json)


def _marked(found: StudyResult, *, quick: bool) -> StudyResult:
    if not quick:
        return found
    warning = (
        "--quick: a few steps on a few pictures, to see that it runs. These figures mean nothing."
    )
    return replace(found, notes=(warning, *found.notes))


def _missing(error: ImportError) -> ModelUnavailable:
    return ModelUnavailable(
        f"the package {error.name!r} is not installed.",
        where="study",
        hint="Install it with: pip install 'lookalike[models]'",
    )


def _report(name: str, found: StudyResult, out: Path | None, as_json: bool) -> None:
    from api.figures import build_report, publish
    from engine.evaluation.figures import BLOCK_END, BLOCK_START

    report = build_report(f"study {name}", found.figures, notes=found.notes)
    page = None
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        page = out / f"{name}.md"
        if not page.exists():
            page.write_text(f"# {name}\n\n{BLOCK_START}\n{BLOCK_END}\n", encoding="utf-8")
        text = json.dumps(report.as_json(), indent=1, ensure_ascii=False)
        page.with_suffix(".json").write_text(f"{text}\n", encoding="utf-8")
    publish(report, as_json=as_json, card=page)
