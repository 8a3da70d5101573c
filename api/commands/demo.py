"""``lookalike demo``: from nothing to "like this, but red", found and drawn, in one command."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.ingest import print_report, run_feed
from api.commands.terminal import EncoderOption, JsonOption, print_json, stdout
from engine.errors import Conflict, LookalikeError, ModelUnavailable, NotFound

if TYPE_CHECKING:
    from api.container import Container
    from api.variants.asked import Asked
    from engine.ports import DualEncoder
    from engine.rendering import Rendering
    from engine.types import Product, SearchResult

HOME = Path(".lookalike/demo")
MODIFICATION = "but red"


def demo(
    but: Annotated[
        str, typer.Option("--but", "-b", help="What should be different.")
    ] = MODIFICATION,
    as_json: JsonOption = False,
    home: Annotated[
        Path, typer.Option("--home", help="Where the demo is kept.", metavar="DIR")
    ] = HOME,
    encoder: EncoderOption = None,
) -> None:
    """Ingest the sample shop, answer “like this, but red”, and draw answer and garment.

    The second run is quick: the shop is up to date.
    """
    from api.commands.answers import draw_answer, print_answer, view_text
    from api.commands.render import print_renderings
    from api.container import Container
    from api.query_picture import decode_query
    from api.settings import load_settings
    from engine.types import SearchQuery
    from ingestion.options import IngestMode, IngestOptions

    feed = samples_folder() / "catalogue.csv"
    report_folder = home / "report"
    _refuse_a_shop(home, report_folder)
    name, loaded = _encoder(encoder)
    report_folder.mkdir(parents=True, exist_ok=True)
    sheet = home / "demo.png"
    # Both are named, so that no shop in the environment or in lookalike.toml is overwritten.
    own = {"index": str(home / "index"), "catalogue": f"sqlite:///{home / 'catalogue.sqlite'}"}
    with Container(load_settings(home=home, encoder=name, **own), encoder=loaded) as container:
        # Some rows are broken on purpose, so that the report has something to say.
        options = IngestOptions(
            mapping="google", mode=IngestMode.FULL, yes=True, report_folder=report_folder
        )
        report, _ = run_feed(container, feed, options)
        reference = _reference(container)
        picture = decode_query(container.blobs.get(reference.pictures[0]))
        query = SearchQuery(picture=picture, modification=but, limit=8)
        result = container.search.search(query)
        heading = f"{reference.title}, {but}"
        view = next(iter(reference.views), None)
        draw_answer(container, result, sheet, heading=heading, reference=picture, view=view)
        drawn = _draw(container, reference, but, home)
    serve = _serve_command(home, name, own)
    if as_json:
        print_json(_as_json(result, report.to_json(), reference, sheet, serve, drawn))
        return
    console = stdout()
    print_report(console, report)
    console.print(f"\nReference: {reference.title}")
    if view is not None:
        console.print(f"In it:     {view_text(view)}")
    console.print(f"Asked:     {but}\n")
    print_answer(console, result)
    sheets = f"Found: {sheet}"
    if isinstance(drawn, Drawn):
        console.print()
        print_renderings(console, drawn.asked, drawn.made)
        sheets += f"\nDrawn: {drawn.sheet}"
    else:
        console.print(f"\nNothing was drawn: {drawn}")
    console.print(f"\n{sheets}\nPage:  {serve}", soft_wrap=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The garment as it would be.

    Attributes:
        made: Each picture and its file.
        sheet: All of them beside the reference.
    """

    asked: Asked
    made: list[tuple[Rendering, Path]]
    sheet: Path


