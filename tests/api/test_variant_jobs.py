"""The queue behind variants: restarts, several processes, expiry, failures, closing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from PIL import Image

import api.variants.worker as worker
from api.variants.asked import LONGEST_PX, Asked
from api.variants.jobs import VariantJobs
from api.variants.queue import TooManyVariants
from api.variants.store import VariantFolder
from engine.catalogue.jobs import JobStatus
from engine.catalogue.render_records import RenderRecord
from engine.catalogue.store import open_catalogue
from engine.errors import IndexUnavailable, InvalidInput, ModelUnavailable, NotFound
from engine.ids import picture_hash
from engine.rendering import DrawRequest, Rendering
from engine.types import Facet
from tests.api.pictures import encoded, garment
from tests.dyes import DyeingRenderer

PICTURE = encoded(garment("blue", size_wh=(60, 80)))
KEEP_S = 3600.0


def asked(renderer: DyeingRenderer, *, seed: int = 0, count: int = 2, colour: str = "red") -> Asked:
    return Asked(
        engine=renderer.name,
        revision=renderer.revision,
        modification=f"but {colour}",
        seed=seed,
        count=count,
        edits=(),
        drawn=(),
        unseen=(),
        before={Facet.COLOUR: "blue"},
        after={Facet.COLOUR: colour},
        box=(),
        product_id="P1",
        title="Blue dress",
        image_url="",
        reference=picture_hash(PICTURE),
        without=(),
    )


@dataclass
class Home:
    """A home that several processes, here several `VariantJobs`, have in common."""

    folder: Path
    now_s: float = 1_000_000.0
    running: list[VariantJobs] = field(default_factory=list)

    def jobs(self, renderer: DyeingRenderer, *, start: bool = True, **more: int) -> VariantJobs:
        made = VariantJobs(
            catalogue=open_catalogue(str(self.folder / "catalogue.sqlite")),
            renderers={renderer.name: renderer},
            folder=VariantFolder(self.folder / "variants", now=lambda: self.now_s),
            at_once=more.get("at_once", 1),
            most_waiting=more.get("most_waiting", 32),
            keep_s=KEEP_S,
            clock=lambda: self.now_s,
        )
        if start:
            made.start()
            self.running.append(made)
        return made

    def files(self) -> set[str]:
        root = self.folder / "variants"
        return {str(each.relative_to(root)) for each in root.rglob("*") if each.is_file()}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    monkeypatch.setattr(worker, "POLL_S", 0.05)
    monkeypatch.setattr(worker, "RENEW_S", 0.1)
    monkeypatch.setattr(worker, "PAUSE_AFTER_FAILURE_S", 0.01)
    made = Home(tmp_path)
    yield made
    for each in made.running:
        each.close()


def wait(until: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 60
    while not until():
        assert time.monotonic() < end_s, "it did not come about"
        time.sleep(0.01)


def ended(jobs: VariantJobs, job_id: str) -> RenderRecord:
    wait(lambda: jobs.status(job_id).is_finished)
    return jobs.status(job_id)


class StoppedShort(DyeingRenderer):
    """Stands still after so many pictures, as a process that is killed does."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.stands = threading.Event()
        self._left = after

    def draw(self, request: DrawRequest, seeds: Sequence[int]) -> Iterator[Rendering]:
        for each in super().draw(request, seeds):
            if not self._left:
                self.stands.set()
                threading.Event().wait()
            self._left -= 1
            yield each


def killed(home: Home, *, after: int, count: int = 4) -> str:
    """The id of a job whose process died after so many pictures."""
    dead = StoppedShort(after)
    jobs = home.jobs(dead, start=False)
    jobs._worker.start()
    job_id = jobs.submit(asked(dead, count=count), PICTURE).job_id
    wait(dead.stands.is_set)
    assert len(jobs.status(job_id).pictures) == after
    jobs._worker._closing.set()  # it renews nothing more
    time.sleep(0.2)
    return job_id


def test_a_job_of_a_dead_process_goes_on_where_it_was(home: Home):
    job_id = killed(home, after=2)
    dyes = DyeingRenderer()
    jobs = home.jobs(dyes)
    time.sleep(0.3)
    assert jobs.status(job_id).status is JobStatus.RUNNING, "taken while its lease lasts"
    home.now_s += worker.LEASE_S + 1
    record = ended(jobs, job_id)
    assert (record.status, record.attempts, len(record.pictures)) == (JobStatus.DONE, 2, 4)
    assert [each.seed for each in record.pictures] == [0, 1, 2, 3]
    assert set(dyes.drawn) <= {2, 3}, "drawn twice"
    assert not record.cached


