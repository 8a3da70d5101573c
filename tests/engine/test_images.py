from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from engine.errors import DecodeError
from engine.images import ImageLimits, decode_image, encode_webp

SIZE_WH = (40, 60)
RED = (220, 30, 40)


def two_tone() -> Image.Image:
    """Red, with a blue upper left quarter: every turn and flip looks different."""
    image = Image.new("RGB", SIZE_WH, RED)
    image.paste((20, 40, 210), (0, 0, 20, 30))
    return image


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF"])
def test_formats(kind: str):
    image = decode_image(encoded(two_tone(), kind))
    assert (image.shape, image.dtype) == ((60, 40, 3), np.uint8)
    assert np.abs(image[50, 30].astype(int) - RED).max() < 30
    assert image[10, 10, 2] > 150


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(orientation: int):
    upright = np.asarray(two_tone())
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright.transpose(1, 0, 2)[::-1, ::-1],
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(np.ascontiguousarray(stored)), "PNG", exif=exif)
    np.testing.assert_array_equal(decode_image(data), upright)


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "YCbCr", "LAB"])
def test_colour_modes(mode: str):
    grey = Image.new("RGB", SIZE_WH, (128, 128, 128) if mode != "1" else (255, 255, 255))
    source = ImageCms.profileToProfile(
        grey, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    ) if mode == "LAB" else grey.convert(mode, palette=Image.Palette.ADAPTIVE)  # fmt: skip
    assert source is not None
    kind = "TIFF" if mode in ("CMYK", "LAB", "YCbCr") else "PNG"
    image = decode_image(encoded(source, kind))
    assert image.shape == (60, 40, 3)
    expected = 255 if mode == "1" else 128
    assert abs(int(image[30, 20].mean()) - expected) < 8


def test_cmyk_jpeg():
    image = decode_image(encoded(Image.new("RGB", SIZE_WH, RED).convert("CMYK"), "JPEG"))
    assert np.abs(image[30, 20].astype(int) - RED).max() < 12


def test_sixteen_bits():
    samples = np.full((60, 40), 40_000, np.uint16)
    image = decode_image(encoded(Image.fromarray(samples)))
    assert image.shape == (60, 40, 3)
    assert abs(int(image[0, 0, 0]) - round(40_000 / 65_535 * 255)) <= 1


def test_float_tiff():
    image = decode_image(encoded(Image.fromarray(np.full((60, 40), 0.5, np.float32)), "TIFF"))
    assert abs(int(image[0, 0, 0]) - 128) <= 1


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_is_laid_on_white(mode: str):
    cut_out = Image.new("RGBA", SIZE_WH, (0, 0, 0, 0))
    cut_out.paste((90, 90, 90, 255), (10, 10, 30, 50))
    if mode == "P":
        palette = Image.new("P", SIZE_WH, 0)
        palette.putpalette([0, 0, 0, 90, 90, 90])
        palette.paste(1, (10, 10, 30, 50))
        data = encoded(palette, "PNG", transparency=0)
    else:
        data = encoded(cut_out.convert(mode))
    image = decode_image(data)
    assert tuple(image[0, 0]) == (255, 255, 255)
    assert tuple(image[30, 20]) == (90, 90, 90)


def test_only_the_first_frame():
    frames = [Image.new("RGB", SIZE_WH, colour) for colour in (RED, (0, 0, 255), (0, 255, 0))]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert np.abs(decode_image(data)[5, 5].astype(int) - RED).max() < 8


def test_a_wide_gamut_becomes_srgb():
    # A profile whose primaries are swapped: what it calls red is green.
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    tags = {bytes(profile[132 + 12 * n : 136 + 12 * n]): 132 + 12 * n for n in range(profile[131])}
    red, green = tags[b"rXYZ"] + 4, tags[b"gXYZ"] + 4
    profile[red : red + 8], profile[green : green + 8] = (
        profile[green : green + 8], profile[red : red + 8],
    )  # fmt: skip
    swapped = bytes(profile).replace("sRGB".encode("utf-16-be"), "XXXX".encode("utf-16-be"))
    swapped = swapped.replace(b"sRGB", b"XXXX")
    image = decode_image(
        encoded(Image.new("RGB", SIZE_WH, (255, 0, 0)), "PNG", icc_profile=swapped)
    )
    assert tuple(image[0, 0] > 128) == (False, True, False)


def test_a_broken_profile_does_not_cost_the_picture():
    data = encoded(two_tone(), "PNG", icc_profile=b"x" * 400)
    np.testing.assert_array_equal(decode_image(data), np.asarray(two_tone()))


