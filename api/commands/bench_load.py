"""``lookalike bench variants-load``."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from api.commands.terminal import HomeOption, JsonOption, open_container


def variants_load(
    requests: Annotated[
        int, typer.Option("--requests", min=1, max=500, help="For variants, all at once.")
    ] = 30,
    count: Annotated[int, typer.Option("--count", min=1, max=8, help="Pictures of each.")] = 4,
    waiting: Annotated[
        int, typer.Option("--waiting", min=0, help="Requests that the server lets wait.")
    ] = 32,
    searches: Annotated[int, typer.Option("--searches", min=20, help="Before and during.")] = 200,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Searches beside many requests for variants: is anybody kept waiting, is anybody lost.

    Starts a server over a copy of the home.

    lookalike bench variants-load --home .lookalike/demo
    """
    from api.benchmarks.search import sample_products
    from api.benchmarks.served import serving
    from api.benchmarks.variants_load import load_figures, measure_load
    from api.figures import build_report, publish
    from engine.errors import InvalidInput

    with TemporaryDirectory(prefix="lookalike-load-") as folder:
        with open_container(home=home, encoder=None) as container:
            settings = container.settings
            if not settings.home.is_dir() or settings.catalogue:
                raise InvalidInput(
                    f"there is no home with a catalogue of its own at {settings.home}.",
                    where="--home",
                    hint="Fill one: lookalike ingest catalogue.csv, or lookalike demo.",
                )
            products = [each.product_id for each in sample_products(container.catalogue, requests)]
        copy = Path(folder) / "home"
        shutil.copytree(
            settings.home, copy, ignore=shutil.ignore_patterns("variants", "uploads", "reports")
        )
        with serving(copy, limits__variants_waiting=str(waiting)) as served:
            load = measure_load(
                served,
                products,
                requests=requests,
                count=count,
                searches=searches,
                # Pictures that the home knows would not be drawn.
                seed=int(time.time()) % 2**31,
            )
    told = sorted(set(load.retry_after_s))
    report = build_report(
        "bench variants-load",
        load_figures(load),
        notes=(
            f"{requests} requests for {count} pictures each, sent at once, {len(products)} "
            f"products, at most {waiting} waiting. search: one after the other, a product but in "
            "another colour, over HTTP; submit: until a request for variants is taken or refused; "
            "job: from then to its last picture.",
            f"Retry-After of those refused: {', '.join(map(str, told)) or 'none'} s.",
        ),
    )
    publish(report, as_json=as_json)
