"""Features come back as they went in, and do not fill the disk."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.catalogue.database import Database
from engine.catalogue.features import FeatureTable


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path}/catalogue.sqlite")
    yield opened
    opened.close()


def key(number: int) -> str:
    return f"{number:064x}"


@given(
    hnp.arrays(
        np.float16,
        hnp.array_shapes(min_dims=1, min_side=0, max_side=4),
        elements=st.floats(-9, 9, width=16),
    )
)
def test_arrays_of_any_shape_come_back(value):
    database = Database("sqlite://")
    table = FeatureTable(database)
    table.put({key(1): value})
    found = table.get([key(2), key(1)])
    assert list(found) == [key(1)]
    np.testing.assert_array_equal(found[key(1)], value)
    assert found[key(1)].shape == value.shape
    database.close()


def test_features_survive_and_the_first_stay(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/catalogue.sqlite"
    for value in (1, 2):
        database = Database(url)
        FeatureTable(database).put({key(7): np.full((2, 3), value, np.float16)})
        database.close()
    database = Database(url)
    np.testing.assert_array_equal(FeatureTable(database).get([key(7)])[key(7)], np.ones((2, 3)))
    database.close()


def test_the_oldest_go_where_there_are_too_many(database: Database):
    now = iter(range(100))
    table = FeatureTable(database, most=3, clock=lambda: float(next(now)))
    for number in range(6):
        table.put({key(number): np.zeros(1, np.float16)})
    assert set(table.get([key(each) for each in range(6)])) == {key(3), key(4), key(5)}
    assert table.get([]) == {}
    table.put({})


def test_the_oldest_go_where_they_take_too_much_room(database: Database):
    now = iter(range(100))
    table = FeatureTable(database, most_bytes=100, clock=lambda: float(next(now)))
    for number in range(4):
        table.put({key(number): np.zeros(20, np.float16)})
    assert set(table.get([key(each) for each in range(4)])) == {key(2), key(3)}
    table.put({key(9): np.zeros(50, np.float16)})
    assert set(table.get([key(each) for each in range(10)])) == {key(9)}


def test_many_are_read_at_once_and_by_many(database: Database):
    table = FeatureTable(database)
    held = {key(each): np.full(2, each, np.float16) for each in range(1100)}
    halves = [dict(list(held.items())[start::2]) for start in range(2)]
    writers = [threading.Thread(target=table.put, args=(half,)) for half in halves]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    found = table.get(list(held))
    assert {name: value.tolist() for name, value in found.items()} == {
        name: value.tolist() for name, value in held.items()
    }
