"""The page's colours keep the contrast of WCAG 2.2 AA in both themes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import api

STYLE = (Path(api.__path__[0]) / "web" / "style.css").read_text()
GROUNDS = ("paper", "card", "well")
TEXT_PAIRS = [
    *((text, ground) for text in ("ink", "soft", "hint", "good") for ground in GROUNDS),
    ("accent", "paper"),
    ("accent", "card"),
    ("accent-ink", "accent"),
    ("ink", "accent-wash"),
    ("paper", "ink"),
]
SHAPE_PAIRS = [("edge", "paper"), ("edge", "card"), ("focus", "paper"), ("focus", "card")]


def _themes() -> dict[str, dict[str, str]]:
    blocks = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in blocks)
    return {"light": light, "dark": {**light, **dark}}


def _luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_formula() -> None:
    assert _contrast("#000000", "#ffffff") == pytest.approx(21)
    assert _contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_shapes_stand_out(theme: str) -> None:
    colours = _themes()[theme]
    for pairs, least in ((TEXT_PAIRS, 4.5), (SHAPE_PAIRS, 3.0)):
        for one, other in pairs:
            ratio = _contrast(colours[one], colours[other])
            assert ratio >= least, f"{one} on {other} is {ratio:.2f}, needs {least}"
