"""Served copies of pictures: our own re-encode in a few fixed widths, kept in memory.

A shop's file never reaches a browser as it came: it could be a script with a picture's name, carry
somebody's location, or be huge.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from engine.images import decode_image, encode_webp

WIDTHS_PX = (160, 320, 640)
MEDIA_TYPE = "image/webp"
_SPARE = 1.25
"""Decoded a bit larger than served, so that the last step of scaling down stays a good one."""


class Renditions:
    """Least recently used cache of re-encoded pictures.

    Args:
        most_bytes: Size of all encoded copies together.
    """

    def __init__(self, *, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._held: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._held_bytes = 0
        self._lock = threading.Lock()

    def held(self, picture: str, width_px: int) -> bytes | None:
        """The copy, when it is in memory."""
        with self._lock:
            data = self._held.get((picture, width_px))
            if data is not None:
                self._held.move_to_end((picture, width_px))
            return data

    def make(self, picture: str, width_px: int, load: Callable[[str], bytes]) -> bytes:
        """The copy at most `width_px` wide, made and kept.

        Args:
            picture: Name of the picture, whose content never changes.
            width_px: One of `WIDTHS_PX`.
            load: Encoded picture by name.
        """
        image = decode_image(load(picture), target_px=round(_SPARE * width_px))
        height, width = image.shape[:2]
        # The encoder bounds the longer side; the width is what the page lays out.
        side_px = max(1, round(width_px * max(height, width) / width))
        data = encode_webp(image, max_side_px=min(side_px, max(height, width)))
        with self._lock:
            before = self._held.pop((picture, width_px), b"")
            self._held[picture, width_px] = data
            self._held_bytes += len(data) - len(before)
            while self._held_bytes > self._most_bytes and self._held:
                _, dropped = self._held.popitem(last=False)
                self._held_bytes -= len(dropped)
        return data
