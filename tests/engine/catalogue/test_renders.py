"""The queue of render jobs as rows: leases, owners, one job of a work at a time."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from engine.catalogue.database import Database
from engine.catalogue.jobs import JobStatus
from engine.catalogue.render_records import NewRender, RenderRecord
from engine.catalogue.rendered import RenderedPicture
from engine.catalogue.store import CatalogueStore, open_catalogue
from engine.catalogue.tables import RENDER_JOB
from engine.errors import NotFound

KEY = "k" * 64


@pytest.fixture
def store(tmp_path: Path) -> CatalogueStore:
    return open_catalogue(str(tmp_path / "catalogue.sqlite"))


def job(name: str, work: str = "") -> NewRender:
    return NewRender(
        job_id=name, work=work or name, engine="small", revision="1", asked="{}", count=2
    )


def claim(store: CatalogueStore, owner: str = "one", now_s: float = 10.0) -> RenderRecord | None:
    return store.renders.claim(
        owner=owner, engines=["small"], now_s=now_s, lease_s=5, max_attempts=2, keep_s=100
    )


def put_picture(store: CatalogueStore, key: str = KEY, now_s: float = 1.0) -> None:
    picture = RenderedPicture(
        picture_key=key, width_px=3, height_px=4, sketch=True, document='{"notes": []}'
    )
    store.rendered.put(picture, now_s=now_s)


def test_the_oldest_comes_first_and_none_twice(store: CatalogueStore):
    for at, name in enumerate("abc"):
        assert store.renders.create(job(name), most_waiting=9, now_s=float(at))
    assert store.renders.waiting() == 3
    assert [store.renders.get(name, now_s=5).position for name in "abc"] == [1, 2, 3]
    claimed = [claim(store, owner) for owner in ("one", "two", "one", "two")]
    assert [each.job_id if each else None for each in claimed] == ["a", "b", "c", None]
    assert store.renders.get("b", now_s=11).position == 0


def test_jobs_of_one_work_take_turns(store: CatalogueStore):
    for name, work in (("a", "same"), ("b", "same"), ("c", "other")):
        store.renders.create(job(name, work), most_waiting=9, now_s=ord(name))
    first, second = claim(store), claim(store, "two")
    assert first is not None
    assert second is not None
    assert (first.job_id, second.job_id) == ("a", "c")
    assert claim(store, "two") is None
    store.renders.finish("a", JobStatus.DONE, owner="one", now_s=11, expires_s=99)
    third = claim(store, "two")
    assert third is not None
    assert third.job_id == "b"


def test_the_database_itself_forbids_two_of_one_work(store: CatalogueStore):
    for name in "ab":
        store.renders.create(job(name, "same"), most_waiting=9, now_s=1)
    claim(store)
    database: Database = store._database
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(
            sa.update(RENDER_JOB).where(RENDER_JOB.c.job_id == "b").values(status="running")
        )


def test_a_job_of_another_engine_is_left_to_others_for_an_hour(store: CatalogueStore):
    store.renders.create(replace(job("a"), engine="large"), most_waiting=9, now_s=1)
    store.renders.create(job("b"), most_waiting=9, now_s=2)
    first = claim(store)
    assert first is not None
    assert first.job_id == "b"
    store.renders.finish("b", JobStatus.DONE, owner="one", now_s=11, expires_s=99)
    assert claim(store, "two", now_s=3_601) is None
    late = claim(store, "two", now_s=3_602)
    assert late is not None
    assert (late.job_id, late.engine) == ("a", "large")


def test_a_job_is_left_to_who_draws_with_its_engine_however_long(store: CatalogueStore):
    for at, name in enumerate("ab"):
        store.renders.create(replace(job(name), engine="large"), most_waiting=9, now_s=at)
    store.renders.claim(
        owner="able", engines=["large"], now_s=9_000, lease_s=500, max_attempts=2, keep_s=100
    )
    assert claim(store, "two", now_s=9_400) is None
    late = claim(store, "two", now_s=9_501)  # whoever drew is gone
    assert late is not None
    assert late.engine == "large"


def test_a_full_queue_takes_no_more(store: CatalogueStore):
    assert store.renders.create(job("a"), most_waiting=1, now_s=1)
    assert not store.renders.create(job("b"), most_waiting=1, now_s=1)
    claim(store)
    assert store.renders.create(job("b"), most_waiting=1, now_s=1)


def test_who_lost_a_job_cannot_write_to_it(store: CatalogueStore):
    store.renders.create(job("a"), most_waiting=1, now_s=1)
    put_picture(store)
    claim(store, "one", now_s=10)
    assert claim(store, "two", now_s=14) is None, "while the lease lasts"
    store.renders.renew("one", now_s=14, lease_s=5)
    assert claim(store, "two", now_s=16) is None, "after it was renewed"
    taken = claim(store, "two", now_s=20)
    assert taken is not None
    assert taken.attempts == 2
    mine = {"owner": "one", "number": 1, "picture_key": KEY, "seed": 0}
    assert not store.renders.add_picture("a", **mine)
    assert not store.renders.finish("a", JobStatus.DONE, owner="one", now_s=21, expires_s=99)
    store.renders.put_back("a", owner="one")
    assert store.renders.get("a", now_s=21).status is JobStatus.RUNNING
    assert store.renders.add_picture("a", **(mine | {"owner": "two"}))
    (picture,) = store.renders.get("a", now_s=21).pictures
    assert (picture.number, picture.picture_key, picture.sketch) == (1, KEY, True)


def test_a_cancelled_job_takes_no_picture(store: CatalogueStore):
    store.renders.create(job("a"), most_waiting=1, now_s=1)
    put_picture(store)
    claim(store)
    assert store.renders.cancel("a", now_s=11, expires_s=99)
    assert not store.renders.cancel("a", now_s=12, expires_s=98)
    assert not store.renders.add_picture("a", owner="one", number=1, picture_key=KEY, seed=0)
    record = store.renders.get("a", now_s=12)
    assert (record.status, record.finished_s, record.expires_s) == (JobStatus.CANCELLED, 11, 99)


def test_pictures_stay_as_long_as_a_job_has_them_or_somebody_asked(store: CatalogueStore):
    for key in ("used", "held", "old"):
        put_picture(store, key, now_s=1)
    store.renders.create_done(job("a"), [("used", 0)], now_s=2, expires_s=50)
    assert set(store.rendered.hold(["held", "nobody"], now_s=30)) == {"held"}
    dropped = list[str]()

    def drop(key: str) -> bool:
        dropped.append(key)
        return len(dropped) > 1

    assert store.rendered.remove_unused(before_s=20, drop=drop) == []  # its file stays
    assert store.rendered.remove_unused(before_s=20, drop=drop) == ["old"]
    assert dropped == ["old", "old"]
    assert store.renders.remove_expired(now_s=49) == []
    assert store.renders.remove_expired(now_s=50) == ["a"]
    assert store.rendered.remove_unused(before_s=20, drop=drop) == ["used"]
    with pytest.raises(NotFound, match="expired"):
        store.renders.get("a", now_s=1)


def test_a_picture_that_is_drawn_again_is_told_anew(store: CatalogueStore):
    put_picture(store)
    again = RenderedPicture(
        picture_key=KEY, width_px=5, height_px=6, sketch=False, document='{"notes": ["later"]}'
    )
    store.rendered.put(again, now_s=7)
    assert store.rendered.hold([KEY], now_s=8) == {KEY: again}


def test_files_go_before_anybody_can_draw_the_picture_again(store: CatalogueStore, tmp_path: Path):
    put_picture(store)
    other = open_catalogue(str(tmp_path / "catalogue.sqlite"))
    order = list[str]()

    def drawn_again() -> None:
        assert other.rendered.hold([KEY], now_s=50) == {}
        order.append("drawn")
        put_picture(other, now_s=50)

    drawing = threading.Thread(target=drawn_again)

    def drop(key: str) -> bool:
        drawing.start()
        drawing.join(timeout=0.2)
        order.append(f"dropped {key}")
        return True

    store.rendered.remove_unused(before_s=20, drop=drop)
    drawing.join(timeout=60)
    assert order == [f"dropped {KEY}", "drawn"]
    assert set(store.rendered.hold([KEY], now_s=51)) == {KEY}


def test_the_mean_leaves_out_what_was_not_drawn(store: CatalogueStore):
    assert store.renders.recent_seconds() is None
    put_picture(store)
    store.renders.create_done(job("cached"), [(KEY, 0)], now_s=2, expires_s=50)
    assert store.renders.recent_seconds() is None
    for name, seconds in (("a", 2.0), ("b", 4.0)):
        store.renders.create(job(name), most_waiting=1, now_s=1)
        claim(store, now_s=10)
        store.renders.finish(name, JobStatus.DONE, owner="one", now_s=10 + seconds, expires_s=99)
    assert store.renders.recent_seconds() == pytest.approx(3)


def test_pixels_are_remembered_once(store: CatalogueStore):
    for _ in range(2):
        store.generated.put(b"\1" * 32, width_px=30, height_px=40)
    store.generated.put(b"\2" * 32, width_px=30, height_px=40)
    assert store.generated.sizes_wh() == {(30, 40)}
    assert store.generated.has(b"\1" * 32)
    assert not store.generated.has(b"\3" * 32)
