"""Search answers in a terminal and as a contact sheet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from api.convert import edit_label, money_text
from engine.errors import NotFound

if TYPE_CHECKING:
    from rich.console import Console

    from api.container import Container
    from engine.types import Hit, ImageRGB, Product, SearchResult
    from engine.views import View


def print_answer(console: Console, result: SearchResult) -> None:
    """A table of the hits, with what was understood above it."""
    from rich.markup import escape
    from rich.table import Table

    if result.parse.edits:
        labels = "   ".join(f"[{edit_label(each)}]" for each in result.parse.edits)
        console.print(f"Understood: {escape(labels)}")
    if result.parse.free_text and (result.parse.edits or result.reference):
        console.print(f"As words:   {escape(result.parse.free_text)}")
    if result.reference:
        seen = ", ".join(each.value for each in result.reference[:4])
        console.print(f"Reference: {escape(seen)}")
    for each in result.degraded:
        console.print(escape(each.message))
    if not result.hits:
        console.print("Nothing fits. Drop an edit (--drop) or loosen the filter.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("#", justify="right")
    table.add_column("id", no_wrap=True)
    table.add_column("title")
    table.add_column("price", justify="right", no_wrap=True)
    table.add_column("why")
    for hit in result.hits:
        table.add_row(
            str(hit.rank),
            escape(hit.product.product_id),
            escape(hit.product.title),
            price_text(hit.product),
            escape(reasons_text(hit)),
        )
    console.print(table)


def draw_answer(
    container: Container,
    result: SearchResult,
    path: Path,
    *,
    heading: str,
    reference: ImageRGB | None,
    view: View | None = None,
) -> None:
    """Write a contact sheet of an answer; `view` is where the product is in the reference."""
    from api.contact_sheet import SheetCell, draw_sheet, save_sheet

    cells = [
        SheetCell(
            image=first_picture(container, hit.product),
            title=hit.product.title,
            note=" · ".join(filter(None, [price_text(hit.product), reasons_text(hit)])),
        )
        for hit in result.hits
    ]
    left = None
    if reference is not None:
        left = SheetCell(
            image=reference,
            title="Reference",
            note=view_text(view) if view else "",
            box=view.box if view else None,
        )
    save_sheet(draw_sheet(heading, reference=left, cells=cells), path)


def first_picture(container: Container, product: Product) -> ImageRGB | None:
    """Pixels of a product's main picture, where it has one."""
    from engine.images import decode_image

    if not product.pictures:
        return None
    try:
        return decode_image(container.blobs.get(product.pictures[0]), target_px=640)
    except NotFound:
        return None


def view_text(view: View) -> str:
    """``skirt, 97% sure``: what the box of a view shows, or that the whole picture counts."""
    if view.box is None:
        return "the whole picture"
    return f"{view.name or view.label}, {view.confidence:.0%} sure"


def price_text(product: Product) -> str:
    """``39.99 EUR``; empty without a price."""
    if product.price_minor is None:
        return ""
    return f"{money_text(product.price_minor)} {product.currency}".strip()


def reasons_text(hit: Hit) -> str:
    """The reasons of a hit in one line."""
    return ", ".join(each.text for each in hit.reasons)
