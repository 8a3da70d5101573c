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
        look = service.look(pictures)
    drawn: list[Path] = []
    if overlay is not None:
        from api.overlay import write_overlay

        for place, (path, picture) in enumerate(zip(images, pictures, strict=True)):
            drawn.append(overlay / f"{place + 1}-{path.stem}.png")
            write_overlay(drawn[-1], picture, look.pictures[place])
    if as_json:
        print_json({"pictures": _as_json(images, look)})
    else:
        _print(images, look, drawn)


def _as_json(images: list[Path], look: Look) -> list[dict[str, Any]]:
    return [
        {
            "image": str(path),
            "boxes": [
                {
                    "box_xyxy_px": [round(each, 1) for each in box.detection.box_xyxy_px],
                    "label": box.label,
                    "score": round(box.detection.score, 4),
                    "main": None if box.main is None else round(box.main, 4),
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


def _print(images: list[Path], look: Look, drawn: list[Path]) -> None:
    from rich.markup import escape
    from rich.table import Table

    from api.overlay import title_of

    console = stdout()
    for path, boxes in zip(images, look.pictures, strict=True):
        console.print(escape(str(path)) + ("" if boxes else ": nothing found"))
        if boxes:
            table = Table("what", "box", "attributes", box=None)
            for box in boxes:
                values = ", ".join(value for value, _ in box.attributes.values())
                corners = " ".join(str(round(each)) for each in box.detection.box_xyxy_px)
                table.add_row(title_of(box), corners, values)
            console.print(table)
    for each in drawn:
        console.print(f"drawn: {escape(str(each))}")