def test_a_job_that_kills_its_process_is_given_up(home: Home):
    dyes = DyeingRenderer()
    jobs = home.jobs(dyes, start=False)
    job_id = jobs.submit(asked(dyes), PICTURE).job_id
    renders = open_catalogue(str(home.folder / "catalogue.sqlite")).renders
    for _ in range(worker.MAX_ATTEMPTS):
        claimed = renders.claim(
            owner="dead",
            engines=[dyes.name],
            now_s=home.now_s,
            lease_s=1,
            max_attempts=3,
            keep_s=KEEP_S,
        )
        assert claimed is not None
        home.now_s += 2
    record = ended(home.jobs(dyes), job_id)
    assert (record.status, record.error_code) == (JobStatus.FAILED, "job.interrupted")
    assert dyes.drawn == []
    assert record.expires_s is not None


def test_two_processes_draw_each_job_once(home: Home):
    renderers = [DyeingRenderer(seconds=0.01) for _ in range(2)]
    both = [home.jobs(each, at_once=2) for each in renderers]
    ids = [
        both[number % 2].submit(asked(renderers[0], seed=10 * number, count=2), PICTURE).job_id
        for number in range(8)
    ]
    records = [ended(both[0], each) for each in ids]
    assert {each.status for each in records} == {JobStatus.DONE}
    assert {each.attempts for each in records} == {1}
    drawn = sorted(renderers[0].drawn + renderers[1].drawn)
    assert drawn == sorted(10 * number + each for number in range(8) for each in range(2))


def test_two_processes_draw_the_same_picture_once(home: Home):
    renderers = [DyeingRenderer(seconds=0.05) for _ in range(2)]
    both = [home.jobs(each) for each in renderers]
    ids = [jobs.submit(asked(renderers[0], count=3), PICTURE).job_id for jobs in both]
    records = [ended(both[0], each) for each in ids]
    assert [each.status for each in records] == [JobStatus.DONE] * 2
    assert sorted(renderers[0].drawn + renderers[1].drawn) == [0, 1, 2]


def test_each_process_draws_with_the_engines_that_it_has(home: Home):
    large, small = DyeingRenderer("large"), DyeingRenderer("small")
    on_small = home.jobs(small)
    left = on_small.submit(asked(large), PICTURE).job_id
    done = ended(on_small, on_small.submit(asked(small), PICTURE).job_id)
    assert done.status is JobStatus.DONE
    time.sleep(0.2)
    assert on_small.status(left).status is JobStatus.QUEUED
    record = ended(home.jobs(large), left)
    assert (record.status, record.attempts) == (JobStatus.DONE, 1)
    assert (large.drawn, small.drawn) == ([0, 1], [0, 1])


def test_a_job_whose_engine_nobody_has_says_so_after_an_hour(home: Home):
    jobs = home.jobs(DyeingRenderer("small"))
    job_id = jobs.submit(asked(DyeingRenderer("large")), PICTURE).job_id
    home.now_s += 3601
    record = ended(jobs, job_id)
    assert (record.status, record.error_code) == (JobStatus.FAILED, "variant.engine_unknown")


def test_the_reference_is_kept_until_the_job_ends(home: Home):
    gate = threading.Semaphore(0)
    dyes = DyeingRenderer(gate=gate)
    jobs = home.jobs(dyes)
    job_id = jobs.submit(asked(dyes, count=1), PICTURE).job_id
    assert f"jobs/{job_id}/reference" in home.files()
    gate.release()
    ended(jobs, job_id)
    wait(lambda: f"jobs/{job_id}/reference" not in home.files())
    assert f"jobs/{job_id}/1.webp" in home.files()
    assert not any(each.endswith(".part") for each in home.files())


def test_what_has_expired_is_gone_with_its_files(home: Home):
    dyes = DyeingRenderer()
    jobs = home.jobs(dyes)
    job_id = jobs.submit(asked(dyes), PICTURE).job_id
    ended(jobs, job_id)
    home.now_s += KEEP_S - 1
    assert jobs.picture(job_id, 1)
    later = jobs.submit(asked(dyes, seed=1, count=1), PICTURE)
    assert later.cached
    home.now_s += 2
    for look in (jobs.status, jobs.cancel, lambda each: jobs.picture(each, 1)):
        with pytest.raises(NotFound, match="expired"):
            look(job_id)
    jobs._worker.sweep()
    assert not any(job_id in each for each in home.files())
    assert jobs.drawn(later.job_id, 1), "another job still shows it"
    home.now_s += 2 * KEEP_S
    jobs._worker.sweep()
    assert home.files() == set()


