"""Pictures that were drawn, which jobs share, and what must never become a catalogue picture."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import sqlalchemy as sa

from engine.catalogue.database import Database
from engine.catalogue.tables import GENERATED, RENDER_JOB_PICTURE, RENDER_PICTURE

__all__ = ["GeneratedTable", "RenderedPicture", "RenderedTable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedPicture:
    """A drawn picture, by the key of everything that made it.

    Attributes:
        document: Sources and notes, as the one who drew it wrote them.
    """

    picture_key: str
    width_px: int
    height_px: int
    sketch: bool
    document: str


class RenderedTable:
    """What was drawn; the pixels lie in files."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def hold(self, keys: Collection[str], *, now_s: float) -> dict[str, RenderedPicture]:
        """Those that are there, kept from being swept for a while from now on."""
        chosen = RENDER_PICTURE.c.picture_key.in_(list(keys))
        with self._database.write() as connection:
            connection.execute(sa.update(RENDER_PICTURE).where(chosen).values(used_s=now_s))
            rows = connection.execute(
                sa.select(
                    RENDER_PICTURE.c.picture_key,
                    RENDER_PICTURE.c.width_px,
                    RENDER_PICTURE.c.height_px,
                    RENDER_PICTURE.c.sketch,
                    RENDER_PICTURE.c.document,
                ).where(chosen)
            )
            return {each.picture_key: RenderedPicture(**each._mapping) for each in rows}  # pyright: ignore[reportPrivateUsage]  # public in spite of its name

    def put(self, picture: RenderedPicture, *, now_s: float) -> None:
        """Add a picture, or say anew what is told of one whose file was written again."""
        values = {
            "picture_key": picture.picture_key,
            "width_px": picture.width_px,
            "height_px": picture.height_px,
            "sketch": picture.sketch,
            "document": picture.document,
            "used_s": now_s,
        }
        insert = self._database.insert(RENDER_PICTURE).values(values)
        with self._database.write() as connection:
            connection.execute(
                insert.on_conflict_do_update(
                    index_elements=[RENDER_PICTURE.c.picture_key],
                    set_={name: each for name, each in values.items() if name != "picture_key"},
                )
            )

    def remove_unused(self, *, before_s: float, drop: Callable[[str], bool]) -> list[str]:
        """Forget what no job has and nobody has asked for since.

        Args:
            before_s: Unix time; what was asked for since then stays.
            drop: Removes the file of a key and tells whether it is gone; else the row stays, for
                the next time. Called before anybody else can see that the row is gone: after that
                another process may draw the picture again, file first.

        Returns:
            The keys.
        """
        used = sa.select(RENDER_JOB_PICTURE.c.picture_key)
        unused = (RENDER_PICTURE.c.used_s < before_s, RENDER_PICTURE.c.picture_key.not_in(used))
        gone = sa.delete(RENDER_PICTURE).where(*unused).returning(RENDER_PICTURE)
        with self._database.write() as connection:
            rows = connection.execute(gone).mappings().all()
            staying = [dict(row) for row in rows if not drop(row["picture_key"])]
            if staying:
                connection.execute(sa.insert(RENDER_PICTURE), staying)
            kept = {row["picture_key"] for row in staying}
            return [row["picture_key"] for row in rows if row["picture_key"] not in kept]


class GeneratedTable:
    """The pixels of every generated picture that was ever handed out. Rows stay for good."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, pixel_hash: bytes, *, width_px: int, height_px: int) -> None:
        """Remember a picture by `engine.provenance.pixel_hash`, before anybody can have it."""
        insert = self._database.insert(GENERATED).values(
            pixel_hash=pixel_hash, width_px=width_px, height_px=height_px
        )
        with self._database.write() as connection:
            connection.execute(insert.on_conflict_do_nothing())

    def sizes_wh(self) -> frozenset[tuple[int, int]]:
        """Width and height of the pictures, so that others need not be hashed."""
        query = sa.select(GENERATED.c.width_px, GENERATED.c.height_px).distinct()
        with self._database.read() as connection:
            return frozenset((width, height) for width, height in connection.execute(query))

    def has(self, pixel_hash: bytes) -> bool:
        """Whether a picture of these pixels was handed out."""
        query = sa.select(GENERATED.c.width_px).where(GENERATED.c.pixel_hash == pixel_hash)
        with self._database.read() as connection:
            return connection.execute(query).first() is not None
