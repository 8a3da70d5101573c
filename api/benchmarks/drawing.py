"""Milliseconds a picture of SD-Turbo, from pixels to pixels, with and without the adapter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from api.benchmarks.rounds import seconds_in_turn
from engine.errors import InvalidInput
from engine.evaluation.figures import Figure, measured
from engine.evaluation.intervals import bootstrap, row_percentile
from models.hub.hspace.lora import DecoderLora
from models.hub.sd_turbo.adapter import adapter_for, build_adapter, save_adapter
from models.hub.sd_turbo.architecture import FULL, TINY, random_pipeline
from models.hub.sd_turbo.checkpoint import find_pipeline, load_pipeline, revision_of
from models.hub.sd_turbo.engine import Lent, SdTurbo

__all__ = ["BATCHES", "STEPS", "measure_drawing", "open_sd_turbo"]

STEPS, BATCHES = (1, 4), (1, 8)
PLAIN, ADAPTED = "sd-turbo", "sd-turbo+adapter"
_RANK = 8
_PROMPT = "a product photo of women red sleeveless cotton dress, fashion catalogue, sharp focus"


def open_sd_turbo(
    model: str | None,
    *,
    device: str,
    adapter: Path | None = None,
    tiny: bool = False,
    compile_networks: bool = False,
) -> SdTurbo:
    """An engine with an adapter: the given one, or one that has learned nothing and costs the same.

    Args:
        model: Folder or repository; ``None`` for random weights, which are as fast.
        device: ``cpu``, ``cuda`` or ``cuda:1``.
        adapter: Of the model.
        tiny: Random weights of a pipeline for pictures of 32 pixels.
        compile_networks: See `SdTurbo`.

    Raises:
        InvalidInput: The full size on a CPU, where a picture takes most of a minute.
        ModelUnavailable: The weights or the adapter cannot be had.
    """
    half = device != "cpu"
    if not half and not tiny:
        raise InvalidInput(
            "SD-Turbo is measured on a GPU",
            where="--device",
            hint="Or add --random-weights --tiny to try the command.",
        )
    if model is None:
        pipeline = random_pipeline(TINY if tiny else FULL)
    else:
        pipeline = load_pipeline(find_pipeline(model, half=half), half=half)
    with TemporaryDirectory(prefix="lookalike-adapter-") as scratch:
        folder = adapter
        if folder is None:
            folder = Path(scratch)
            config = adapter_for(pipeline.unet, rank=_RANK, engine=revision_of(pipeline))
            lora = DecoderLora(pipeline.unet, _RANK)
            save_adapter(folder, config, build_adapter(config), lora)
            lora.remove()
        return SdTurbo(pipeline, device=device, adapter=folder, compile_networks=compile_networks)


def measure_drawing(
    engine: SdTurbo, *, rounds: int, on_round: Callable[[], None] = lambda: None
) -> list[Figure]:
    """Medians of both arms in turn, for each number of steps and each batch.

    A drawing is a text and a picture encoded, the steps, all pictures decoded and brought to the
    processor. What is retrieved is found already and its features are cached.

    Args:
        engine: With an adapter.
        rounds: Drawings of each kind, after one untimed.
        on_round: Called after each kind.
    """
    start = np.random.default_rng(0).integers(
        0, 256, (engine.size_px, engine.size_px, 3), dtype=np.uint8
    )
    lent = Lent(
        features=engine.middle(start, _PROMPT)[None], similarity=np.full(1, 0.8, np.float32)
    )

    def draw(steps: int, helped: Lent | None) -> None:
        seeds = range(engine.batch)
        list(engine.draw(start, _PROMPT, seeds, strength=1.0, steps=steps, lent=helped))

    figures: list[Figure] = []
    for steps in STEPS:
        for batch in BATCHES:
            engine.batch = batch
            arms: dict[str, Lent | None] = {PLAIN: None, ADAPTED: lent}
            taken = seconds_in_turn(
                {arm: lambda h=helped, s=steps: draw(s, h) for arm, helped in arms.items()},
                rounds=rounds,
            )
            condition = f"{steps} step{'s' if steps > 1 else ''}, batch {batch}"
            figures += [
                _median(1e3 * seconds / batch, "ms", arm, condition)
                for arm, seconds in taken.items()
            ]
            slower = taken[ADAPTED] / taken[PLAIN]
            figures.append(_median(slower, "ratio", f"{ADAPTED}/{PLAIN}", condition))
            on_round()
    return figures


def _median(values: NDArray[np.float64], metric: str, arm: str, condition: str) -> Figure:
    interval = bootstrap(values, statistic=row_percentile(50))
    return measured(interval, metric=metric, arm=arm, condition=condition, unit=metric)
