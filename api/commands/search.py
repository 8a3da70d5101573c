"""``lookalike search``."""

from __future__ import annotations

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
    from engine.types import ImageRGB, SearchQuery


def search(
    text: Annotated[str, typer.Argument(help="What is looked for.", show_default=False)] = "",
    image: Annotated[
        Path | None, typer.Option("--image", "-i", help="Reference picture.", metavar="PATH")
    ] = None,
    like: Annotated[
        str, typer.Option("--like", help="Reference product.", metavar="ID", show_default=False)
    ] = "",
    but: Annotated[
        str,
        typer.Option("--but", "-b", help="What should be different: “red, no sleeves, under 40”."),
    ] = "",
    filter_text: Annotated[
        str,
        typer.Option("--filter", "-f", help="Hard filter: 'colour = \"red\" and price <= 40'."),
    ] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100, help="Hits.")] = 10,
    drop: Annotated[
        list[str] | None,
        typer.Option("--drop", help="Understood edit to leave out, such as colour:set:red."),
    ] = None,
    cursor: Annotated[str, typer.Option("--cursor", help="next_cursor of the page before.")] = "",
    sheet: Annotated[
        Path | None, typer.Option("--sheet", help="Draw the result into a PNG.", metavar="PATH")
    ] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
    encoder: EncoderOption = None,
) -> None:
    """Search by words, by a picture or by a product, and say what should be different.

    lookalike search "red summer dress under 40"

    lookalike search --image photo.jpg --but "in blue, no stripes"

    lookalike search --like P0001 --but cheaper --sheet found.png
    """
    from engine.filter_text import parse_filter
    from engine.ids import ProductId
    from engine.types import SearchQuery

    if not (text.strip() or image or like or filter_text):
        raise InvalidInput(
            "nothing to search for.",
            where="search",
            hint="--but changes something: name it with --image or --like."
            if but
            else 'Give words, --image, --like or --filter: lookalike search "red dress".',
        )
    query = SearchQuery(
        text=text,
        picture=read_picture(image) if image else None,
        like=ProductId(like) if like else None,
        modification=but,
        drop=tuple(drop or ()),
        condition=parse_filter(filter_text) if filter_text else None,
        limit=limit,
        cursor=cursor,
    )
    with open_container(home=home, encoder=encoder, existing=True) as container:
        if not container.settings.index_where.startswith(("http", "memory:")):
            _check_filled(Path(container.settings.index_where))
        result = container.search.search(query)
        if sheet:
            from api.commands.answers import draw_answer, first_picture

            reference = query.picture
            if query.like:
                reference = first_picture(
                    container, container.search.product(query.like, query.tenant)
                )
            draw_answer(container, result, sheet, heading=heading(query), reference=reference)
    if as_json:
        from api.convert import to_answer

        print_json(to_answer(result).model_dump())
    else:
        from api.commands.answers import print_answer

        print_answer(stdout(), result)
        if sheet:
            typer.echo(f"Sheet: {sheet}", err=True)


def read_picture(path: Path, *, whole: bool = False) -> ImageRGB:
    """Decode a picture from disk.

    Args:
        path: The file.
        whole: In all its pixels, not shrunk to what an encoder can make use of.

    Raises:
        NotFound: There is no such file.
        InvalidInput: Not a picture within the limits.
    """
    from api.query_picture import QUERY_PX
    from engine.errors import DecodeError
    from engine.images import decode_image

    try:
        return decode_image(path.read_bytes(), target_px=None if whole else QUERY_PX)
    except FileNotFoundError:
        raise NotFound(f"there is no file {str(path)!r}.", where="image") from None
    except DecodeError as error:
        raise InvalidInput(error.what, where=str(path), code=error.code) from error
    except (IsADirectoryError, PermissionError) as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.", where="image") from error


def heading(query: SearchQuery) -> str:
    """A query in one line."""
    reference = f"like {query.like}" if query.like else "like this picture"
    if query.picture is None and not query.like:
        return query.text or "search"
    words = ", ".join(filter(None, [query.text, query.modification]))
    return f"{reference}: {words}" if words else reference


def _check_filled(folder: Path) -> None:
    if not folder.exists():
        raise NotFound(
            f"there is no index at {str(folder)!r}.",
            where="search",
            hint="Fill one first: lookalike ingest catalogue.csv, or try lookalike demo.",
            code="index.not_found",
        )
