from __future__ import annotations

import pytest

from engine.catalogue.jobs import JobStatus
from engine.catalogue.store import CatalogueStore, open_catalogue
from engine.errors import NotFound
from engine.ids import DEFAULT_TENANT, ProductId, TenantId
from engine.types import Outcome, OutcomeKind, Problem


@pytest.fixture
def store() -> CatalogueStore:
    return open_catalogue("sqlite://")


def queue(store: CatalogueStore, now_s: float) -> str:
    return store.jobs.create(
        feed="f.csv", mode="full", options="{}", tenant=DEFAULT_TENANT, now_s=now_s
    ).job_id


def test_jobs_are_claimed_oldest_first(store: CatalogueStore):
    late, early = queue(store, 2.0), queue(store, 1.0)
    first = store.jobs.claim(now_s=3.0)
    assert first is not None
    assert (first.job_id, first.status, first.started_s, first.attempts) == (
        early, JobStatus.RUNNING, 3.0, 1,
    )  # fmt: skip
    second = store.jobs.claim(now_s=4.0)
    assert second is not None
    assert second.job_id == late
    assert store.jobs.claim(now_s=5.0) is None


def test_counts_and_end(store: CatalogueStore):
    job_id = queue(store, 1.0)
    store.jobs.claim(now_s=2.0)
    store.jobs.update_counts(job_id, {"indexed": 3})
    assert store.jobs.get(job_id).counts == {"indexed": 3}
    store.jobs.finish(job_id, JobStatus.FAILED, now_s=9.0, error_code="feed.empty", error="empty")
    record = store.jobs.get(job_id)
    assert (record.status, record.finished_s, record.error_code, record.error) == (
        JobStatus.FAILED, 9.0, "feed.empty", "empty",
    )  # fmt: skip
    assert record.counts == {"indexed": 3}


def test_interrupted_jobs_are_queued_again_until_they_look_guilty(store: CatalogueStore):
    job_id = queue(store, 1.0)
    for attempt in (1, 2):
        assert store.jobs.claim(now_s=2.0) is not None
        requeued = store.jobs.requeue_running(max_attempts=2, now_s=3.0)
        assert requeued == (1 if attempt < 2 else 0)
    record = store.jobs.get(job_id)
    assert (record.status, record.error_code) == (JobStatus.FAILED, "job.interrupted")


def test_putting_a_job_aside_in_order_counts_as_no_attempt(store: CatalogueStore):
    job_id = queue(store, 1.0)
    store.jobs.claim(now_s=2.0)
    store.jobs.requeue(job_id)
    assert store.jobs.get(job_id).attempts == 0
    assert store.jobs.claim(now_s=3.0) is not None


def test_rows_with_problems_are_kept_in_order(store: CatalogueStore):
    job_id = queue(store, 1.0)
    bad = Problem(code="row.price", message="no amount", column="price", value="Call us")
    odd = Problem(code="row.link", message="left out")
    outcomes = [
        Outcome(row=5, kind=OutcomeKind.REJECTED, product_id=ProductId("p"), problem=bad),
        Outcome(row=2, kind=OutcomeKind.INDEXED, product_id=ProductId("q"), warnings=(odd,)),
        Outcome(row=3, kind=OutcomeKind.INDEXED, product_id=ProductId("r")),
    ]
    store.jobs.add_rows(job_id, outcomes)
    assert store.jobs.rows(job_id) == [outcomes[1], outcomes[0]]
    assert store.jobs.rows(job_id, offset=1, limit=1) == [outcomes[0]]
    store.jobs.claim(now_s=2.0)
    assert store.jobs.rows(job_id) == []  # a new attempt tells of its rows again


def test_an_unknown_job(store: CatalogueStore):
    with pytest.raises(NotFound, match="'none'"):
        store.jobs.get("none")


def test_feeds_that_jobs_still_need(store: CatalogueStore):
    ids = [
        store.jobs.create(
            feed=f"/{name}.csv", mode="upsert", options="{}", tenant=TenantId(name), now_s=place
        ).job_id
        for place, name in enumerate(("ended", "running", "queued"))
    ]
    for job_id in ids[:2]:
        claimed = store.jobs.claim(now_s=9.0)
        assert claimed is not None
        assert claimed.job_id == job_id
    store.jobs.finish(ids[0], JobStatus.FAILED, now_s=10.0)
    assert store.jobs.waiting_feeds() == {"/running.csv", "/queued.csv"}
