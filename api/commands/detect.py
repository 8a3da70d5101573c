"""``lookalike detect``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.search import read_picture
from api.commands.terminal import (
    EncoderOption,
    HomeOption,
    JsonOption,
    open_container,
    print_json,
    stdout,
)
from engine.errors import InvalidInput

if TYPE_CHECKING:
    from engine.look import Look


def detect(
    images: Annotated[list[Path], typer.Argument(help="Pictures.")],
    gallery: Annotated[
        bool,
        typer.Option("--gallery", help="All are pictures of one product: say which box it is."),
    ] = False,
    title: Annotated[
        str, typer.Option("--title", help="Of that product; means --gallery.", metavar="TEXT")
    ] = "",
    overlay: Annotated[
        Path | None,
        typer.Option("--overlay", help="Draw the boxes into PNGs in this folder.", metavar="DIR"),
    ] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
    encoder: EncoderOption = None,
) -> None:
    """Find garments and accessories in pictures.

    lookalike detect photo.jpg --overlay boxes

    lookalike detect front.jpg back.jpg detail.jpg --title "Floral wrap skirt"
    """
    if overlay is not None:
        from api.overlay import load_supervision

        load_supervision()  # before the work, not after it
    pictures = [read_picture(each, whole=True) for each in images]
    with open_container(home=home, encoder=encoder) as container:
        service = container.look
        if service is None:
            raise InvalidInput(
                "the settings name no detector.", where="detector", hint='Set detector = "yolo".'
            )
        gallery = gallery or bool(title.strip())
        if gallery and not service.finds_products:
            raise InvalidInput(
                f"nobody can tell the product with the encoder {container.settings.encoder!r}.",
                where="--gallery",
                hint="Use the encoder compact, or train one: lookalike train gallery.",
            )
        look = service.look(pictures, title=title)
    drawn: list[Path] = []
    if overlay is not None:
        from api.overlay import write_overlay

        for place, (path, picture) in enumerate(zip(images, pictures, strict=True)):
            drawn.append(overlay / f"{place + 1}-{path.stem}.png")
            main = look.main(place) if gallery else None
            write_overlay(drawn[-1], picture, look.pictures[place], main=main)
    if as_json:
        print_json({"pictures": _as_json(images, look, gallery=gallery)})
    else:
        _print(images, look, drawn, gallery=gallery)


def _as_json(images: list[Path], look: Look, *, gallery: bool) -> list[dict[str, Any]]:
    return [
        {
            "image": str(path),
            "boxes": [
                {
                    "box_xyxy_px": [round(each, 1) for each in box.detection.box_xyxy_px],
                    "label": box.label,
                    "score": round(box.detection.score, 4),
                    "main": round(box.main, 4) if gallery and box.main is not None else None,
                    "names": {name: round(share, 4) for name, share in box.names.items()},
                    "attributes": {
                        facet.value: {"value": value, "confidence": round(share, 4)}
                        for facet, (value, share) in box.attributes.items()
                    },
                }
                for box in boxes
            ],
        }
        for path, boxes in zip(images, look.pictures, strict=True)
    ]


def _print(images: list[Path], look: Look, drawn: list[Path], *, gallery: bool) -> None:
    from rich.markup import escape
    from rich.table import Table

    from api.overlay import title_of

    console = stdout()
    for place, (path, boxes) in enumerate(zip(images, look.pictures, strict=True)):
        main = look.main(place) if gallery else None
        unsure = ": no box is surely the product" if gallery and boxes and main is None else ""
        console.print(escape(str(path)) + (unsure if boxes else ": nothing found"))
        if boxes:
            table = Table("what", "box", "attributes", box=None)
            for box in boxes:
                values = ", ".join(value for value, _ in box.attributes.values())
                corners = " ".join(str(round(each)) for each in box.detection.box_xyxy_px)
                table.add_row(title_of(box, is_main=box is main), corners, values)
            console.print(table)
    for each in drawn:
        console.print(f"drawn: {escape(str(each))}")
