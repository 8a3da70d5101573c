from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

import ingestion.jobs
from engine.catalogue.jobs import JobRecord, JobStatus
from engine.errors import InvalidInput, NotFound
from engine.types import OutcomeKind
from ingestion.jobs import MAX_ATTEMPTS, IngestionJobs
from ingestion.options import IngestMode, IngestOptions
from ingestion.report import IngestionReport
from tests.ingestion.shop import CountingEncoder, Shop

PRODUCTS = 1_500


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def make_jobs(shop: Shop, **more: object) -> IngestionJobs:
    return IngestionJobs(
        catalogue=shop.catalogue,
        index=shop.index,
        blobs=shop.blobs,
        encoder=shop.encoder,
        reports_folder=shop.folder / "reports",
        **more,  # type: ignore[arg-type]
    )


def wait(jobs: IngestionJobs, job_id: str) -> JobRecord:
    end_s = time.monotonic() + 60
    while time.monotonic() < end_s:
        record = jobs.status(job_id)
        if record.status not in (JobStatus.QUEUED, JobStatus.RUNNING):
            return record
        time.sleep(0.01)
    raise AssertionError(f"the job did not end: {record}")


def test_a_job_runs_and_tells_of_its_rows(shop: Shop):
    finished: list[tuple[JobRecord, IngestionReport | None]] = []
    jobs = make_jobs(shop, on_finished=lambda *told: finished.append(told))
    rows = shop.products(3)
    rows[1]["price"] = "Call us"
    jobs.start()
    job_id = jobs.submit(shop.feed(rows), IngestOptions())
    record = wait(jobs, job_id)
    jobs.close()
    assert record.status is JobStatus.DONE
    assert record.counts == {"indexed": 2, "unchanged": 0, "rejected": 1, "deleted": 0}
    (row,) = jobs.rows(job_id)
    assert (row.row, row.kind, row.product_id) == (2, OutcomeKind.REJECTED, "P1")
    assert row.problem is not None
    assert (row.problem.code, row.problem.column) == ("row.price", "price")
    assert (jobs.report_folder(job_id) / "rejected.csv").exists()
    assert json.loads((jobs.report_folder(job_id) / "report.json").read_text())["indexed"] == 2
    assert [told.job_id for told, _ in finished] == [job_id]


def test_a_failed_job_does_not_stop_the_next(shop: Shop):
    jobs = make_jobs(shop)
    broken = jobs.submit(shop.raw_feed(b"", "empty.csv"), IngestOptions())
    good = jobs.submit(shop.feed(shop.products(1)), IngestOptions())
    jobs.start()
    record = wait(jobs, broken)
    assert (record.status, record.error_code) == (JobStatus.FAILED, "feed.empty")
    assert wait(jobs, good).status is JobStatus.DONE
    jobs.close()


def test_a_crash_of_the_encoder_is_told(shop: Shop):
    class Broken(CountingEncoder):
        def embed_images(self, images: object):
            raise RuntimeError("no memory")

    shop.encoder = Broken()
    jobs = make_jobs(shop)
    jobs.start()
    record = wait(jobs, jobs.submit(shop.feed(shop.products(1)), IngestOptions()))
    jobs.close()
    assert (record.status, record.error_code) == (JobStatus.FAILED, "job.failed")
    assert "no memory" in record.error


def test_the_guard_is_told_with_what_was_done(shop: Shop):
    shop.ingest(shop.feed(shop.products(10)))
    jobs = make_jobs(shop)
    jobs.start()
    options = IngestOptions(mode=IngestMode.FULL)
    record = wait(jobs, jobs.submit(shop.feed(shop.products(5)), options))
    jobs.close()
    assert (record.status, record.error_code) == (JobStatus.FAILED, "guard.deletions")
    assert record.counts["unchanged"] == 5
    assert shop.catalogue.count() == 10


def test_a_job_of_a_dead_process_goes_on(shop: Shop):
    dead = make_jobs(shop)
    job_id = dead.submit(shop.feed(shop.products(4)), IngestOptions())
    shop.catalogue.jobs.claim(now_s=1.0)  # and the process dies
    jobs = make_jobs(shop)
    assert jobs.start() == 1
    record = wait(jobs, job_id)
    jobs.close()
    assert (record.status, record.attempts) == (JobStatus.DONE, 2)
    assert shop.catalogue.count() == 4


