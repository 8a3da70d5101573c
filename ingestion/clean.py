"""Text cells as they should have been: one line, one Unicode form, no markup, no control codes."""

from __future__ import annotations

import html
import re
import unicodedata

import nh3

# Control codes, lone surrogates and noncharacters: no index and no database takes them all.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_SPACES = re.compile(r"\s+")
_INVISIBLE = "\u200b\u2060\ufeff\u00ad"
_BREAKS = re.compile(r"</?(?:br|p|div|li|ul|tr|td|h\d)\b[^>]*>", re.IGNORECASE)


def has_forbidden(text: str) -> bool:
    """Whether a text has control codes or other characters that `clean_line` removes."""
    return _FORBIDDEN.search(text) is not None


def clean_line(text: str) -> str:
    """A text as one trimmed line in Unicode form NFC, without markup.

    Entities are decoded once, so ``&amp;lt;`` becomes ``&lt;`` and not a tag.
    """
    if text.isascii() and text.isprintable() and "<" not in text and "&" not in text:
        return _SPACES.sub(" ", text).strip() if "  " in text else text.strip()
    plain = _FORBIDDEN.sub("", text)
    if "<" in plain:
        # Without this "</p><p>" would glue two words together.
        plain = nh3.clean(_BREAKS.sub(" ", plain), tags=set[str]())
    if "&" in plain:
        plain = html.unescape(plain)
        plain = _FORBIDDEN.sub("", plain)
    return _SPACES.sub(" ", unicodedata.normalize("NFC", plain)).strip()


def clean_id(text: str) -> str:
    """An id: NFC, trimmed, without control codes and invisible characters; otherwise as it is."""
    if text.isascii() and text.isprintable():
        return text.strip()
    plain = _FORBIDDEN.sub("", text).translate({ord(each): None for each in _INVISIBLE})
    return unicodedata.normalize("NFC", plain).strip()
