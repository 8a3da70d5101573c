"""The boxes of every picture that was looked at, so that no picture is looked at twice.

Which box shows the product depends on its title and its other pictures, so it is decided anew when
those change; the boxes and their vectors stay.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from engine.catalogue.database import Database
from engine.catalogue.tables import LOOK
from engine.detections import Detection, SeenPicture
from engine.types import BoxPx

__all__ = ["LookBatch", "LookTable", "as_stored"]

_PER_STATEMENT = 500


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LookBatch:
    """Looks to store.

    Attributes:
        sight: `engine.look.LookService.sight` of what looked.
        looks: Content hash of a picture as hex → its boxes.
    """

    sight: str
    looks: Mapping[str, SeenPicture]


class LookTable:
    """Content hash and sight → boxes with posteriors and vectors."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, hashes: Iterable[str], *, sight: str) -> dict[str, SeenPicture]:
        """The looks that are stored; the others are absent."""
        wanted = list(dict.fromkeys(hashes))
        query = sa.select(LOOK).where(
            LOOK.c.sight == _digest(sight),
            LOOK.c.content_hash.in_(sa.bindparam("hashes", expanding=True)),
        )
        found: dict[str, SeenPicture] = {}
        with self._database.read() as connection:
            for start in range(0, len(wanted), _PER_STATEMENT):
                keys = [bytes.fromhex(each) for each in wanted[start : start + _PER_STATEMENT]]
                for row in connection.execute(query, {"hashes": keys}).mappings():
                    found[row["content_hash"].hex()] = _unpacked({**row})
        return found

    def put(self, connection: sa.Connection, batch: LookBatch) -> None:
        """Store a batch within the caller's transaction; those already there stay."""
        if not batch.looks:
            return
        sight = _digest(batch.sight)
        connection.execute(
            self._database.insert(LOOK).on_conflict_do_nothing(),
            [
                {"sight": sight, "content_hash": bytes.fromhex(content_hash), **_packed(seen)}
                for content_hash, seen in batch.looks.items()
            ],
        )


def as_stored(seen: SeenPicture) -> SeenPicture:
    """A look as it comes back: posteriors and vectors through float16, lengths within 5e-4 of 1.

    What is decided of a fresh look must be decided of the stored one too.
    """
    return _unpacked(_packed(seen))


def _digest(sight: str) -> str:
    return hashlib.sha256(sight.encode()).hexdigest()[:32]


def _packed(seen: SeenPicture) -> dict[str, Any]:
    boxes = np.array([each.box_xyxy_px for each in seen.detections], np.float32)
    posteriors = np.array([each.posterior for each in seen.detections], np.float16)
    return {
        "width_px": seen.width_px,
        "height_px": seen.height_px,
        "boxes": boxes.tobytes(),
        "posteriors": posteriors.tobytes(),
        "vectors": seen.vectors.astype(np.float16).tobytes(),
    }


def _unpacked(row: Mapping[str, Any]) -> SeenPicture:
    boxes = np.frombuffer(row["boxes"], np.float32).reshape(-1, 4).astype(np.float64)
    posteriors = _rows(row["posteriors"], len(boxes))
    return SeenPicture(
        width_px=row["width_px"],
        height_px=row["height_px"],
        detections=tuple(
            Detection(box_xyxy_px=_box(box), posterior=posterior)
            for box, posterior in zip(boxes, posteriors, strict=True)
        ),
        # Not scaled to unit length again: that could round otherwise when it is stored once more.
        vectors=_rows(row["vectors"], len(boxes)),
    )


def _rows(held: bytes, count: int) -> NDArray[np.float32]:
    halves = np.frombuffer(held, np.float16)
    return halves.reshape(count, -1 if count else 0).astype(np.float32)


def _box(box: NDArray[np.float64]) -> BoxPx:
    x0, y0, x1, y1 = box.tolist()
    return (x0, y0, x1, y1)