def test_files_of_no_job_are_swept_after_a_while(home: Home):
    jobs = home.jobs(DyeingRenderer(), start=False)
    stray = home.folder / "variants" / "jobs" / ("a" * 32)
    stray.mkdir(parents=True)
    (stray / "reference").write_bytes(b"x")
    home.now_s = time.time()
    jobs._worker.sweep()
    assert stray.exists(), "its job may be about to be queued"
    home.now_s += 2 * 3600
    jobs._worker.sweep()
    assert not stray.exists()


def test_a_file_that_is_lost_is_drawn_again(home: Home):
    dyes = DyeingRenderer()
    jobs = home.jobs(dyes)
    ended(jobs, jobs.submit(asked(dyes, count=1), PICTURE).job_id)
    for path in (home.folder / "variants" / "drawn").rglob("*.webp"):
        path.unlink()
    record = ended(jobs, jobs.submit(asked(dyes, count=1), PICTURE).job_id)
    assert (record.status, record.cached, dyes.drawn) == (JobStatus.DONE, False, [0, 0])
    assert jobs.drawn(record.job_id, 1)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (InvalidInput("no garment", code="variant.no_garment"), "variant.no_garment", "no garment"),
        (
            ModelUnavailable("damaged.", where="/srv/secret", hint="Train it anew."),
            "model.unavailable",
            "damaged. Train it anew.",
        ),
        (
            RuntimeError("/srv/secret"),
            "variant.failed",
            "the engine failed; the log has why under this job's id.",
        ),
    ],
)
def test_a_failure_is_told_and_the_next_job_runs(
    home: Home, error: Exception, code: str, message: str
):
    class Failing(DyeingRenderer):
        def draw(self, request: DrawRequest, seeds: Sequence[int]) -> Iterator[Rendering]:
            if request.change.after[Facet.COLOUR] == "green":
                yield next(super().draw(request, seeds))
                raise error
            yield from super().draw(request, seeds)

    dyes = Failing()
    jobs = home.jobs(dyes)
    broken = jobs.submit(asked(dyes, colour="green"), PICTURE).job_id
    good = jobs.submit(asked(dyes), PICTURE).job_id
    record = ended(jobs, broken)
    assert (record.status, record.error_code, record.error) == (JobStatus.FAILED, code, message)
    assert len(record.pictures) == 1, "what was drawn stays"
    assert jobs.picture(broken, 1)
    assert ended(jobs, good).status is JobStatus.DONE


def test_the_worker_outlives_a_failing_catalogue(home: Home, monkeypatch: pytest.MonkeyPatch):
    dyes = DyeingRenderer()
    jobs = home.jobs(dyes, start=False)
    table = type(jobs._catalogue.renders)
    failures = {"claim": 2, "renew": 2}

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
    job_id = jobs.submit(asked(dyes), PICTURE).job_id
    jobs.start()
    home.running.append(jobs)
    assert ended(jobs, job_id).status is JobStatus.DONE
    wait(lambda: not any(failures.values()))


def test_closing_puts_a_running_job_aside(home: Home):
    gate = threading.Semaphore(1)
    dyes = DyeingRenderer(gate=gate)
    jobs = home.jobs(dyes)
    job_id = jobs.submit(asked(dyes, count=3), PICTURE).job_id
    wait(lambda: len(jobs.status(job_id).pictures) == 1)
    threading.Timer(0.2, gate.release).start()
    jobs.close()
    record = jobs.status(job_id)
    assert (record.status, record.attempts, len(record.pictures)) == (JobStatus.QUEUED, 0, 2)
    gate.release()
    record = ended(home.jobs(dyes), job_id)
    assert (record.status, record.attempts, len(record.pictures)) == (JobStatus.DONE, 1, 3)
    assert dyes.drawn == [0, 1, 2]