def test_large_pictures_can_be_reduced_while_decoding():
    large = Image.new("RGB", (1_600, 1_200), RED)
    for kind in ("JPEG", "PNG"):
        image = decode_image(encoded(large, kind), target_px=200)
        assert 200 <= min(image.shape[:2]) < 420
        assert image.shape[1] / image.shape[0] == pytest.approx(4 / 3, abs=0.02)
    assert decode_image(encoded(large), target_px=1_000).shape == (1_200, 1_600, 3)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG"])
def test_a_reduced_picture_is_held_to_the_limits_of_the_whole_one(kind: str):
    large = Image.new("RGB", (1_600, 1_200), (10, 20, 30))
    limits = ImageLimits(max_pixels=1_600 * 1_200 - 1)
    with pytest.raises(DecodeError) as caught:
        decode_image(encoded(large, kind), limits=limits, target_px=200)
    assert caught.value.code == "image.too_large"


def test_small_pictures_are_not_touched_by_the_target():
    np.testing.assert_array_equal(
        decode_image(encoded(two_tone()), target_px=448), decode_image(encoded(two_tone()))
    )


def png_claiming(width_px: int, height_px: int) -> bytes:
    start = b"IHDR" + struct.pack(">IIBBBBB", width_px, height_px, 8, 2, 0, 0, 0)
    pixels = b"IDAT" + zlib.compress(b"\0" * 100)
    chunks = [
        struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
        for body in (start, pixels)
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (png_claiming(8_100, 8_000), "image.too_large"),  # over our limit, below Pillow's warning
        (png_claiming(11_000, 9_000), "image.too_large"),  # Pillow warns
        (png_claiming(30_000, 33_000), "image.too_large"),  # Pillow refuses
        (png_claiming(20_000, 10), "image.too_large"),
        (b"\xff\xd8" + b"\0" * 16_000_000, "image.too_large"),
        (png_claiming(1, 1), "image.too_small"),
        (png_claiming(100, 7), "image.too_small"),
        (png_claiming(100, 100), "image.corrupt"),
        (b"", "image.corrupt"),
        (b"hello", "image.corrupt"),
        (b"<html><body>404</body></html>", "image.corrupt"),
        (b"<?xml version='1.0'?><svg/>", "image.unsupported"),
        (b"%PDF-1.7 ...", "image.unsupported"),
        (b"%!PS-Adobe", "image.unsupported"),
        (b"8BPS" + b"\0" * 50, "image.unsupported"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "image.unsupported"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_refused(data: bytes, code: str):
    with pytest.raises(DecodeError) as caught:
        decode_image(data)
    assert caught.value.code == code


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.9])
def test_truncated_pictures_are_refused(kind: str, fraction: float):
    noise = np.random.default_rng(0).integers(0, 255, (120, 120, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    with pytest.raises(DecodeError) as caught:
        decode_image(data[: int(len(data) * fraction)])
    assert caught.value.code == "image.corrupt"


def test_a_bomb_of_text_is_refused_or_ignored():
    body = b"zTXt" + b"k\0\0" + zlib.compress(b"a" * 80_000_000)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    data = encoded(two_tone())
    with pytest.raises(DecodeError):
        decode_image(data[:33] + chunk + data[33:])


@given(
    place=st.integers(0, 10_000), value=st.integers(0, 255),
    kind=st.sampled_from(["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"]),
)  # fmt: skip
def test_flipped_bytes_decode_or_raise_a_decode_error(place: int, value: int, kind: str):
    data = bytearray(encoded(two_tone(), kind))
    data[place % len(data)] = value
    try:
        image = decode_image(bytes(data), limits=ImageLimits(max_pixels=10_000))
    except DecodeError:
        return
    assert image.ndim == 3


def test_our_copies_are_small_and_bare():
    image = np.full((900, 600, 3), RED, np.uint8)
    data = encode_webp(image, max_side_px=300)
    with Image.open(io.BytesIO(data)) as opened:
        assert opened.size == (200, 300)
        assert not opened.getexif()
        assert "icc_profile" not in opened.info
    assert decode_image(encode_webp(image[:30, :20])).shape == (30, 20, 3)  # never enlarged


def test_want_of_memory_is_no_fault_of_the_picture(monkeypatch: pytest.MonkeyPatch):
    def load(self: Image.Image) -> None:
        raise MemoryError

    data = encoded(two_tone(), "PNG")
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)
    with pytest.raises(MemoryError):
        decode_image(data)
