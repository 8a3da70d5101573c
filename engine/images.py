"""Encoded pictures in, upright sRGB arrays out; the one place that knows Pillow.

A picture is hostile until it is decoded: the header is judged before any pixel, with our own limits
(Pillow's own bomb check only warns below 179 megapixels).
"""

from __future__ import annotations

import struct
import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import cast

import numpy as np
from PIL import Image, ImageCms, ImageOps

from engine.errors import DecodeError
from engine.types import ImageRGB

__all__ = ["ImageLimits", "decode_image", "encode_webp"]

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF")
"""Everything else that Pillow reads (EPS, PSD, ICNS, FLI …) stays off."""

_MAX_PROFILE_BYTES = 1_000_000
_KNOWN_UNSUPPORTED = (
    (b"%PDF", "a PDF"),
    (b"%!PS", "PostScript"),
    (b"8BPS", "a Photoshop file"),
    (b"\0\0\1\0", "an icon"),
)
_WHAT_DECODERS_RAISE = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    ZeroDivisionError,
    struct.error,
)

# A picture between 89 and 179 megapixels is too large for us in any case; the error keeps the
# warning out of the log.
warnings.simplefilter("error", Image.DecompressionBombWarning)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageLimits:
    """What a picture may be.

    Attributes:
        max_bytes: Of the encoded picture; 16 MB, as Google Merchant allows.
        max_pixels: Width times height; 64 megapixels, as Google Merchant allows.
        max_side_px: Longest side.
        min_side_px: Shortest side; smaller ones are tracking pixels and spacers.
    """

    max_bytes: int = 16_000_000
    max_pixels: int = 64_000_000
    max_side_px: int = 16_384
    min_side_px: int = 8


DEFAULT_LIMITS = ImageLimits()


def decode_image(
    data: bytes, *, limits: ImageLimits = DEFAULT_LIMITS, target_px: int | None = None
) -> ImageRGB:
    """Decode the first frame of an encoded picture.

    EXIF orientation is applied, transparency is laid on white, and CMYK, 16-bit, palette and grey
    pictures and embedded colour profiles become 8-bit sRGB.

    Args:
        data: A JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF file.
        limits: Judged on the header, before anything is decoded.
        target_px: A caller that needs no more than this on the shorter side gets a reduced
            picture, never below it; large JPEGs decode several times faster so.

    Raises:
        DecodeError: With the code ``image.corrupt``, ``image.too_large``, ``image.too_small`` or
            ``image.unsupported``.
        MemoryError: The machine, not the picture, is at its end.
    """
    if len(data) > limits.max_bytes:
        raise DecodeError(
            f"the picture has {len(data):,} bytes, more than {limits.max_bytes:,}.",
            hint="Save it smaller or with stronger compression.",
            code="image.too_large",
        )
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as opened:
            _check_size(opened.size, limits)
            return _decode(opened, target_px)
    except DecodeError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DecodeError(
            "the picture has more pixels than are allowed.",
            hint=f"Save it with at most {limits.max_pixels // 1_000_000} megapixels.",
            code="image.too_large",
        ) from error
    except Image.UnidentifiedImageError as error:
        raise _unidentified(data) from error
    except _WHAT_DECODERS_RAISE as error:
        raise DecodeError(
            f"the picture is damaged or cut off ({error}).", hint="Upload it again."
        ) from error


def encode_webp(image: ImageRGB, *, max_side_px: int = 1280, quality: int = 82) -> bytes:
    """Our own WebP copy of a picture, at most `max_side_px` on the longer side, no metadata."""
    copy = Image.fromarray(np.ascontiguousarray(image))
    if max(copy.size) > max_side_px:
        copy.thumbnail((max_side_px, max_side_px), Image.Resampling.LANCZOS, reducing_gap=3.0)
    buffer = BytesIO()
    copy.save(buffer, "WEBP", quality=quality, method=2)
    return buffer.getvalue()


def _check_size(size_wh: tuple[int, int], limits: ImageLimits) -> None:
    width_px, height_px = size_wh
    got = f"the picture is {width_px}x{height_px} px"
    if width_px * height_px > limits.max_pixels or max(size_wh) > limits.max_side_px:
        raise DecodeError(
            f"{got}, more than {limits.max_pixels // 1_000_000} megapixels or "
            f"{limits.max_side_px:,} px on a side.",
            hint="Save it smaller.",
            code="image.too_large",
        )
    if min(size_wh) < limits.min_side_px:
        raise DecodeError(
            f"{got}, less than {limits.min_side_px} px on a side.",
            hint="Use a picture of the product of at least 500x500 px.",
            code="image.too_small",
        )