def test_what_fails_while_all_is_closed_is_drawn_at_the_next_start(home: Home):
    gate = threading.Semaphore(0)

    class Closed(DyeingRenderer):
        """Needs a part that is closed before it has finished, as one with a bank does."""

        def draw(self, request: DrawRequest, seeds: Sequence[int]) -> Iterator[Rendering]:
            gate.acquire()
            raise IndexUnavailable("the index is closed")
            yield from super().draw(request, seeds)

    dyes = Closed()
    jobs = home.jobs(dyes)
    job_id = jobs.submit(asked(dyes), PICTURE).job_id
    wait(lambda: jobs.status(job_id).status is JobStatus.RUNNING)
    jobs.close(timeout_s=0.05)
    gate.release()
    wait(lambda: jobs.status(job_id).status is not JobStatus.RUNNING)
    record = jobs.status(job_id)
    assert (record.status, record.attempts) == (JobStatus.QUEUED, 0)
    assert ended(home.jobs(DyeingRenderer()), job_id).status is JobStatus.DONE


def test_a_catalogue_that_fails_is_not_asked_without_pause(
    home: Home, monkeypatch: pytest.MonkeyPatch
):
    jobs = home.jobs(DyeingRenderer(), start=False)
    asked_for: list[float] = []

    def failing(self: object, *args: object, **more: object) -> None:
        asked_for.append(time.monotonic())
        raise OSError("disk full")

    monkeypatch.setattr(type(jobs._catalogue.renders), "renew", failing)
    jobs.start()
    home.running.append(jobs)
    wait(lambda: len(asked_for) >= 4)
    assert asked_for[3] - asked_for[0] >= 2 * worker.RENEW_S


def test_another_version_goes_on_with_its_own_pictures(home: Home):
    old, new = DyeingRenderer(revision="1"), DyeingRenderer(revision="2")
    job_id = home.jobs(old, start=False).submit(asked(old), PICTURE).job_id
    record = ended(home.jobs(new), job_id)
    assert (record.status, record.revision) == (JobStatus.DONE, "2")
    again = home.running[0].submit(asked(old), PICTURE)
    assert not again.cached, "pictures of the new version for the old one"
    wait(lambda: home.running[0].status(again.job_id).is_finished)


def test_the_time_to_come_again_is_how_long_jobs_took(home: Home):
    dyes = DyeingRenderer()
    jobs = home.jobs(dyes, start=False, most_waiting=1)
    first = jobs.submit(asked(dyes), PICTURE).job_id
    with pytest.raises(TooManyVariants) as caught:
        jobs.submit(asked(dyes, seed=50), PICTURE)
    assert caught.value.retry_after_s == 10
    assert home.files() == {f"jobs/{first}/reference"}
    renders = jobs._catalogue.renders
    renders.claim(
        owner="one",
        engines=[dyes.name],
        now_s=home.now_s,
        lease_s=60,
        max_attempts=3,
        keep_s=KEEP_S,
    )
    finished_s = home.now_s + 33.2
    assert renders.finish(
        first, JobStatus.DONE, owner="one", now_s=finished_s, expires_s=finished_s + KEEP_S
    )
    assert jobs.full().retry_after_s == 34


def test_what_is_asked_comes_back_from_json():
    dyes = DyeingRenderer()
    before = replace(asked(dyes), box=(0.1, 0.2, 0.9, 1.0), title="Ä <b>\0")
    assert Asked.from_json(before.to_json()) == before
    request = before.request(PICTURE)
    assert request.box_xyxy_px == pytest.approx((6, 16, 54, 80))
    assert request.change.facets == {Facet.COLOUR}


@pytest.mark.parametrize("size_wh", [(40, 4_000), (4_000, 40), (300, 39), (20, 26)])
def test_a_picture_that_is_a_line_or_a_stamp_is_refused(size_wh: tuple[int, int]):
    line = encoded(Image.new("RGB", size_wh, "blue"), "PNG")
    with pytest.raises(InvalidInput, match=f"{size_wh[0]}x{size_wh[1]} px") as caught:
        asked(DyeingRenderer()).request(line)
    assert caught.value.code == "variant.reference_shape"


def test_a_panel_is_drawn_at_a_size_that_memory_and_webp_can_hold():
    panel = encoded(garment("blue", size_wh=(120, 6_000)), "JPEG")
    before = replace(asked(DyeingRenderer()), box=(0.0, 0.25, 1.0, 0.5))
    request = before.request(panel)
    assert request.reference.shape == (LONGEST_PX, 60, 3)
    assert request.box_xyxy_px == pytest.approx((0, 750, 60, 1_500))
