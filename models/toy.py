"""A dual encoder without weights: colours and garment words share one small space with pictures.

It sees what a child would: the colours of the thing in front of the background, and its outline.
Words for colours and garments land where such pictures land, so that "red dress" finds a red dress;
all other words matter a little. It serves tests, first steps and machines without the weights.

A vector of 64 numbers has four blocks: likeness to 24 shades, likeness to 12 outlines, texture
(pictures only) and hashed words (texts only).
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from engine.errors import InvalidInput
from engine.types import EncoderId, Facet, ImageRGB, Vectors

__all__ = ["ToyEncoder"]

Floats = NDArray[np.float32]

_SHADES: Mapping[str, tuple[int, int, int]] = {
    "black": (22, 22, 24),
    "white": (250, 250, 250),
    "grey": (130, 130, 132),
    "silver": (192, 192, 196),
    "red": (200, 30, 35),
    "maroon": (110, 25, 40),
    "pink": (240, 150, 175),
    "magenta": (200, 40, 130),
    "orange": (240, 125, 30),
    "yellow": (245, 215, 50),
    "mustard": (200, 155, 45),
    "cream": (245, 235, 205),
    "beige": (215, 195, 160),
    "tan": (185, 140, 95),
    "brown": (105, 65, 40),
    "olive": (105, 105, 50),
    "green": (40, 135, 60),
    "lime green": (150, 205, 60),
    "teal": (20, 120, 125),
    "turquoise blue": (70, 195, 200),
    "blue": (40, 85, 180),
    "navy blue": (28, 36, 75),
    "purple": (105, 50, 140),
    "lavender": (190, 165, 220),
}
_SHADE_WORDS: Mapping[str, str] = {
    "gray": "grey",
    "charcoal": "grey",
    "navy": "navy blue",
    "dark blue": "navy blue",
    "burgundy": "maroon",
    "wine": "maroon",
    "scarlet": "red",
    "crimson": "red",
    "rose": "pink",
    "fuchsia": "magenta",
    "gold": "mustard",
    "off white": "cream",
    "ivory": "cream",
    "khaki": "beige",
    "camel": "tan",
    "lime": "lime green",
    "turquoise": "turquoise blue",
    "light blue": "turquoise blue",
    "violet": "purple",
    "lilac": "lavender",
}

# Widths of the outline in six bands from top to bottom (share of the box's width), height over
# width, the share of rows in the lower half with a gap in the middle (two legs), and how far the
# top is off the middle of the bottom (a boot's shaft; share of the width).
_OUTLINES: Mapping[str, tuple[tuple[float, ...], float, float, float]] = {
    "t-shirt": ((0.65, 0.95, 0.75, 0.60, 0.60, 0.60), 1.1, 0.0, 0.0),
    "dress": ((0.40, 0.50, 0.50, 0.65, 0.85, 0.95), 1.9, 0.0, 0.0),
    "skirt": ((0.55, 0.65, 0.75, 0.85, 0.95, 0.95), 1.2, 0.0, 0.0),
    "trousers": ((0.80, 0.85, 0.85, 0.75, 0.65, 0.60), 2.2, 0.9, 0.0),
    "shorts": ((0.85, 0.90, 0.95, 0.95, 0.85, 0.80), 1.0, 0.7, 0.0),
    "coat": ((0.50, 0.90, 0.90, 0.80, 0.75, 0.75), 1.6, 0.0, 0.0),
    "sneakers": ((0.30, 0.45, 0.60, 0.80, 0.95, 0.95), 0.55, 0.0, 0.18),
    "boots": ((0.50, 0.50, 0.50, 0.55, 0.85, 0.95), 1.2, 0.0, 0.2),
    "handbag": ((0.30, 0.40, 0.90, 0.95, 0.95, 0.90), 1.0, 0.0, 0.0),
    "cap": ((0.45, 0.65, 0.75, 0.85, 0.95, 0.85), 0.6, 0.0, 0.0),
    "scarf": ((0.90, 0.90, 0.90, 0.90, 0.90, 0.90), 3.0, 0.0, 0.0),
    "sunglasses": ((0.85, 0.95, 0.90, 0.85, 0.75, 0.60), 0.35, 0.3, 0.0),
}
_OUTLINE_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("t shirt", "tshirt", "tee", "shirt", "top", "blouse", "sweater"), "t-shirt"),
    **dict.fromkeys(("jumper", "hoodie", "sweatshirt", "cardigan", "jacket", "polo"), "t-shirt"),
    **dict.fromkeys(("gown", "kurta", "frock"), "dress"),
    **dict.fromkeys(("trouser", "pant", "pants", "jean", "jeans", "legging", "chinos"), "trousers"),
    **dict.fromkeys(("overcoat", "parka", "trench"), "coat"),
    **dict.fromkeys(("shoe", "shoes", "sneaker", "trainer", "heel", "sandal"), "sneakers"),
    **dict.fromkeys(("boot", "bootie"), "boots"),
    **dict.fromkeys(("bag", "backpack", "purse", "tote", "clutch"), "handbag"),
    **dict.fromkeys(("hat", "beanie"), "cap"),
    "short": "shorts",
    "sunglass": "sunglasses",
    "glasses": "sunglasses",
}

_SHADE_NAMES = tuple(_SHADES)
_OUTLINE_NAMES = tuple(_OUTLINES)
_BANDS = 6
_TEXTURE_DIMS = 8
_WORD_DIMS = 20
_COLOUR = slice(0, len(_SHADE_NAMES))
_SHAPE = slice(_COLOUR.stop, _COLOUR.stop + len(_OUTLINE_NAMES))
_TEXTURE = slice(_SHAPE.stop, _SHAPE.stop + _TEXTURE_DIMS)
_WORDS = slice(_TEXTURE.stop, _TEXTURE.stop + _WORD_DIMS)
_DIMS = _WORDS.stop

_COLOUR_WEIGHT, _SHAPE_WEIGHT, _TEXTURE_WEIGHT, _WORD_WEIGHT = 1.0, 0.8, 0.15, 0.3
_COLOUR_SPREAD_LAB = 16.0
_SHAPE_SPREAD = 0.35
_FOREGROUND_LAB = 10.0
"""Colours nearer than this to the border's are background."""
_SAMPLE_SIDE_PX = 48
_SHARPNESS = 12.0
"""Softmax temperature of `predict`, inverse."""