def _decode(opened: Image.Image, target_px: int | None) -> ImageRGB:
    if target_px is not None:
        _draft(opened, target_px)
    image = opened
    image.load()
    # Grey and RGB pictures shrink before the colour work, the others after their transparency.
    if image.mode in ("RGB", "L"):
        image = _shrunk(image, target_px)
    image = _shrunk(_to_rgb(image), target_px)
    # Malformed EXIF must not cost the picture, so it is read apart from the pixels.
    try:
        orientation = opened.getexif().get(0x0112, 1)
    except _WHAT_DECODERS_RAISE:
        orientation = 1
    if orientation != 1:
        image = _upright(image, orientation)
    return np.array(image, dtype=np.uint8)


def _draft(opened: Image.Image, target_px: int) -> None:
    shorter_px = min(opened.size)
    if opened.format in ("JPEG", "MPO") and shorter_px >= 2 * target_px:
        width_px, height_px = opened.size
        scale = target_px / shorter_px
        # None keeps the mode, as the stub does not say.
        opened.draft(None, (int(width_px * scale) + 1, int(height_px * scale) + 1))  # pyright: ignore[reportArgumentType]


def _shrunk(image: Image.Image, target_px: int | None) -> Image.Image:
    factor = 1 if target_px is None else min(image.size) // target_px
    if factor < 2:
        return image
    smaller = image.reduce(factor)
    smaller.info = image.info
    return smaller


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    marked = image.copy()
    marked.getexif()[0x0112] = orientation
    return ImageOps.exif_transpose(marked)


def _to_rgb(image: Image.Image) -> Image.Image:
    """Any mode to RGB; transparency on white."""
    if image.mode.startswith("I") or image.mode == "F":
        image = _to_eight_bits(image)
    if image.mode in ("LA", "PA", "La", "RGBA", "RGBa") or "transparency" in image.info:
        cut_out = image.convert("RGBA")
        opaque = Image.new("RGB", image.size, (255, 255, 255))
        opaque.paste(cut_out, mask=cut_out.getchannel("A"))
        opaque.info.update({key: kept for key, kept in image.info.items() if key == "icc_profile"})
        image = opaque
    return _in_srgb(image) or image.convert("RGB")


def _to_eight_bits(image: Image.Image) -> Image.Image:
    samples = np.asarray(image).astype(np.float64)
    if image.mode == "F":
        # Scientific TIFF: floats are fractions, or already 0 to 255.
        scale = 255.0 if np.nanmax(samples, initial=0.0) <= 1.0 else 1.0
    else:
        scale = 255.0 / 65535.0 if samples.max(initial=0.0) > 255 else 1.0
    eight = np.clip(np.nan_to_num(samples) * scale + 0.5, 0, 255).astype(np.uint8)
    return Image.fromarray(eight)


def _in_srgb(image: Image.Image) -> Image.Image | None:
    """Through the embedded colour profile; ``None`` where there is none that helps."""
    profile: object = image.info.get("icc_profile")
    if (
        not isinstance(profile, bytes)
        or not 128 < len(profile) <= _MAX_PROFILE_BYTES
        or image.mode not in ("RGB", "CMYK", "L")
        or b"sRGB" in profile
        or "sRGB".encode("utf-16-be") in profile
    ):
        return None
    try:
        # Untyped in the stub; a core profile or the wrapper are both accepted.
        srgb = cast("ImageCms.ImageCmsProfile", ImageCms.createProfile("sRGB"))  # pyright: ignore[reportUnknownMemberType]
        return ImageCms.profileToProfile(image, BytesIO(profile), srgb, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None  # a broken profile, or one for another mode: the plain pixels are nearer


def _unidentified(data: bytes) -> DecodeError:
    hint = "Use JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF."
    start = data[:512].lstrip().lower()
    if not data:
        return DecodeError("the picture is empty (0 bytes).", hint="Upload it again.")
    for magic, name in _KNOWN_UNSUPPORTED:
        if data.startswith(magic):
            return DecodeError(f"the file is {name}.", hint=hint, code="image.unsupported")
    if start.startswith(b"<svg") or (start.startswith(b"<?xml") and b"<svg" in start):
        return DecodeError("the file is an SVG drawing.", hint=hint, code="image.unsupported")
    if data[4:8] == b"ftyp" and data[8:12] not in (b"avif", b"avis"):
        return DecodeError("the file is HEIC or a film.", hint=hint, code="image.unsupported")
    return DecodeError("the file is not a picture.", hint=hint)
