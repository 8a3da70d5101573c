"""Served copies: width, cache, and that the file as it came never leaves."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from api.renditions import WIDTHS_PX, Renditions
from engine.images import encode_webp
from engine.types import ImageRGB


def _jpeg(size_wh: tuple[int, int]) -> bytes:
    buffer = BytesIO()
    Image.effect_noise(size_wh, 60).convert("RGB").save(buffer, "JPEG", comment=b"SECRET")
    return buffer.getvalue()


@pytest.mark.parametrize("size_wh", [(900, 1200), (1200, 600), (60, 80)])
@pytest.mark.parametrize("width_px", WIDTHS_PX)
def test_a_copy_is_as_wide_as_asked_and_never_enlarged(
    size_wh: tuple[int, int], width_px: int
) -> None:
    data = Renditions(most_bytes=10**6).make("p", width_px, lambda _: _jpeg(size_wh))
    copy = Image.open(BytesIO(data))
    assert copy.format == "WEBP"
    assert copy.width == min(width_px, size_wh[0])
    assert copy.height == pytest.approx(copy.width * size_wh[1] / size_wh[0], abs=1)
    assert b"SECRET" not in data


def test_a_large_picture_is_not_decoded_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[tuple[int, ...]] = []

    def spying(image: ImageRGB, **options: Any) -> bytes:
        decoded.append(image.shape)
        return encode_webp(image, **options)

    monkeypatch.setattr("api.renditions.encode_webp", spying)
    Renditions(most_bytes=10**6).make("p", 160, lambda _: _jpeg((2400, 3000)))
    assert 160 <= decoded[0][1] <= 400


def test_copies_are_held_and_the_least_used_go_first() -> None:
    renditions = Renditions(most_bytes=10**6)
    size_bytes = len(renditions.make("size", 160, lambda _: _jpeg((160, 160))))
    renditions = Renditions(most_bytes=int(2.5 * size_bytes))
    jpeg = _jpeg((160, 160))
    for name in ("a", "b"):
        renditions.make(name, 160, lambda _: jpeg)
    assert renditions.held("a", 160) is not None
    renditions.make("c", 160, lambda _: jpeg)
    assert renditions.held("b", 160) is None
    assert renditions.held("a", 160) is not None
    assert renditions.held("a", 320) is None
