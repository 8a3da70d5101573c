"""Which encoding a text feed has.

UTF-8 wins as soon as any line proves it, so that one damaged line costs one row instead of turning
the whole feed into mojibake.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from charset_normalizer import from_bytes

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What shops' exports come in; the detector's full list invents rarities for short samples.
_CANDIDATES = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256",
    "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr",
]  # fmt: skip
_FALLBACK = "cp1252"
_MAX_JUDGED_BYTES = 64_000
_EQUAL_CHAOS = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """An encoding and how it was found; `note` is empty where nothing was guessed."""

    name: str
    note: str = ""


def detect_encoding(sample: bytes) -> Encoding:
    """The encoding of a text.

    Args:
        sample: Its start and, where that is plain ASCII, some of what comes later.
    """
    for mark, name in _BYTE_ORDER_MARKS:
        if sample.startswith(mark):
            return Encoding(name=name)
    head = sample[:4_096]
    if head.count(0) > len(head) // 4:
        # ASCII text in UTF-16 has a zero in every other byte: the second one, if little-endian.
        name = "utf-16-le" if head[1::2].count(0) >= head[0::2].count(0) else "utf-16-be"
        return Encoding(name=name, note=f"read as {name} (no byte order mark)")
    if sample.isascii():
        return Encoding(name="utf-8")
    lines = sample.splitlines()
    if len(lines) > 1 and not sample.endswith((b"\n", b"\r")):
        lines[-1:] = []  # the sample may end within a character
    foreign = [line for line in lines if not line.isascii()] or [sample]
    if any(_is_utf8(line) for line in foreign) or _is_utf8(sample):
        return Encoding(name="utf-8")
    name = _guess(b"\n".join(foreign)[:_MAX_JUDGED_BYTES])
    note = f"read as {name}, as its letters suggest; if they look wrong, name the encoding"
    return Encoding(name=name, note=note)


def _guess(foreign: bytes) -> str:
    matches = from_bytes(foreign, cp_isolation=_CANDIDATES)
    best = matches.best()
    if best is None:
        return _FALLBACK
    # Short texts in Latin letters fit several code pages equally; the commonest is the best guess.
    equal = [match for match in matches if match.chaos <= best.chaos + _EQUAL_CHAOS]
    is_common = any(_FALLBACK in match.could_be_from_charset for match in equal)
    return _FALLBACK if is_common else best.encoding


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
