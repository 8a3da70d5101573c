"""A picture of a search result: the reference on the left, what was found beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from engine.errors import InvalidInput
from engine.types import ImageRGB
from engine.views import BoxFractions

CELL_WH_PX = (220, 290)
GAP_PX = 20
TEXT_PX = 92
_LINES = 4
"""That fit in there, of title and note together."""
_PAPER = (250, 247, 242)
_INK = (33, 28, 24)
_SOFT = (106, 96, 88)
_WELL = (240, 235, 227)
_ACCENT = (165, 64, 43)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SheetCell:
    """A picture with words below it.

    Attributes:
        image: ``None`` leaves an empty well.
        title: First line, cut to two lines.
        note: Below it, such as price and reasons; four lines with the title, the rest is cut.
        box: A part of the image that is framed.
    """

    image: ImageRGB | None
    title: str
    note: str = ""
    box: BoxFractions | None = None


def draw_sheet(
    heading: str, *, reference: SheetCell | None, cells: Sequence[SheetCell], columns: int = 4
) -> Image.Image:
    """Draw a contact sheet.

    Args:
        heading: One line on top, such as the query.
        reference: Drawn alone in a column of its own.
        cells: In order, row by row.
        columns: Cells in a row.
    """
    columns = max(1, min(columns, len(cells)))
    rows = max(1, -(-len(cells) // columns))
    cell_w, cell_h = CELL_WH_PX
    left = (cell_w + 2 * GAP_PX) if reference else 0
    width = left + GAP_PX + columns * (cell_w + GAP_PX)
    top = 64
    height = top + rows * (cell_h + TEXT_PX + GAP_PX)
    sheet = Image.new("RGB", (width, height), _PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((GAP_PX, 18), _fitting(pen, heading, 24, width - 2 * GAP_PX), _INK, _font(24))
    if reference:
        _draw_cell(sheet, pen, reference, (GAP_PX, top), frame=True)
        pen.line([(left, top), (left, height - GAP_PX)], fill=(226, 218, 207), width=1)
    for place, cell in enumerate(cells):
        row, column = divmod(place, columns)
        x = left + GAP_PX + column * (cell_w + GAP_PX)
        _draw_cell(sheet, pen, cell, (x, top + row * (cell_h + TEXT_PX + GAP_PX)))
    return sheet


def check_sheet(path: Path, *, coming: Path | None = None) -> None:
    """See that a sheet can be written there, before anything is made for it.

    Args:
        path: Of the sheet.
        coming: A folder that will be made before, with those above it.

    Raises:
        InvalidInput: Another suffix than PNG's and JPEG's, or the folder is not there.
    """
    if path.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise InvalidInput(
            f"{path.name!r} is no PNG or JPEG.", where="sheet", hint="Name it results.png."
        )
    folder = path.parent.absolute()
    made = (coming.absolute(), *coming.absolute().parents) if coming else ()
    if not folder.is_dir() and folder not in made:
        raise InvalidInput(
            f"there is no folder {path.parent}.", where="sheet", hint="Make it before."
        )


def save_sheet(sheet: Image.Image, path: Path, *, xmp: bytes = b"") -> None:
    """Write the sheet, as PNG or JPEG by its suffix.

    Args:
        sheet: What was drawn.
        path: Its file.
        xmp: Packet that is written into it.

    Raises:
        InvalidInput: As `check_sheet`, or it cannot be written.
    """
    check_sheet(path)
    texts = PngImagePlugin.PngInfo()
    if xmp:
        texts.add_itxt("XML:com.adobe.xmp", xmp.decode())
    try:
        if path.suffix.lower() == ".png":
            sheet.save(path, pnginfo=texts)
        else:
            sheet.save(path, xmp=xmp)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error}.", where="sheet") from error


def _draw_cell(
    sheet: Image.Image,
    pen: ImageDraw.ImageDraw,
    cell: SheetCell,
    at_xy: tuple[int, int],
    *,
    frame: bool = False,
) -> None:
    x, y = at_xy
    cell_w, cell_h = CELL_WH_PX
    pen.rectangle([x, y, x + cell_w, y + cell_h], fill=_WELL)
    if cell.image is not None:
        picture = Image.fromarray(cell.image)
        scale = max(cell_w / picture.width, cell_h / picture.height)
        size = (round(picture.width * scale), round(picture.height * scale))
        picture = picture.resize(size, Image.Resampling.LANCZOS)
        if cell.box is not None:
            sides = (*size, *size)
            corners = [part * side for part, side in zip(cell.box, sides, strict=True)]
            ImageDraw.Draw(picture).rectangle(corners, outline=_ACCENT, width=3)
        over_x, over_y = (size[0] - cell_w) // 2, (size[1] - cell_h) // 2
        sheet.paste(picture.crop((over_x, over_y, over_x + cell_w, over_y + cell_h)), (x, y))
    if frame:
        pen.rectangle([x - 3, y - 3, x + cell_w + 2, y + cell_h + 2], outline=_ACCENT, width=3)
    line_y = y + cell_h + 8
    title = _wrapped(pen, cell.title, 15, cell_w, lines=2)
    for line in title:
        pen.text((x, line_y), line, _INK, _font(15))
        line_y += 20
    line_y += 2
    for line in _wrapped(pen, cell.note, 13, cell_w, lines=_LINES - len(title)):
        pen.text((x, line_y), line, _SOFT, _font(13))
        line_y += 17


@lru_cache(maxsize=8)
def _font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size_px)


def _fitting(pen: ImageDraw.ImageDraw, text: str, size_px: int, width_px: int) -> str:
    if pen.textlength(text, _font(size_px)) <= width_px:
        return text
    while text and pen.textlength(text + "…", _font(size_px)) > width_px:
        text = text[:-1]
    return text.rstrip() + "…"


def _wrapped(
    pen: ImageDraw.ImageDraw, text: str, size_px: int, width_px: int, *, lines: int
) -> list[str]:
    made: list[str] = []
    rest = text.split()
    while rest and len(made) < lines:
        count = len(rest)
        if len(made) < lines - 1:
            while count > 1 and pen.textlength(" ".join(rest[:count]), _font(size_px)) > width_px:
                count -= 1
        made.append(_fitting(pen, " ".join(rest[:count]), size_px, width_px))
        rest = rest[count:]
    return made
