"""``lookalike bench variants``: how fast variants are drawn, on a CPU and on a GPU."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.eval_options import DEFAULT_DATA, DataOption
from api.commands.terminal import HomeOption, JsonOption, open_container
from api.commands.train_options import Device, missing

if TYPE_CHECKING:
    from engine.evaluation.figures import Figure


class Engine(StrEnum):
    """What draws."""

    SMALL = "small"
    SD_TURBO = "sd-turbo"


def variants(
    data: DataOption = DEFAULT_DATA,
    count: Annotated[int, typer.Option("--count", min=1, help="Street photos.")] = 12,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="How often each way runs.")] = 3,
    engine: Annotated[Engine, typer.Option("--engine", help="What draws.")] = Engine.SMALL,
    model: Annotated[
        str | None,
        typer.Option("--model", help="SD-Turbo: folder or repository.", metavar="MODEL"),
    ] = None,
    adapter: Annotated[
        Path | None,
        typer.Option("--adapter", help="What `train sd-adapter` wrote.", metavar="DIR"),
    ] = None,
    random_weights: Annotated[
        bool,
        typer.Option("--random-weights", help="SD-Turbo's architecture; speeds are the same."),
    ] = False,
    tiny: Annotated[
        bool, typer.Option("--tiny", help="With --random-weights: a toy, to try the command.")
    ] = False,
    device: Annotated[Device, typer.Option("--device", help="Of SD-Turbo.")] = Device.CUDA,
    compile_networks: Annotated[
        bool, typer.Option("--compile", help="SD-Turbo through torch.compile.")
    ] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Seconds for four colour variants of a picture of 1,000 px, the product found in it included.

    lookalike bench variants --data ../shared/data

    lookalike bench variants --engine sd-turbo --model ~/sd-turbo

    The second: milliseconds a picture of 512 px in 1 and 4 steps, with and without the adapter,
    alone and 8 at once; a GPU is needed.
    """
    from api.figures import build_report, publish

    if engine is Engine.SD_TURBO:
        figures, notes = _sd_turbo(
            model,
            adapter=adapter,
            random_weights=random_weights,
            tiny=tiny,
            device=device.value,
            compile_networks=compile_networks,
            rounds=rounds,
        )
    else:
        figures, notes = _small(data, count=count, rounds=rounds, home=home)
    publish(build_report("bench variants", figures, notes=notes), as_json=as_json)


def _small(
    data: Path, *, count: int, rounds: int, home: Path | None
) -> tuple[list[Figure], list[str]]:
    from api.benchmarks.variants import COLOURS, LONGER_PX, measure_variants
    from api.evaluation.street_pictures import read_street_pictures
    from engine.errors import ModelUnavailable
    from models.variants.mask import load_masks

    images = read_street_pictures(data, count=count)
    with open_container(home=home, encoder=None) as container:
        look = container.look
        if look is None:
            raise ModelUnavailable(
                "it needs a detector", where="bench variants", hint="Unset LOOKALIKE_DETECTOR."
            )
        figures = measure_variants(
            images, look=look, masks=load_masks(), lexicon=container.lexicon, rounds=rounds
        )
    return figures, [
        f"{len(images)} street photos (CCP, test split) enlarged to {LONGER_PX:,} px, decoded; "
        f"{', '.join(COLOURS)}. four-variants: boxes, main product, mask, and the four "
        "pictures; mask: all but the pictures; recolouring: the pictures. Medians over photos "
        "of the best round each, one after an untimed one."
    ]


def _sd_turbo(
    model: str | None,
    *,
    adapter: Path | None,
    random_weights: bool,
    tiny: bool,
    device: str,
    compile_networks: bool,
    rounds: int,
) -> tuple[list[Figure], list[str]]:
    from engine.errors import InvalidInput

    if (model is None) != random_weights or (tiny and not random_weights):
        raise InvalidInput(
            "got not one of --model and --random-weights",
            where="bench variants",
            hint="Name the weights with --model, or measure without them: --random-weights.",
        )
    try:
        from api.benchmarks.drawing import measure_drawing, open_sd_turbo
        from models.hub.devices import device_for
    except ImportError as error:
        raise missing(error) from error
    drawn = open_sd_turbo(
        model,
        device=device_for(device),
        adapter=adapter,
        tiny=tiny,
        compile_networks=compile_networks,
    )
    figures = measure_drawing(drawn, rounds=rounds)
    weights = model or "random weights, which are as fast"
    learned = adapter or "one that has learned nothing and costs the same"
    kind = "fp16" if device != "cpu" else "fp32"
    return figures, [
        f"Pictures of {drawn.size_px} px, {kind}; {weights}; adapter: {learned}. ms: of one "
        "picture, median of the rounds, both arms in turn: text and reference encoded, the steps, "
        "pictures decoded. The search in the catalogue is left out, and features are cached."
    ]
