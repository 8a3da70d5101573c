"""``lookalike render``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.terminal import (
    EncoderOption,
    HomeOption,
    JsonOption,
    open_container,
    print_json,
    stdout,
)
from engine.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from api.container import Container
    from api.variants.asked import Asked
    from api.variants.starts import Start
    from engine.rendering import Rendering
    from engine.types import ImageRGB

_STEM = re.compile(r"[^A-Za-z0-9._-]+")


def render(
    garment: Annotated[
        str, typer.Argument(help="Id of a product, or a picture's file.", metavar="PRODUCT_OR_FILE")
    ],
    modification: Annotated[
        str, typer.Argument(help="What should be different: “but red, no sleeves”.", metavar="BUT")
    ],
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=8, help="Pictures.")] = 4,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Of the first picture; the next have the next.")
    ] = 0,
    engine: Annotated[
        str, typer.Option("--engine", help="Who draws. Default: the first that is available.")
    ] = "",
    box: Annotated[
        str,
        typer.Option(
            "--box",
            help="Where the garment is, as fractions of the picture: 0.3,0.1,0.7,0.9.",
            metavar="LEFT,TOP,RIGHT,BOTTOM",
        ),
    ] = "",
    drop: Annotated[
        list[str] | None,
        typer.Option("--drop", help="Understood edit to leave out, such as colour:set:red."),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the pictures.", metavar="DIR")
    ] = Path("variants"),
    sheet: Annotated[
        Path | None, typer.Option("--sheet", help="Draw all into one PNG.", metavar="PATH")
    ] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
    encoder: EncoderOption = None,
) -> None:
    """Draw a garment as it would be with a change.

    The pictures are marked as generated, and none of them can be ingested.

    lookalike render P0001 "but red"

    lookalike render photo.jpg "with stripes" --count 2 --out drawn --sheet drawn.png
    """
    from api.contact_sheet import check_sheet
    from api.convert_variants import rendered_out
    from api.variants.asked import ask
    from api.variants.engines import choose_engine

    fractions = _fractions(box)
    if sheet:
        check_sheet(sheet, coming=out)
    if out.exists() and not out.is_dir():
        raise InvalidInput(f"{out} is no folder.", where="--out", hint="Name another.")
    with open_container(home=home, encoder=encoder, existing=True) as container:
        renderer = choose_engine(container.renderers, engine)
        start = _start(container, garment, modification, drop or (), fractions)
        asked = ask(
            start,
            renderer=renderer,
            lexicon=container.lexicon,
            modification=modification,
            box=fractions,
            seed=seed,
            count=count,
        )
        request = asked.request(start.picture)
        # The change is in the name too, so that the next one does not write over this.
        names = (
            _STEM.sub("_", each).strip("_")[:60] for each in (Path(garment).stem, modification)
        )
        stem = "-".join(each for each in names if each) or "variant"
        made: list[tuple[Rendering, Path]] = []
        for rendering in renderer.draw(request, asked.seeds):
            path = out / f"{stem}-{rendering.seed}.png"
            write_rendering(container, asked, rendering, path)
            made.append((rendering, path))
            if not as_json:
                typer.echo(f"{path}", err=True)
    if sheet:
        draw_renderings(sheet, asked, request.reference, [each for each, _ in made])
    if as_json:
        print_json(rendered_out(asked, made))
    else:
        print_renderings(stdout(), asked, made)


def _start(
    container: Container,
    garment: str,
    modification: str,
    drop: Sequence[str],
    box: Sequence[float],
) -> Start:
    from api.variants.starts import start_from_picture, start_from_product
    from engine.errors import DecodeError
    from engine.ids import ProductId

    path = Path(garment)
    try:
        data = path.read_bytes() if path.is_file() else None
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.", where="picture") from error
    if data is None:
        try:
            return start_from_product(
                container, ProductId(garment), modification=modification, drop=drop
            )
        except NotFound as error:
            raise NotFound(
                f"there is no product and no file {garment!r}."
                if error.code == "product.not_found"
                else error.what,
                where="render",
                hint="Give the id of a product of the catalogue, or the path of a picture.",
                code=error.code,
            ) from error
    try:
        return start_from_picture(container, data, modification=modification, drop=drop, box=box)
    except DecodeError as error:
        raise InvalidInput(error.what, where=garment, hint=error.hint, code=error.code) from error


def _fractions(text: str) -> tuple[float, ...]:
    try:
        held = tuple(float(each) for each in text.split(",")) if text else ()
    except ValueError:
        held = (0.0,)
    if not all(0 <= each <= 1 for each in held) or len(held) not in (0, 4):
        raise InvalidInput(
            f"{text!r} is no box.",
            where="--box",
            hint="Give left, top, right, bottom as fractions: 0.3,0.1,0.7,0.9.",
        )
    return held


def write_rendering(container: Container, asked: Asked, rendering: Rendering, path: Path) -> None:
    """Write a picture with its mark, once the catalogue knows it."""
    from api.variants.mark import marked
    from api.variants.pictures import note_generated, provenance_of
    from api.variants.provenance import as_png

    said = provenance_of(
        asked, seed=rendering.seed, sketch=rendering.sketch, sources=rendering.sources
    )
    data = as_png(marked(rendering.image), said)
    note_generated(container.catalogue, data)
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_bytes(data)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}.", where="--out") from error


def draw_renderings(
    sheet: Path, asked: Asked, reference: ImageRGB, made: Sequence[Rendering]
) -> None:
    """Draw a contact sheet, the reference on its left."""
    from api.contact_sheet import SheetCell, draw_sheet, save_sheet
    from api.variants.mark import marked
    from api.variants.pictures import provenance_of

    cells = [
        SheetCell(
            image=marked(rendering.image),
            title=f"seed {rendering.seed}" + (" · sketch" if rendering.sketch else ""),
            note=" ".join(rendering.notes),
        )
        for rendering in made
    ]
    left = SheetCell(image=reference, title=asked.title or "Reference")
    said = provenance_of(
        asked, seed=asked.seed, sketch=any(each.sketch for each in made), sources=()
    )
    drawn = draw_sheet(asked.modification, reference=left, cells=cells)
    save_sheet(drawn, sheet, xmp=said.xmp())


def print_renderings(
    console: Console, asked: Asked, made: Sequence[tuple[Rendering, Path]]
) -> None:
    """Print what was drawn, what was not, and a row a picture."""
    from rich.markup import escape
    from rich.table import Table

    from api.convert import edit_label

    drawn = [edit_label(each) for each in asked.edits if each.edit_id in asked.drawn]
    console.print(f"Drawn: {escape('   '.join(f'[{each}]' for each in drawn))}")
    for each in asked.unseen:
        console.print(escape(each.message))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("#", "seed"):
        table.add_column(name, justify="right")
    for name in ("kind", "file", "notes", "helped by"):
        table.add_column(name)
    for number, (rendering, path) in enumerate(made, start=1):
        table.add_row(
            str(number),
            str(rendering.seed),
            "sketch" if rendering.sketch else "photo",
            escape(str(path)),
            escape(" ".join(rendering.notes)),
            escape(", ".join(f"{s.product_id} {s.similarity:.2f}" for s in rendering.sources)),
        )
    console.print(table)