def test_a_job_that_kills_its_process_is_given_up(shop: Shop):
    job_id = make_jobs(shop).submit(shop.feed(shop.products(1)), IngestOptions())
    for _ in range(MAX_ATTEMPTS):
        shop.catalogue.jobs.requeue_running(max_attempts=MAX_ATTEMPTS, now_s=1.0)
        shop.catalogue.jobs.claim(now_s=1.0)
    jobs = make_jobs(shop)
    assert jobs.start() == 0
    assert jobs.status(job_id).error_code == "job.interrupted"
    jobs.close()


def test_the_worker_outlives_a_failing_catalogue(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ingestion.jobs, "PAUSE_AFTER_FAILURE_S", 0.01)
    table = type(shop.catalogue.jobs)
    failures = {"claim": 2, "finish": 2, "add_rows": 1}

    def failing(name: str):
        works = getattr(table, name)

        def call(self: object, *args: object, **more: object) -> object:
            if failures[name]:
                failures[name] -= 1
                raise OSError("database is locked")
            return works(self, *args, **more)

        return call

    for name in failures:
        monkeypatch.setattr(table, name, failing(name))

    def tell(*_: object) -> None:
        raise RuntimeError("metrics are out of order")

    jobs = make_jobs(shop, on_finished=tell)
    rows = [*shop.products(2), {"id": "bad"}]
    first, second = (jobs.submit(shop.feed(rows), IngestOptions()) for _ in range(2))
    jobs.start()
    assert wait(jobs, first).status is wait(jobs, second).status is JobStatus.DONE
    jobs.close()
    assert not any(failures.values())
    assert [each.row for each in jobs.rows(first)] == [3]
    assert jobs.status(first).attempts == 1


def test_a_job_that_closing_cut_off_is_queued_again(shop: Shop):
    class Closing(CountingEncoder):
        """The index goes away while a batch is embedded, as after the time to close."""

        def embed_images(self, images):
            jobs.close(timeout_s=0)
            raise RuntimeError("the index is closed")

    encoder, shop.encoder = shop.encoder, Closing()
    jobs = make_jobs(shop)
    job_id = jobs.submit(shop.feed(shop.products(2)), IngestOptions())
    jobs.start()
    end_s = time.monotonic() + 60
    while jobs.status(job_id).status is not JobStatus.QUEUED or not jobs.status(job_id).started_s:
        assert jobs.status(job_id).status is not JobStatus.FAILED
        assert time.monotonic() < end_s
        time.sleep(0.01)
    shop.encoder = encoder
    again = make_jobs(shop)
    again.start()
    assert wait(again, job_id).status is JobStatus.DONE
    again.close()


def test_closing_puts_a_running_job_aside(shop: Shop):
    jobs = make_jobs(shop)

    class Slow(CountingEncoder):
        def embed_images(self, images):
            jobs.close(timeout_s=0)
            return super().embed_images(images)

    shop.encoder = Slow()
    jobs = make_jobs(shop)
    # More than are read ahead of the first batch that is embedded.
    (row,) = shop.products(1)
    rows = [{**row, "id": str(n)} for n in range(PRODUCTS)]
    job_id = jobs.submit(shop.feed(rows), IngestOptions())
    jobs.start()
    end_s = time.monotonic() + 60
    while jobs.status(job_id).status is not JobStatus.QUEUED or not shop.catalogue.count():
        assert time.monotonic() < end_s
        time.sleep(0.01)
    done = shop.catalogue.count()
    assert 0 < done < PRODUCTS
    again = make_jobs(shop)
    again.start()
    record = wait(again, job_id)
    again.close()
    assert (record.status, record.attempts) == (JobStatus.DONE, 1)
    assert shop.catalogue.count() == PRODUCTS


@pytest.mark.parametrize("mapping", ["gogle", "/etc/secrets.yaml"])
def test_submitting_checks_the_mapping(shop: Shop, mapping: str):
    with pytest.raises(InvalidInput, match="google, kagl"):
        make_jobs(shop).submit(shop.feed([]), IngestOptions(mapping=mapping))


def test_an_unknown_job(shop: Shop):
    jobs = make_jobs(shop)
    with pytest.raises(NotFound):
        jobs.status("none")
    with pytest.raises(NotFound):
        jobs.rows("none")
