"""Encoded pictures for tests, drawn in memory."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageDraw

COLOURS = {
    "red": (200, 30, 35),
    "blue": (40, 85, 180),
    "green": (40, 135, 60),
    "black": (22, 22, 24),
}


def garment(
    colour: str, *, size_wh: tuple[int, int] = (90, 120), kind: str = "dress"
) -> Image.Image:
    """A coloured outline on white: a wide trapezium for a dress, a box for a top."""
    width, height = size_wh
    image = Image.new("RGB", size_wh, "white")
    pen = ImageDraw.Draw(image)
    if kind == "dress":
        points = [(0.4, 0.08), (0.6, 0.08), (0.85, 0.92), (0.15, 0.92)]
    else:
        points = [(0.2, 0.3), (0.8, 0.3), (0.8, 0.75), (0.2, 0.75)]
    pen.polygon([(x * width, y * height) for x, y in points], fill=COLOURS[colour])
    return image


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The picture as a file's bytes."""
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
