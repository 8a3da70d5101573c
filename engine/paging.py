"""Cursors: where the next page of a result starts."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json

from engine.errors import InvalidInput

MAX_DEPTH = 1000
"""Deepest hit that paging reaches."""


def encode_cursor(offset: int, key: str) -> str:
    """An opaque cursor for a query identified by `key`."""
    return base64.urlsafe_b64encode(json.dumps([offset, _digest(key)]).encode()).decode()


def decode_cursor(cursor: str, key: str) -> int:
    """Offset of the page; 0 for an empty cursor.

    Raises:
        InvalidInput: Not a cursor of ours, or of another query.
    """
    if not cursor:
        return 0
    try:
        offset, digest = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, binascii.Error, UnicodeError, TypeError, RecursionError):
        offset, digest = -1, ""
    if not isinstance(offset, int) or not 0 <= offset <= MAX_DEPTH or digest != _digest(key):
        raise InvalidInput(
            f"cursor {cursor[:60]!r} does not belong to this query.",
            where="cursor",
            hint="Send the cursor with the same query that it came from, or start without one.",
            code="cursor.invalid",
        )
    return offset


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:16]
