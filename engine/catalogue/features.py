"""Features of catalogue pictures that help to draw, so that none is computed twice.

The key says what a feature was made of (`models.variants.catalogue_bank.feature_key`), so a product
that changes gets new ones by itself; the oldest go when there are many.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from engine.catalogue.database import Database
from engine.catalogue.tables import FEATURE

__all__ = ["FeatureTable"]

_MOST = 20_000
"""About 80 MB of the small generator's."""
_MOST_BYTES = 500_000_000
"""Those of SD-Turbo are forty times as large."""
_AT_ONCE = 500


class FeatureTable:
    """Key → float16 array.

    Args:
        database: Of the catalogue.
        most: How many are kept.
        most_bytes: In all.
        clock: Unix time.
    """

    def __init__(
        self,
        database: Database,
        *,
        most: int = _MOST,
        most_bytes: int = _MOST_BYTES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database, self._clock = database, clock
        self._most, self._most_bytes = most, most_bytes

    def get(self, keys: Sequence[str]) -> dict[str, NDArray[np.float16]]:
        """Those that are stored; keys are 64 hexadecimal digits."""
        found: dict[str, NDArray[np.float16]] = {}
        wanted = [bytes.fromhex(each) for each in keys]
        with self._database.read() as connection:
            for start in range(0, len(wanted), _AT_ONCE):
                chosen = FEATURE.c.feature_key.in_(wanted[start : start + _AT_ONCE])
                for row in connection.execute(sa.select(FEATURE).where(chosen)):
                    shape = [int(each) for each in row.shape.split(",")]
                    value = np.frombuffer(row.value, np.float16).reshape(shape)
                    found[row.feature_key.hex()] = value
        return found

    def put(self, features: Mapping[str, NDArray[np.float16]]) -> None:
        """Store some; those already there stay. The oldest go where there are too many."""
        if not features:
            return
        now_s = self._clock()
        rows = [
            {
                "feature_key": bytes.fromhex(key),
                "shape": ",".join(map(str, value.shape)),
                "value": np.ascontiguousarray(value, np.float16).tobytes(),
                "made_s": now_s,
            }
            for key, value in features.items()
        ]
        with self._database.write() as connection:
            connection.execute(self._database.insert(FEATURE).on_conflict_do_nothing(), rows)
            self._drop_oldest(connection)

    def _drop_oldest(self, connection: sa.Connection) -> None:
        size = sa.func.length(FEATURE.c.value)
        whole = sa.select(sa.func.count(), sa.func.sum(size)).select_from(FEATURE)
        count, held_bytes = connection.execute(whole).one()
        oldest = sa.select(FEATURE.c.feature_key, size).order_by(
            FEATURE.c.made_s, FEATURE.c.feature_key
        )
        gone: list[bytes] = []
        if count > self._most or held_bytes > self._most_bytes:
            for key, size_bytes in connection.execute(oldest):
                if count <= self._most and held_bytes <= self._most_bytes:
                    break
                gone.append(key)
                count, held_bytes = count - 1, held_bytes - size_bytes
        for start in range(0, len(gone), _AT_ONCE):
            chosen = FEATURE.c.feature_key.in_(gone[start : start + _AT_ONCE])
            connection.execute(sa.delete(FEATURE).where(chosen))
