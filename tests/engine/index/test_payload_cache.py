"""Payloads kept beside an index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.filters import Payload
from engine.ids import PointId
from engine.index.payload_cache import PayloadCache

A, B, C = PointId("a"), PointId("b"), PointId("c")


class Shelf:
    def __init__(self) -> None:
        self.asked: list[list[PointId]] = []
        self.title = "old"

    def read(self, points: Sequence[PointId]) -> Iterator[tuple[PointId, Payload]]:
        self.asked.append(list(points))
        for each in points:
            yield each, {"title": f"{self.title} {each}"}


def test_reads_once_and_again_after_a_write() -> None:
    cache, shelf = PayloadCache(), Shelf()
    assert cache.of([A, B], shelf.read)[A] == {"title": "old a"}
    cache.of([B, A], shelf.read)
    assert shelf.asked == [[A, B]]
    shelf.title = "new"
    cache.drop([A, C])
    found = cache.of([A, B], shelf.read)
    assert shelf.asked[1:] == [[A]]
    assert found[A] == {"title": "new a"}
    assert found[B] == {"title": "old b"}


def test_starts_afresh_when_full_and_still_has_what_is_asked() -> None:
    cache, shelf = PayloadCache(kept=2), Shelf()
    cache.of([A, B], shelf.read)
    found = cache.of([B, C], shelf.read)
    assert shelf.asked == [[A, B], [B, C]]  # B was held, and is read again with the fresh start
    assert {B, C} <= found.keys()
    assert A not in found
    assert {A, B, C} <= cache.of([A, B, C], shelf.read).keys()  # more than it keeps, in one call


def test_products_share_what_they_say_and_what_nobody_says_is_forgotten() -> None:
    cache = PayloadCache(kept=8)
    held = cache.of([A, B], lambda _: [(each, {"colour": ["red"], "p": [0.5]}) for each in (A, B)])
    assert held[A] == {"colour": ("red",), "p": (0.5,)}
    assert held[A]["colour"] is held[B]["colour"]
    for place in range(40):
        cache.drop([A])
        cache.of([A], lambda _, value=str(place): [(A, {"colour": [value]})])
    assert len(cache._values) <= 9  # pyright: ignore[reportPrivateUsage]
