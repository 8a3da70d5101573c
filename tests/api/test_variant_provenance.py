"""What is written into generated pictures, and what is written onto them."""

from __future__ import annotations

from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from api.variants.mark import TEXTS, marked
from api.variants.provenance import Provenance, as_png, as_webp, without_loss
from engine.images import decode_image
from engine.provenance import NAMESPACE, is_generated
from tests.dyes import a_source

SOURCES = (a_source("P2", "0" * 64), a_source("P3", "1" * 64))
PHOTO = np.random.default_rng(0).integers(0, 255, (40, 30, 3), dtype=np.uint8)
IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"


def provenance(words: str = "but red", *, sketch: bool = False) -> Provenance:
    return Provenance(
        engine="small",
        revision="7",
        seed=12,
        modification=words,
        reference="P1",
        sketch=sketch,
        sources=SOURCES,
    )


def described(data: bytes) -> dict[str, str]:
    """The XMP properties, as any reader finds them."""
    xmp = Image.open(BytesIO(data)).info["xmp"]
    packet = ElementTree.fromstring(xmp if isinstance(xmp, bytes) else xmp.encode())
    (held,) = packet.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description")
    return dict(held.attrib)


@pytest.mark.parametrize("encode", [as_webp, as_png])
def test_a_picture_says_where_it_comes_from(encode):
    data = encode(PHOTO, provenance())
    held = described(data)
    own = {
        key.removeprefix(f"{{{NAMESPACE}}}"): value
        for key, value in held.items()
        if key.startswith(f"{{{NAMESPACE}}}")
    }
    assert own == {
        "generated": "True",
        "engine": "small",
        "revision": "7",
        "seed": "12",
        "modification": "but red",
        "reference": "P1",
        "sources": "P2 0.750; P3 0.750",
    }
    assert held[IPTC].endswith("/digitalsourcetype/compositeSynthetic")
    assert held["{http://ns.adobe.com/xap/1.0/}CreatorTool"].startswith("Lookalike ")
    assert is_generated(data)


def test_a_sketch_is_said_to_be_drawn_altogether():
    held = described(as_webp(PHOTO, provenance(sketch=True)))
    assert held[IPTC].endswith("/trainedAlgorithmicMedia")


def test_a_png_has_text_chunks_too_and_every_pixel():
    data = as_png(PHOTO, provenance("für mich"))
    texts = Image.open(BytesIO(data)).text
    assert texts["Software"].startswith("Lookalike ")
    assert texts["lookalike:modification"] == "für mich"
    assert texts["lookalike:generated"] == "True"
    np.testing.assert_array_equal(decode_image(data), PHOTO)


def test_what_is_kept_has_every_pixel_and_says_nothing():
    data = without_loss(PHOTO)
    np.testing.assert_array_equal(decode_image(data), PHOTO)
    assert not is_generated(data)


@given(words=st.text(max_size=80))
def test_no_words_break_the_packet(words: str):
    words = words.encode("utf-8", "replace").decode()
    for encode in (as_webp, as_png):
        held = described(encode(PHOTO[:8, :8], provenance(words)))
        kept = held[f"{{{NAMESPACE}}}modification"]
        assert len(kept) == len(words)
        assert all(a == b or b == "\ufffd" for a, b in zip(words, kept, strict=True))


# --- the mark ----------------------------------------------------------------------------------


def luminance(pixels: np.ndarray) -> np.ndarray:
    """Relative luminance (WCAG 2) of sRGB pixels."""
    linear = np.where(
        pixels / 255 <= 0.04045, pixels / 255 / 12.92, ((pixels / 255 + 0.055) / 1.055) ** 2.4
    )
    return linear @ np.array([0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("size_wh", [(72, 96), (288, 384), (750, 1000), (1000, 400)])
@pytest.mark.parametrize("ground", [0, 128, 255])
def test_the_mark_can_be_read_on_anything(size_wh: tuple[int, int], ground: int):
    image = np.full((size_wh[1], size_wh[0], 3), ground, np.uint8)
    found = marked(image)
    assert found.shape == image.shape
    rows, columns = np.nonzero((found != image).any(axis=2))
    box = found[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    light = luminance(box.astype(float))
    dark = np.median(light)
    letters = light[light > (light.max() + dark) / 2]
    assert (letters.mean() + 0.05) / (dark + 0.05) >= 4.5
    assert len(letters) > 0.02 * light.size
    assert box.shape[0] >= 9


@pytest.mark.parametrize("size_wh", [(72, 96), (288, 384), (750, 1000), (1600, 900)])
def test_the_mark_is_discreet_and_in_the_lower_left_corner(size_wh: tuple[int, int]):
    image = np.random.default_rng(1).integers(0, 255, (size_wh[1], size_wh[0], 3), dtype=np.uint8)
    before = image.copy()
    changed = (marked(image) != image).any(axis=2)
    np.testing.assert_array_equal(image, before)
    assert changed.mean() < 0.05
    rows, columns = np.nonzero(changed)
    assert rows.min() > 0.75 * size_wh[1]
    assert columns.max() < 0.7 * size_wh[0]


def test_the_smallest_picture_is_marked_as_well():
    image = np.full((8, 8, 3), 200, np.uint8)
    assert (marked(image) != image).any()


def test_a_larger_picture_says_more():
    wide = marked(np.full((100, 900, 3), 255, np.uint8))
    small = marked(np.full((96, 72, 3), 255, np.uint8))
    assert len(TEXTS[0]) > len(TEXTS[-1])
    widths = [np.nonzero((each != 255).any(axis=(0, 2)))[0] for each in (wide, small)]
    assert np.ptp(widths[0]) > 3 * np.ptp(widths[1])
