"""The contact sheet: where things lie, and long titles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from api.contact_sheet import CELL_WH_PX, GAP_PX, SheetCell, draw_sheet, save_sheet
from engine.errors import InvalidInput


def _cell(colour: tuple[int, int, int], title: str = "Title") -> SheetCell:
    image = np.full((40, 30, 3), colour, np.uint8)
    return SheetCell(image=image, title=title, note="39.99 EUR")


def test_the_reference_is_left_and_results_follow_row_by_row() -> None:
    cells = [_cell((0, 0, 40 * place)) for place in range(1, 6)]
    sheet = draw_sheet("like this", reference=_cell((200, 0, 0)), cells=cells, columns=4)
    cell_w, cell_h = CELL_WH_PX
    middle_y = 64 + cell_h // 2
    assert sheet.getpixel((GAP_PX + cell_w // 2, middle_y)) == (200, 0, 0)
    for place in range(4):
        x = cell_w + 3 * GAP_PX + place * (cell_w + GAP_PX) + cell_w // 2
        assert sheet.getpixel((x, middle_y)) == (0, 0, 40 * (place + 1))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_few_results_and_endless_titles_still_fit(count: int) -> None:
    cells = [_cell((1, 2, 3), "Verylongword" * 40) for _ in range(count)]
    sheet = draw_sheet("x" * 500, reference=None, cells=cells)
    assert sheet.width == GAP_PX + max(1, count) * (CELL_WH_PX[0] + GAP_PX)
    right_edge = np.asarray(sheet)[:, -GAP_PX // 2 :]
    assert (right_edge == right_edge[0, 0]).all(), "text ran over the edge"


def test_the_suffix_decides_the_format(tmp_path: Path) -> None:
    sheet = draw_sheet("x", reference=None, cells=[_cell((1, 2, 3))])
    save_sheet(sheet, tmp_path / "sheet.png")
    assert Image.open(tmp_path / "sheet.png").format == "PNG"
    with pytest.raises(InvalidInput, match="no PNG or JPEG"):
        save_sheet(sheet, tmp_path / "sheet.exe")
    with pytest.raises(InvalidInput, match="there is no folder"):
        save_sheet(sheet, tmp_path / "missing" / "sheet.png")