class ToyEncoder:
    """Dual encoder and attribute predictor of numpy alone; 64 dimensions, deterministic."""

    def __init__(self) -> None:
        shades = np.array([_SHADES[name] for name in _SHADE_NAMES], np.uint8)
        self._shades_lab = _lab(shades)  # (24, 3)
        self._outlines = np.stack([_prototype(name) for name in _OUTLINE_NAMES])  # (12, 9)
        self._shade_rows = _unit(_likeness(self._shades_lab, self._shades_lab, _COLOUR_SPREAD_LAB))
        self._outline_rows = _unit(_likeness(self._outlines, self._outlines, _SHAPE_SPREAD))

    @property
    def encoder_id(self) -> EncoderId:
        """What makes the vectors."""
        tables = repr((_SHADES, _SHADE_WORDS, _OUTLINES, _OUTLINE_WORDS, _COLOUR_SPREAD_LAB))
        revision = hashlib.sha256(tables.encode()).hexdigest()[:12]
        return EncoderId(name="toy", revision=revision, preprocess="toy-1", dims=_DIMS)

    @property
    def revision(self) -> str:
        """Of the tables; see `engine.ports.AttributePredictor`."""
        return self.encoder_id.revision

    @property
    def labels(self) -> Mapping[Facet, tuple[str, ...]]:
        """Colours and the one garment that stands for each outline."""
        return MappingProxyType({Facet.COLOUR: _SHADE_NAMES, Facet.TYPE: _OUTLINE_NAMES})

    def embed_images(self, images: Sequence[ImageRGB]) -> Vectors:
        """Embed pictures of any sizes.

        Args:
            images: uint8 (H, W, 3) each.

        Returns:
            (N, 64) float32, unit rows.

        Raises:
            InvalidInput: An array is no RGB picture.
        """
        vectors = np.zeros((len(images), _DIMS), np.float32)
        for vector, image in zip(vectors, images, strict=True):
            self._see(image, vector)
        return _unit(vectors)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Embed texts: known colour and garment words by meaning, every word by its hash.

        Returns:
            (N, 64) float32, unit rows.
        """
        vectors = np.zeros((len(texts), _DIMS), np.float32)
        for vector, text in zip(vectors, texts, strict=True):
            self._read(text, vector)
        return _unit(vectors)

    def predict(self, vectors: Vectors) -> Mapping[Facet, Floats]:
        """Probabilities of colours and garments, from the likeness of the vector's blocks.

        Args:
            vectors: (N, 64) picture vectors.

        Returns:
            Facet → (N, C) float32, rows sum to 1.
        """
        return {
            Facet.COLOUR: _softmax(_unit(vectors[:, _COLOUR]) @ self._shade_rows.T),
            Facet.TYPE: _softmax(_unit(vectors[:, _SHAPE]) @ self._outline_rows.T),
        }

    def _see(self, image: ImageRGB, vector: Floats) -> None:
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
            raise InvalidInput(
                f"got an array {image.dtype} {image.shape}, expected uint8 (H, W, 3)",
                where="picture",
            )
        pixels_lab = _lab(_sample(image))  # (h, w, 3)
        mask = _foreground(pixels_lab)
        shades = _likeness(pixels_lab[mask], self._shades_lab, _COLOUR_SPREAD_LAB).mean(axis=0)
        outline = _likeness(_outline(mask)[None], self._outlines, _SHAPE_SPREAD)[0]
        vector[_COLOUR] = _COLOUR_WEIGHT * _unit(shades)
        vector[_SHAPE] = _SHAPE_WEIGHT * _unit(outline)
        vector[_TEXTURE] = _TEXTURE_WEIGHT * _unit(_texture(pixels_lab, mask))

    def _read(self, text: str, vector: Floats) -> None:
        words = re.findall(r"\w+", text.casefold())
        phrases = [*words, *(f"{one} {two}" for one, two in itertools.pairwise(words))]
        vector[_COLOUR] = _COLOUR_WEIGHT * _unit(_mean(self._shade_rows, _known_shades(phrases)))
        vector[_SHAPE] = _SHAPE_WEIGHT * _unit(_mean(self._outline_rows, _known_shapes(phrases)))
        # An empty text is a text with the empty word: it needs a direction as well.
        hashed = sum((_hashed(_singular(word)) for word in words or [""]), np.zeros(_WORD_DIMS))
        vector[_WORDS] = _WORD_WEIGHT * _unit(hashed)


def _known_shades(phrases: Sequence[str]) -> list[int]:
    known = {phrase for phrase in phrases if phrase in _SHADES or phrase in _SHADE_WORDS}
    # "navy blue" and "off white" name one shade: the words inside a longer name do not count.
    parts = {word for phrase in known if " " in phrase for word in phrase.split()}
    found = {_SHADE_WORDS.get(phrase, phrase) for phrase in known - parts}
    return [_SHADE_NAMES.index(name) for name in sorted(found)]


def _known_shapes(phrases: Sequence[str]) -> list[int]:
    found: set[str] = set()
    for phrase in phrases:
        for form in (phrase, _singular(phrase), _singular(phrase) + "s"):
            name = _OUTLINE_WORDS.get(form, form)
            if name in _OUTLINES:
                found.add(name)
                break
    return [_OUTLINE_NAMES.index(name) for name in sorted(found)]


def _mean(rows: Floats, chosen: Sequence[int]) -> NDArray[np.floating]:
    return rows[list(chosen)].sum(axis=0)


def _singular(word: str) -> str:
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _hashed(word: str) -> NDArray[np.floating]:
    digest = hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=_WORD_DIMS * 2).digest()
    return np.frombuffer(digest, "<i2").astype(np.float32) / 32768


def _sample(image: ImageRGB) -> ImageRGB:
    high, wide = image.shape[:2]
    rows = np.linspace(0, high - 1, min(high, _SAMPLE_SIDE_PX)).round().astype(int)
    columns = np.linspace(0, wide - 1, min(wide, _SAMPLE_SIDE_PX)).round().astype(int)
    return image[rows][:, columns]


def _foreground(pixels_lab: Floats) -> NDArray[np.bool_]:
    edge = np.concatenate([pixels_lab[0], pixels_lab[-1], pixels_lab[:, 0], pixels_lab[:, -1]])
    away = np.linalg.norm(pixels_lab - np.median(edge, axis=0), axis=-1) > _FOREGROUND_LAB
    # A picture filled by one colour is a picture of that colour.
    return away if away.mean() > 0.01 else np.ones_like(away)


def _outline(mask: NDArray[np.bool_]) -> Floats:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    starts = np.linspace(0, len(box), _BANDS + 1).astype(int)
    widths = [box[a : max(b, a + 1)].mean() for a, b in itertools.pairwise(starts)]
    lower = box[len(box) // 2 :]
    middle = lower[:, lower.shape[1] * 2 // 5 : lower.shape[1] * 3 // 5 + 1]
    gap = float((~middle).any(axis=1).mean() * (lower.mean() < 0.95))
    off_middle = abs(_middle(box[: len(box) // 3 + 1]) - _middle(lower)) / box.shape[1]
    return _outline_features(widths, box.shape[0] / box.shape[1], gap, off_middle)


def _middle(part: NDArray[np.bool_]) -> float:
    columns = np.flatnonzero(part.any(axis=0))
    return float(columns.mean()) if len(columns) else part.shape[1] / 2


def _prototype(name: str) -> Floats:
    return _outline_features(*_OUTLINES[name])


def _outline_features(
    widths: Sequence[float], height_over_width: float, gap: float, off_middle: float
) -> Floats:
    scaled = np.log2(height_over_width) / 2, gap / 2, 2 * off_middle
    return np.array([*widths, *scaled], np.float32)


def _texture(pixels_lab: Floats, mask: NDArray[np.bool_]) -> Floats:
    lightness = np.where(mask, pixels_lab[..., 0], pixels_lab[..., 0][mask].mean())
    across = np.abs(np.fft.rfft(lightness.mean(axis=0) - lightness.mean(), n=32))[1:4]
    down = np.abs(np.fft.rfft(lightness.mean(axis=1) - lightness.mean(), n=32))[1:4]
    spread = lightness[mask].std(), pixels_lab[mask][:, 1:].std()
    return np.array([*across, *down, *spread], np.float32)


def _likeness(points: Floats, prototypes: Floats, spread: float) -> Floats:
    lengths = np.square(points).sum(axis=1)[:, None] + np.square(prototypes).sum(axis=1)
    squared = lengths - 2 * points @ prototypes.T  # (N, P)
    # The nearest prototype always counts: colours far from every shade are still of some colour.
    squared -= squared.min(axis=1, keepdims=True)
    return np.exp(-squared / (2 * spread**2)).astype(np.float32)


def _lab(pixels: NDArray[np.uint8]) -> Floats:
    """SRGB (D65) to CIE L*a*b*, the last axis of three kept."""
    encoded = pixels.astype(np.float32) / 255
    linear = np.where(encoded > 0.04045, ((encoded + 0.055) / 1.055) ** 2.4, encoded / 12.92)
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], np.float32
    )
    xyz = linear @ to_xyz.T / np.array([0.9505, 1.0, 1.089], np.float32)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = np.moveaxis(f, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1).astype(np.float32)


def _unit(rows: NDArray[np.floating]) -> Floats:
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    return (rows / np.where(length > 1e-12, length, 1)).astype(np.float32)


def _softmax(likeness: NDArray[np.floating]) -> Floats:
    # A likeness is at most 1, so that the largest power is bounded.
    powers = np.exp(_SHARPNESS * likeness)
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
