"""Block capitals as outlines, so that lettering scales with the garment and needs no font file."""

from __future__ import annotations

import numpy as np

from data_samples.draw.curves import Curve

# Strokes on a 3 x 5 grid, as (column, row, width, height) in cells.
_LETTERS: dict[str, tuple[tuple[float, float, float, float], ...]] = {
    "A": ((0, 0, 3, 1), (0, 1, 1, 4), (2, 1, 1, 4), (1, 2, 1, 1)),
    "C": ((0, 0, 3, 1), (0, 1, 1, 3), (0, 4, 3, 1)),
    "D": ((0, 0, 2.5, 1), (0, 1, 1, 3), (2, 0.6, 1, 3.8), (0, 4, 2.5, 1)),
    "E": ((0, 0, 3, 1), (0, 1, 1, 3), (1, 2, 1.4, 1), (0, 4, 3, 1)),
    "H": ((0, 0, 1, 5), (2, 0, 1, 5), (1, 2, 1, 1)),
    "I": ((1, 0, 1, 5),),
    "K": ((0, 0, 1, 5),),
    "L": ((0, 0, 1, 5), (1, 4, 2, 1)),
    "N": ((0, 0, 0.9, 5), (2.1, 0, 0.9, 5)),
    "O": ((0, 0, 3, 1), (0, 1, 1, 3), (2, 1, 1, 3), (0, 4, 3, 1)),
    "P": ((0, 0, 3, 1), (0, 1, 1, 4), (2, 1, 1, 2), (1, 2, 1, 1)),
    "R": ((0, 0, 3, 1), (0, 1, 1, 4), (2, 1, 1, 1.4), (1, 2.2, 1.4, 1), (2, 3, 1, 2)),
    "S": ((0, 0, 3, 1), (0, 1, 1, 1), (0, 2, 3, 1), (2, 3, 1, 1), (0, 4, 3, 1)),
    "T": ((0, 0, 3, 1), (1, 1, 1, 4)),
    "U": ((0, 0, 1, 5), (2, 0, 1, 5), (1, 4, 1, 1)),
    "W": ((0, 0, 1, 5), (2, 0, 1, 5), (1, 3, 1, 1.4)),
    "1": ((1, 0, 1, 5), (0.3, 0.6, 0.7, 1)),
    "4": ((0, 0, 1, 3), (1, 2, 1, 1), (2, 0, 1, 5)),
    "8": ((0, 0, 3, 1), (0, 1, 1, 3), (2, 1, 1, 3), (1, 2, 1, 1), (0, 4, 3, 1)),
    "9": ((0, 0, 3, 1), (0, 1, 1, 2), (2, 1, 1, 3), (1, 2, 1, 1), (0, 4, 3, 1)),
}
# Slanted strokes on the same grid, as corners.
_DIAGONALS: dict[str, tuple[tuple[tuple[float, float], ...], ...]] = {
    "N": (((0.0, 0.0), (1.0, 0.0), (3.0, 5.0), (2.0, 5.0)),),
    "K": (((0.8, 2.4), (2.0, 0.0), (3.0, 0.0), (1.2, 3.2)),
          ((0.9, 2.4), (1.8, 2.0), (3.0, 5.0), (2.0, 5.0))),
}  # fmt: skip
_ADVANCE = 4.0


def letter_outlines(word: str) -> list[Curve]:
    """Strokes of a word, one unit wide in all and centred on the origin."""
    width = _ADVANCE * len(word) - 1.0
    outlines: list[Curve] = []
    for place, letter in enumerate(word):
        for column, row, wide, high in _LETTERS[letter]:
            x0 = (place * _ADVANCE + column - width / 2) / width
            y0 = (row - 2.5) / width
            x1, y1 = x0 + wide / width, y0 + high / width
            outlines.append(np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]))
        for bar in _DIAGONALS.get(letter, ()):
            corners = np.array(bar) + np.array([place * _ADVANCE - width / 2, -2.5])
            outlines.append(corners / width)
    return outlines
