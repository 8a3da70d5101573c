from __future__ import annotations

import random
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.catalogue.store import ProductState
from engine.catalogue.vectors import ContentKind
from engine.errors import FeedError
from engine.ids import ProductId, TenantId, point_id
from engine.index.memory import MemoryIndex
from engine.reconcile import MAX_PHANTOMS
from engine.types import Facet, OutcomeKind, Provenance, VectorName
from ingestion.report import DeletionsRefused
from tests.ingestion.shop import DIMS, CountingEncoder, Shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_every_product_is_in_catalogue_index_and_blobs(shop: Shop):
    report = shop.ingest(shop.feed(shop.products(5)))
    assert (report.rows, report.indexed) == (5, 5)
    assert shop.index.count() == 5
    for product in shop.catalogue.iter_products():
        assert product.price_minor == 1990
        assert shop.blobs.get(product.pictures[0]).startswith(b"\x89PNG")
        (point,) = shop.index.retrieve(
            [point_id(product.tenant, product.product_id)], with_vectors=True
        )
        assert set(point.vectors) == {VectorName.PICTURE, VectorName.TITLE}
    assert {stamp.state for stamp in shop.catalogue.stamps().values()} == {ProductState.INDEXED}


def test_the_same_feed_again_changes_and_embeds_nothing(shop: Shop):
    feed = shop.feed(shop.products(7))
    shop.ingest(feed)
    before, pictures, texts = shop.state(), shop.encoder.pictures, shop.encoder.texts
    generation = shop.catalogue.generation()
    report = shop.ingest(feed)
    assert (report.unchanged, report.indexed) == (7, 0)
    assert (shop.encoder.pictures, shop.encoder.texts) == (pictures, texts)
    assert shop.state() == before
    assert shop.catalogue.generation() == generation


def test_order_and_batches_do_not_matter(tmp_path: Path):
    one, other = Shop(tmp_path / "one"), Shop(tmp_path / "other")
    rows = one.products(23)
    other.products(23)
    one.ingest(one.feed(rows))
    shuffled = random.Random(5).sample(rows, len(rows))
    other.ingest(other.feed(shuffled), batch_products=4)
    assert one.state() == other.state()


def test_a_changed_row_is_indexed_without_embedding_its_picture_again(shop: Shop):
    rows = shop.products(4)
    shop.ingest(shop.feed(rows))
    pictures, texts = shop.encoder.pictures, shop.encoder.texts
    rows[2]["price"] = "5.00 EUR"
    report = shop.ingest(shop.feed(rows))
    assert (report.indexed, report.unchanged) == (1, 3)
    assert (shop.encoder.pictures, shop.encoder.texts) == (pictures, texts)
    assert shop.catalogue.get(ProductId("P2")).price_minor == 500


def test_a_changed_picture_is_embedded(shop: Shop):
    rows = shop.products(3)
    shop.ingest(shop.feed(rows))
    shop.picture("1.png", (9, 9, 9))
    report = shop.ingest(shop.feed(rows))
    assert (report.indexed, report.unchanged, report.embedded_pictures) == (1, 2, 1)


def test_a_blob_that_was_lost_comes_back_with_the_feed(shop: Shop):
    feed = shop.feed(shop.products(1))
    shop.ingest(feed)
    (product,) = shop.catalogue.iter_products()
    path = shop.blobs.root / product.pictures[0][:2] / product.pictures[0]
    path.write_bytes(b"")
    shop.ingest(feed)
    assert shop.blobs.get(product.pictures[0])


def test_another_encoder_embeds_everything_again(shop: Shop):
    feed = shop.feed(shop.products(3))
    shop.ingest(feed)
    shop.encoder = CountingEncoder("another")
    assert shop.ingest(feed).indexed == 3
    assert shop.encoder.pictures == 3


def test_refresh_reads_again_what_did_not_change(shop: Shop):
    feed = shop.feed(shop.products(3))
    shop.ingest(feed)
    assert shop.ingest(feed, refresh=True).indexed == 3


def test_the_main_picture_weighs_as_much_as_all_others(shop: Shop):
    for name, colour in (("a.png", (240, 0, 0)), ("b.png", (0, 240, 0)), ("c.png", (0, 0, 240))):
        shop.picture(name, colour)
    row = {"id": "1", "title": "Dress", "image_link": "a.png"}
    shop.ingest(shop.feed([{**row, "additional_image_link": "b.png,c.png"}]))
    (point,) = shop.index.retrieve(
        [point_id(TenantId("default"), ProductId("1"))], with_vectors=True
    )
    held = shop.catalogue.get(ProductId("1")).pictures
    vectors = shop.catalogue.embeddings(
        held, fingerprint=shop.encoder.encoder_id.fingerprint, kind=ContentKind.PICTURE
    )
    a, b, c = (vectors[each] for each in held)
    expected = a + (b + c) / 2
    got = point.vectors[VectorName.PICTURE]
    assert got @ expected / (expected @ expected) ** 0.5 == pytest.approx(1, abs=1e-5)


