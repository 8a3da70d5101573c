"""Strings that every index can store."""

from __future__ import annotations


def clean_text(text: str) -> str:
    """The text with lone surrogates replaced by U+FFFD; they exist in no encoding of Unicode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
