"""A contact sheet, for a person to look at: a row a prompt, a column an arm."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from models.training.studies.turbo_prompts import Prompts
from models.variants.prompts import caption

__all__ = ["write_sheet"]

_SCALE, _GAP, _HEAD_PX, _LINE_PX = 2, 6, 18, 14


def write_sheet(
    path: Path, prompts: Prompts, columns: Mapping[str, NDArray[np.uint8]], *, most: int
) -> None:
    """Write a PNG of prompts at equal distances, held-out ones among them.

    Args:
        path: Of the file.
        prompts: B.
        columns: Arm → uint8 (B, H, W, 3).
        most: Rows.
    """
    count = min(most, len(prompts))
    chosen = np.linspace(0, len(prompts) - 1, count).round().astype(int)
    first = next(iter(columns.values()))
    high, wide = first.shape[1] * _SCALE, first.shape[2] * _SCALE
    row_px = high + _LINE_PX + _GAP
    sheet = Image.new("RGB", (len(columns) * (wide + _GAP), _HEAD_PX + count * row_px), "white")
    draw = ImageDraw.Draw(sheet)
    for column, (name, frames) in enumerate(columns.items()):
        x = column * (wide + _GAP)
        draw.text((x + 2, 3), name, fill="black")
        for line, place in enumerate(chosen.tolist()):
            picture = Image.fromarray(frames[place]).resize((wide, high), Image.Resampling.BICUBIC)
            sheet.paste(picture, (x, _HEAD_PX + line * row_px + _LINE_PX))
    for line, place in enumerate(chosen.tolist()):
        prompt = prompts[place]
        said = caption(prompt.attributes)
        changed = f"  [changed: {prompt.changed.value}]" if prompt.changed else ""
        unseen = "  [held out]" if prompt.held_out else ""
        draw.text((2, _HEAD_PX + line * row_px), f"{said}{changed}{unseen}", fill="black")
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".partial")
    sheet.save(fresh, "PNG")
    fresh.replace(path)