def test_the_same_picture_twice_is_embedded_once(shop: Shop):
    shop.picture("a.png")
    rows = [{"id": str(n), "title": f"Dress {n}", "image_link": "a.png"} for n in range(6)]
    assert shop.ingest(shop.feed(rows)).embedded_pictures == 1


def test_titles_fill_in_what_the_feed_leaves_open(shop: Shop):
    shop.picture("a.png")
    row = {
        "id": "1",
        "title": "Women Navy Blue Striped Shirt Dress with belt",
        "image_link": "a.png",
    }
    shop.ingest(shop.feed([row]))
    product = shop.catalogue.get(ProductId("1"))
    assert product.values(Facet.COLOUR) == ("navy blue",)
    assert product.values(Facet.COLOUR_FAMILY) == ("blue",)
    assert product.values(Facet.GENDER) == ("women",)
    assert all(each.provenance is Provenance.TITLE for each in product.attributes)


def test_a_broken_duplicate_does_not_replace_the_first(shop: Shop):
    rows = shop.products(2)
    report = shop.ingest(shop.feed([*rows, {**rows[0], "title": "Other"}, rows[1]]))
    assert report.problems == {"row.duplicate_id": 1}
    assert (report.indexed, report.unchanged, report.rejected) == (2, 1, 1)
    assert shop.catalogue.get(ProductId("P0")).title == "Red dress 0"


def test_a_row_that_breaks_later_keeps_its_product(shop: Shop):
    rows = shop.products(20)
    shop.ingest(shop.feed(rows))
    rows[3]["price"] = "Call us"
    report = shop.ingest(shop.feed(rows), mode="full")
    assert (report.rejected, report.deleted) == (1, 0)
    assert "P3" in shop.ids()


def test_a_full_feed_deletes_what_vanished(shop: Shop):
    rows = shop.products(30)
    shop.ingest(shop.feed(rows))
    report = shop.ingest(shop.feed(rows[2:]), mode="full")
    assert (report.unchanged, report.deleted) == (28, 2)
    assert shop.ids() == {f"P{n}" for n in range(2, 30)}
    assert shop.index.count() == 28
    deleted = [each for each in shop.outcomes if each.kind is OutcomeKind.DELETED]
    assert [(each.row, each.product_id) for each in deleted] == [(0, "P0"), (0, "P1")]


def test_an_upsert_deletes_nothing(shop: Shop):
    rows = shop.products(30)
    shop.ingest(shop.feed(rows))
    assert shop.ingest(shop.feed(rows[20:])).deleted == 0
    assert len(shop.ids()) == 30


def test_the_guard_keeps_a_short_feed_from_wiping_the_catalogue(shop: Shop):
    rows = shop.products(20)
    shop.ingest(shop.feed(rows))
    rows[0]["title"] = "New title"
    with pytest.raises(DeletionsRefused, match=r"15 of 20 products .* none was deleted") as caught:
        shop.ingest(shop.feed(rows[:5]), mode="full")
    assert caught.value.report.indexed == 1
    assert len(shop.ids()) == shop.index.count() == 20
    assert shop.catalogue.get(ProductId("P0")).title == "New title"
    assert shop.ingest(shop.feed(rows[:5]), mode="full", yes=True).deleted == 15
    assert len(shop.ids()) == shop.index.count() == 5


def test_an_empty_full_feed_deletes_nothing(shop: Shop):
    shop.ingest(shop.feed(shop.products(3)))
    with pytest.raises(FeedError, match="no rows"):
        shop.ingest(shop.feed([]), mode="full", yes=True)
    assert len(shop.ids()) == 3


def test_a_feed_with_many_bad_rows_deletes_nothing(shop: Shop):
    rows = shop.products(20)
    shop.ingest(shop.feed(rows))
    bad = [{**row, "title": ""} for row in rows[:6]]
    report = shop.ingest(shop.feed([*bad, *rows[6:19]]), mode="full", yes=True)
    assert (report.rejected, report.deleted) == (6, 0)
    assert any("none of 1 products" in note for note in report.notes)
    assert len(shop.ids()) == 20


