"""What is written into a generated picture: who drew it, from what, and that it is none of a shop.

XMP, which WebP, PNG and JPEG carry alike. ``DigitalSourceType`` is IPTC's, which other programs and
search engines read; the rest are properties of our own (`engine.provenance.NAMESPACE`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
from PIL import Image, PngImagePlugin

from api.version import lookalike_version
from engine.provenance import NAMESPACE
from engine.rendering import Source
from engine.types import ImageRGB

__all__ = ["MEDIA_TYPE", "Provenance", "as_png", "as_webp", "without_loss"]

MEDIA_TYPE = "image/webp"
_QUALITY = 90
"""A tenth of the bytes of a PNG at 1,000 px; no difference that an eye sees."""
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XMP = "http://ns.adobe.com/xap/1.0/"
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PACKET = b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>%s<?xpacket end=\'r\'?>'

for _prefix, _uri in (("rdf", _RDF), ("xmp", _XMP), ("Iptc4xmpExt", _IPTC)):
    ElementTree.register_namespace(_prefix, _uri)
ElementTree.register_namespace("x", "adobe:ns:meta/")
ElementTree.register_namespace("lookalike", NAMESPACE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a generated picture comes from.

    Attributes:
        engine: Name of the renderer.
        revision: Of it.
        modification: The words.
        reference: A product's id, or the hash of a picture.
        sketch: All of it was drawn; otherwise a photograph was changed.
        sources: Products that helped.
    """

    engine: str
    revision: str
    seed: int
    modification: str
    reference: str
    sketch: bool
    sources: Sequence[Source] = ()

    def properties(self) -> dict[str, str]:
        """Our own, by name; what no XML may hold is replaced."""
        held = {
            "generated": "True",
            "engine": self.engine,
            "revision": self.revision,
            "seed": str(self.seed),
            "modification": self.modification,
            "reference": self.reference,
            "sources": "; ".join(
                f"{each.product_id} {each.similarity:.3f}" for each in self.sources
            ),
        }
        return {name: _NO_XML.sub("\ufffd", value) for name, value in held.items()}

    def xmp(self) -> bytes:
        """The packet."""
        kind = "trainedAlgorithmicMedia" if self.sketch else "compositeSynthetic"
        root = ElementTree.Element("{adobe:ns:meta/}xmpmeta")
        rdf = ElementTree.SubElement(root, f"{{{_RDF}}}RDF")
        held = ElementTree.SubElement(rdf, f"{{{_RDF}}}Description", {f"{{{_RDF}}}about": ""})
        held.set(f"{{{_XMP}}}CreatorTool", _software())
        held.set(f"{{{_IPTC}}}DigitalSourceType", _SOURCE_TYPES + kind)
        for name, value in self.properties().items():
            held.set(f"{{{NAMESPACE}}}{name}", value)
        return _PACKET % ElementTree.tostring(root, encoding="utf-8")


def as_webp(image: ImageRGB, provenance: Provenance) -> bytes:
    """Encode for a page."""
    buffer = BytesIO()
    _picture(image).save(buffer, "WEBP", quality=_QUALITY, method=2, xmp=provenance.xmp())
    return buffer.getvalue()


def as_png(image: ImageRGB, provenance: Provenance) -> bytes:
    """Encode without loss; the properties are text chunks too."""
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Software", _software())
    for name, value in provenance.properties().items():
        texts.add_itxt(f"lookalike:{name}", value)
    texts.add_itxt("XML:com.adobe.xmp", provenance.xmp().decode())
    buffer = BytesIO()
    _picture(image).save(buffer, "PNG", pnginfo=texts)
    return buffer.getvalue()


def without_loss(image: ImageRGB) -> bytes:
    """Encode for ourselves: every pixel as drawn, nothing written in it."""
    buffer = BytesIO()
    _picture(image).save(buffer, "WEBP", lossless=True, quality=0, method=0)
    return buffer.getvalue()


def _picture(image: ImageRGB) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(image))


def _software() -> str:
    return f"Lookalike {lookalike_version()}"