def _draw(container: Container, reference: Product, but: str, home: Path) -> Drawn | LookalikeError:
    """Draw the reference with the change, or say why not."""
    from api.commands.render import draw_renderings, write_rendering
    from api.variants.asked import ask
    from api.variants.engines import choose_engine
    from api.variants.starts import start_from_product

    try:
        renderer = choose_engine(container.renderers)
        start = start_from_product(container, reference.product_id, modification=but, drop=())
        asked = ask(
            start, renderer=renderer, lexicon=container.lexicon, modification=but, box=(),
            seed=0, count=4,
        )  # fmt: skip
        request = asked.request(start.picture)
        made = [
            (each, home / "variants" / f"{reference.product_id}-{each.seed}.png")
            for each in renderer.draw(request, asked.seeds)
        ]
    except LookalikeError as error:
        return error
    for rendering, path in made:
        write_rendering(container, asked, rendering, path)
    sheet = home / "variants.png"
    draw_renderings(sheet, asked, request.reference, [each for each, _ in made])
    return Drawn(asked=asked, made=made, sheet=sheet)


def samples_folder() -> Path:
    """Folder of the sample shop.

    Raises:
        NotFound: It is not there.
    """
    import data_samples

    for folder in map(Path, data_samples.__path__):
        if (folder / "catalogue.csv").exists():
            return folder
    raise NotFound(
        "the sample shop (data_samples/catalogue.csv) is not there.",
        where="demo",
        hint="Run it from a checkout of the repository.",
    )


def _refuse_a_shop(home: Path, report_folder: Path) -> None:
    """The demo deletes what is not in the sample shop, so it runs only where it ran before."""
    if (home / "catalogue.sqlite").exists() and not report_folder.is_dir():
        raise Conflict(
            f"{home} holds a catalogue that the demo did not make.",
            where="--home",
            hint=f"Name another folder, or leave --home out for {HOME}.",
            code="demo.home_in_use",
        )


def _serve_command(home: Path, encoder: str, own: dict[str, str]) -> str:
    """What shows the demo's shop, also where the environment names another one."""
    from api.settings import load_settings

    command = f"lookalike serve --home {home}" + (
        "" if encoder == "compact" else f" --encoder {encoder}"
    )
    there = load_settings(home=home)
    if (there.index_where, there.catalogue_url) == (own["index"], own["catalogue"]):
        return command
    return f"LOOKALIKE_INDEX={own['index']} LOOKALIKE_CATALOGUE={own['catalogue']} {command}"


def _encoder(name: str | None) -> tuple[str, DualEncoder]:
    """The encoder asked for; else the best one whose weights are there."""
    from models.registry import load_encoder

    if name is not None:
        return name, load_encoder(name)
    try:
        return "compact", load_encoder("compact")
    except ModelUnavailable as error:
        typer.echo(f"{error} The toy encoder stands in.", err=True)
        return "toy", load_encoder("toy")


def _reference(container: Container) -> Product:
    """The blue product whose type and gender have the most red ones to be found."""
    from collections import Counter

    from engine.types import Facet

    def kind(product: Product) -> tuple[tuple[str, ...], ...]:
        return product.values(Facet.TYPE), product.values(Facet.GENDER)

    shown = [each for each in container.catalogue.iter_products() if each.pictures]
    red = Counter(kind(each) for each in shown if "red" in each.values(Facet.COLOUR))
    blue = [each for each in shown if "blue" in each.values(Facet.COLOUR)]
    if not shown:
        raise NotFound("the sample shop has no product with a picture.", where="demo")
    return max(blue or shown, key=lambda each: red[kind(each)])


def _as_json(
    result: SearchResult,
    report: str,
    reference: Product,
    sheet: Path,
    serve: str,
    drawn: Drawn | LookalikeError,
) -> dict[str, object]:
    from api.convert import to_answer
    from api.convert_variants import rendered_out

    if isinstance(drawn, Drawn):
        variants = {"sheet": str(drawn.sheet), **rendered_out(drawn.asked, drawn.made)}
    else:
        variants = {"sheet": "", "error_code": drawn.code, "error": str(drawn)}

    return {
        "ingestion": json.loads(report),
        "reference": reference.product_id,
        "answer": to_answer(result).model_dump(),
        "sheet": str(sheet),
        "variants": variants,
        "serve": serve,
    }