UNREADABLE = {
    "ragged": (b"id,title,image_link\n", b"%d,Red dress,%d.png\n", b"garbled\n", "feed.csv"),
    "no JSON": (
        b"", b'{"id": "%d", "title": "Red dress", "image_link": "%d.png"}\n', b'{"id": "19"\n',
        "feed.jsonl",
    ),
    "undecodable": (
        b"id,title,image_link\n", b"%d,Robe d\xc3\xa9t\xc3\xa9,%d.png\n",
        b"1\xff9,Robe,9.png\n", "feed.csv",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", UNREADABLE)
def test_unreadable_rows_keep_every_product(shop: Shop, case: str):
    header, line, broken, name = UNREADABLE[case]
    shop.products(20)
    lines = [line % (n, n) for n in range(20)]
    shop.ingest(shop.raw_feed(header + b"".join(lines), name))
    report = shop.ingest(shop.raw_feed(header + b"".join(lines[:19]) + broken, name), mode="full")
    assert (report.unchanged, report.rejected, report.deleted) == (19, 1, 0)
    assert any("1 rows could not be read" in note for note in report.notes)
    assert len(shop.ids()) == 20


def test_an_unreadable_row_with_a_known_id_withholds_nothing(shop: Shop):
    shop.products(20)
    lines = [f"P{n},Red dress,{n}.png\n" for n in range(20)]
    header = "id,title,image_link\n"
    shop.ingest(shop.raw_feed((header + "".join(lines)).encode()))
    lines[4] = "P4,Red dress\n"
    report = shop.ingest(shop.raw_feed((header + "".join(lines[:19])).encode()), mode="full")
    assert (report.problems, report.deleted) == ({"row.columns": 1}, 1)
    assert shop.ids() == {f"P{n}" for n in range(19)}


def test_a_kill_amid_deletions_leaves_what_reconciling_removes(shop: Shop):
    class Killed(Exception): ...

    class Dying(MemoryIndex):
        def delete(self, point_ids):
            raise Killed

    rows = shop.products(MAX_PHANTOMS + 60)
    shop.index = Dying(DIMS)
    shop.ingest(shop.feed(rows))
    with pytest.raises(Killed):
        shop.ingest(shop.feed(rows[:20]), mode="full", yes=True)
    assert 0 < shop.index.count() - len(shop.ids()) <= MAX_PHANTOMS


def test_stopping_keeps_what_is_done_and_deletes_nothing(shop: Shop):
    rows = shop.products(40)
    asked = iter(range(1_000))
    report = shop.ingest(
        shop.feed(rows), mode="full", batch_products=4, should_stop=lambda: next(asked) >= 10
    )
    assert report.stopped
    assert report.indexed == report.rows == 10
    assert shop.ingest(shop.feed(rows)).unchanged == 10


def test_tenants_do_not_see_each_other(shop: Shop):
    feed = shop.feed(shop.products(3))
    shop.ingest(feed, tenant=TenantId("a"))
    shop.ingest(feed, tenant=TenantId("b"))
    shop.ingest(shop.feed(shop.products(2)), tenant=TenantId("b"), mode="full", yes=True)
    assert shop.catalogue.count(TenantId("a")) == 3
    assert shop.catalogue.count(TenantId("b")) == 2
    assert shop.index.count() == 5


def test_pending_products_are_written_again(shop: Shop):
    feed = shop.feed(shop.products(3))
    shop.ingest(feed)
    shop.catalogue.mark_pending([ProductId("P1")])
    report = shop.ingest(feed)
    assert (report.indexed, report.unchanged, report.embedded_pictures) == (1, 2, 0)


CELLS = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["1", "2", "3", "4", "", " 1 ", "x" * 300]),
        "title": st.sampled_from(["Red dress", "", "<b>Hat</b>", "Blue\x00 hat", "=1+1"]),
        "image_link": st.sampled_from(["a.png", "b.png", "none.png", "../a.png", "bad.jpg", ""]),
        "additional_image_link": st.sampled_from(["", "b.png", "bad.jpg,b.png", "http://x/y.jpg"]),
        "price": st.sampled_from(["", "9.99 EUR", "Call us", "-1", "5 - 6"]),
        "availability": st.sampled_from(["", "in stock", "maybe"]),
    }
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(CELLS, min_size=1, max_size=12), batch=st.integers(1, 5), full=st.booleans())
def test_every_row_has_one_outcome_and_twice_is_once(
    rows: list[dict[str, str]], batch: int, full: bool
):
    with tempfile.TemporaryDirectory() as folder:
        shop = Shop(Path(folder))
        shop.picture("a.png")
        shop.picture("b.png", (1, 200, 3))
        (shop.feed_folder / "bad.jpg").write_bytes(b"\xff\xd8\xff\xe0 no")
        feed = shop.feed(rows)
        first = shop.ingest(feed, batch_products=batch, mode="full" if full else "upsert")
        assert Counter(each.row for each in shop.outcomes) == dict.fromkeys(
            range(1, len(rows) + 1), 1
        )
        assert first.rows == len(rows) == first.indexed + first.unchanged + first.rejected
        assert len(shop.ids()) == shop.index.count() == first.indexed
        state = shop.state()
        second = shop.ingest(feed, batch_products=batch, mode="full" if full else "upsert")
        assert second.indexed == second.embedded_pictures == second.embedded_texts == 0
        assert second.rejected == first.rejected
        assert shop.state() == state
        shop.catalogue.close()
